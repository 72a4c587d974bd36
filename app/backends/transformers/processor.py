"""What every way of showing a model a frame is asked, and what all of them need.

The ways: processor.py, published.py.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoImageProcessor, AutoProcessor
from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

from app.backends.mlx.tile import fitted, framed, squeezed
from app.backends.transformers.loading import HERE, PUBLISHED, Loaded
from app.config import ModelOptions
from app.errors import ModelError, UsageError
from app.events import Request
from app.images import Pixels
from app.models.registry import Card

Inputs = dict[str, Any]
"""What a model's `forward` takes of one request, on its device."""
LACKING = 'take a complete one, or the default; more in KNOWN_ISSUES.md, "Files that are missing and not missed"'
REPORT = 'report this with what ./run.sh check prints'


class Shown(Protocol):
    """How models of one kind are shown frames."""

    @property
    def words(self) -> str:
        """What a frame costs, for the banner: `64 image tokens a frame`."""
        ...

    def rendered(self, prompt: str) -> str:
        """A prompt about one frame in the model's chat template."""
        ...

    def inputs(self, request: Request) -> Inputs:
        """What the model is given of frames (oldest first) and a prompt.

        Raises:
            ModelError: the image tokens are not as many as are due.
            UsageError: it cannot be shown so many frames.
        """
        ...


def counted(made: Inputs, loaded: Loaded) -> int:
    """How many of the token ids (1×L) stand for something seen; transformers fills each of them with one row."""
    return 0 if loaded.image_token_id is None else int((made["input_ids"] == loaded.image_token_id).sum())


def agreed(made: Inputs, loaded: Loaded, due: int) -> Inputs:
    """The inputs, if they hold as many image tokens as are due.

    Raises:
        ModelError: they hold more or fewer.
    """
    if (found := counted(made, loaded)) != due:
        raise ModelError(f"{loaded.name} was sent {found} image tokens where {due} were due", REPORT)
    return made


def template(loaded: Loaded) -> str:
    """The chat template.

    Raises:
        ModelError: there is none.
    """
    if found := loaded.chat_template:
        return found
    raise ModelError(f"the model in {loaded.folder} has no chat template, so it cannot be asked anything", LACKING)


def refused(wished: object, name: str, choices: Iterable[int] = ()) -> UsageError:
    """The refusal of a wish for image tokens, with what can be had instead."""
    can = " or ".join(map(str, choices))
    what = "read in tiles" if wished == "tiles" else f"look through {wished} image tokens"
    return UsageError(
        f"{name} cannot {what} with --backend transformers",
        f"leave --image-tokens out, or take {can}" if can else "leave --image-tokens out",
    )


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


CELL, CELLS = 32, 256
"""Pixels to a cell's edge and cells to a frame, as where mlx-vlm's own processors read it."""


class Published:
    """As the model's publisher set its processor; nothing of it is changed."""

    def __init__(self, loaded: Loaded, card: Card, wish: ModelOptions) -> None:
        if wish.image_tokens is not None:
            raise refused(wish.image_tokens, card.name)
        self.loaded, self.processor = loaded, processor(loaded)
        self.together = {1}
        """Numbers of frames that one prompt has been seen to hold all of."""
        grey = self.picture(np.full((720, 1280, 3), 90, np.uint8))  # the shape of most cameras
        self.usual = counted(self.made([grey], "What do you see?"), loaded)

    @property
    def words(self) -> str:
        return f"about {self.usual} image tokens a frame" if self.usual else "image tokens uncounted"

    def inputs(self, request: Request) -> Inputs:
        """See `Shown.inputs`. Some processors quietly drop all pictures but the first."""
        pictures = [self.picture(frame.pixels) for frame in request.frames]
        made = self.made(pictures, request.prompt)
        if len(pictures) not in self.together:
            alone = sum(counted(self.made([each], request.prompt), self.loaded) for each in pictures)
            if counted(made, self.loaded) != alone:
                raise UsageError(
                    f"{self.loaded.name} can be shown one frame at a time", "leave --frames out, or take another model"
                )
            self.together.add(len(pictures))
        return made

    def rendered(self, prompt: str) -> str:
        """See `Shown.rendered`."""
        content = [{"type": "image"}, {"type": "text", "text": prompt}]
        messages = [{"role": "user", "content": content}]
        return str(self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))

    def picture(self, pixels: Pixels) -> Image.Image:
        return Image.fromarray(fitted(pixels, CELLS, CELL))

    def made(self, pictures: Sequence[Image.Image], prompt: str) -> Inputs:
        content = [*({"type": "image", "image": each} for each in pictures), {"type": "text", "text": prompt}]
        found = self.processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
        return dict(found.to(self.loaded.device.name, self.loaded.device.dtype))


def processor(loaded: Loaded) -> Any:
    """The model's own.

    Raises:
        ModelError: a package that it wants is not installed, or it has no chat template.
    """
    try:
        found = AutoProcessor.from_pretrained(loaded.folder, **HERE)
    except ImportError as failure:
        reason = str(failure).strip().split(". ")[0].splitlines()[0]
        hint = "./install.sh --reference installs torchvision and num2words, where they are to be had"
        raise ModelError(f"the processor of {loaded.name} cannot be had: {reason}", hint) from failure
    if not getattr(found, "image_processor", None):
        raise ModelError(f"the model in {loaded.folder} has no image processor that transformers knows", PUBLISHED)
    if not (getattr(found, "chat_template", None) or loaded.tokenizer.chat_template):
        reason = f"the model in {loaded.folder} has no chat template, so it cannot be asked anything"
        raise ModelError(reason, LACKING)
    return found
