"""Every other family: a frame keeps its shape, is made about as large as 512×512, and transformers' own processor reads
it. Many of these processors want torchvision, which the extra `reference` installs beside torch.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from transformers import AutoProcessor

from app.backends.mlx.tile import fitted
from app.backends.transformers.loading import HERE, PUBLISHED, Loaded
from app.backends.transformers.shown import LACKING, Inputs, counted, refused
from app.config import ModelOptions
from app.errors import ModelError, UsageError
from app.events import Request
from app.images import Pixels
from app.models.registry import Card

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
