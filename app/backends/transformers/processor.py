"""SmolVLM and Idefics3: a frame is one square tile, and every tile becomes the same number of image tokens.

The tile is made here: transformers' own processor wants torchvision and num2words even for a still, and would enlarge
every frame and cut it into 13 (KNOWN_ISSUES.md, "The tiling trap").
"""

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoImageProcessor
from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

from app.backends.mlx.tile import framed, squeezed
from app.backends.transformers.loading import HERE, Loaded
from app.backends.transformers.shown import Inputs, agreed, refused, template
from app.config import ModelOptions
from app.events import Request
from app.images import Pixels
from app.models.registry import Card

KINDS = ("smolvlm", "idefics3")
"""Model types of this family."""
MARKER = "<image>"


class Square:
    """One tile a frame, of as many image tokens as the tower makes of it; fewer tokens are a smaller tile."""

    def __init__(self, loaded: Loaded, card: Card, wish: ModelOptions) -> None:
        self.loaded, self.template = loaded, template(loaded)
        self.images = AutoImageProcessor.from_pretrained(loaded.folder, **HERE)
        allowed = edges(loaded, int(self.images.max_image_size["longest_edge"]), card)
        if wish.image_tokens not in (None, *allowed):
            raise refused(wish.image_tokens, card.name, allowed)
        default = card.image_tokens.default if card.image_tokens else None
        tokens = next(each for each in (wish.image_tokens, default, max(allowed)) if each in allowed)
        self.image_tokens = int(tokens or 0)
        self.edge = allowed[self.image_tokens]
        self.shaped = framed if card.shape == "padded" else squeezed

    @property
    def words(self) -> str:
        return f"{self.image_tokens} image tokens a frame"

    def inputs(self, request: Request) -> Inputs:
        """See `Shown.inputs`; pixel_values are 1×frames×3×edge×edge."""
        tokens, device = self.image_tokens, self.loaded.device
        tiles = [self.numbers(self.shaped(frame.pixels, self.edge)) for frame in request.frames]
        ids = torch.tensor([self.ids(request.prompt, len(tiles), tokens)], device=device.name)
        pixels = torch.from_numpy(np.stack(tiles))[None].to(device.name, device.dtype)
        made = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "pixel_values": pixels}
        return agreed(made, self.loaded, tokens * len(tiles))

    def rendered(self, prompt: str, frames: int = 1) -> str:
        """See `Shown.rendered`."""
        asked = prompt.replace(MARKER, " ")
        content = [*({"type": "image"} for _ in range(frames)), {"type": "text", "text": asked}]
        words: str = self.loaded.tokenizer.apply_chat_template(
            [{"role": "user", "content": content}],
            chat_template=self.template,
            add_generation_prompt=True,
            tokenize=False,
        )
        return words

    def numbers(self, tile: Pixels) -> NDArray[np.float32]:
        """From levels (edge×edge×3) to what the tower was trained on (3×edge×edge): transformers' own, bit for bit."""
        images = self.images
        factor = float(images.rescale_factor) if images.do_rescale else 1.0
        scaled = (tile.astype(np.float64) * factor).astype(np.float32)
        mean, std = (np.array(each, np.float32) for each in (images.image_mean, images.image_std))
        return np.ascontiguousarray(((scaled - mean) / std).transpose(2, 0, 1))

    def ids(self, prompt: str, frames: int, tokens: int) -> list[int]:
        """The chat template's words, with each frame's placeholders where its marker was; frames come first."""
        tokenizer, words = self.loaded.tokenizer, self.rendered(prompt, frames)
        around = getattr(tokenizer, "fake_image_token", "<fake_token_around_image>")
        whole = getattr(tokenizer, "global_image_token", "<global-img>")
        placed = get_image_prompt_string(0, 0, tokens, around, MARKER, whole)
        found: list[int] = tokenizer(words.replace(MARKER, placed), add_special_tokens=False)["input_ids"]
        return found


def edges(loaded: Loaded, published: int, card: Card) -> dict[int, int]:
    """The tile's edge in pixels for every number of tokens that can be had: k×k, from half the published side to it.

    As with mlx-vlm: smaller tiles see too little, larger ones have places that the tower never learned.
    """
    token_edge = int(loaded.model.config.vision_config.patch_size * loaded.model.config.scale_factor)
    side, bound = published // token_edge, card.image_tokens
    found = {k * k: published if k == side else k * token_edge for k in range(max(1, side // 2), side + 1)}
    within = {n: edge for n, edge in found.items() if bound is None or bound.least <= n <= bound.most}
    return within or {side * side: published}
