"""Every other family: a frame keeps its shape, is made about as large as 512×512, and its image tokens are measured.

Whether the model's own processor squeezes it further is its own affair: nothing of it is set here.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from app.backends.mlx.family import a_frame, one_at_a_time, refused
from app.backends.mlx.loading import Inputs, Loaded
from app.backends.mlx.tile import fitted
from app.config import ModelOptions
from app.images import Pixels
from app.models.card import Card

PROBE = "What do you see?"
CELL, CELLS = 32, 256
"""Pixels to a cell's edge and cells to a frame; 32 is what Qwen3-VL's tower makes one token of."""


class Generic:
    """One picture a frame. Frames of one source have one size, so they cost the same number of tokens."""

    def __init__(self, loaded: Loaded, card: Card, wish: ModelOptions) -> None:
        if wish.image_tokens is not None:
            raise refused(wish.image_tokens, card.name, ())
        self.name, self.loaded = card.name, loaded
        self.measured: dict[tuple[int, int], int] = {}
        """Image tokens by a picture's width and height."""
        self.together: set[tuple[tuple[int, int], ...]] = set()
        """Sizes of pictures that one prompt has been seen to hold all of."""
        grey = self.picture(np.full((720, 1280, 3), 90, np.uint8))  # the shape of most cameras
        self.image_tokens = self.tokens(grey.size)
        placeholders = loaded.placeholders(loaded.inputs([grey], PROBE))
        self.rows_each = self.image_tokens // placeholders if placeholders else 0
        """What a placeholder becomes: itself, or hundreds of rows; 0 where the prompt holds none."""

    @property
    def words(self) -> str:
        return f"about {a_frame(self.image_tokens)}" if self.image_tokens else "image tokens uncounted"

    def picture(self, pixels: Pixels) -> Image.Image:
        return Image.fromarray(fitted(pixels, CELLS, CELL))

    def inputs(self, pictures: Sequence[Image.Image], prompt: str) -> Inputs:
        return self.loaded.inputs(pictures, prompt)

    def due(self, pictures: Sequence[Image.Image], inputs: Inputs) -> int:
        """As many as each picture becomes on its own. Some models quietly drop all but the first of several."""
        sizes = tuple(picture.size for picture in pictures)
        tokens = sum(self.tokens(size) for size in sizes)
        if len(sizes) > 1 and sizes not in self.together:
            if self.loaded.image_rows(inputs) != tokens:
                raise one_at_a_time(self.name)
            self.together.add(sizes)
        return tokens

    def sent(self, inputs: Inputs) -> int:
        if not self.rows_each:
            return self.loaded.image_rows(inputs)
        return self.rows_each * self.loaded.placeholders(inputs)

    def tokens(self, size: tuple[int, int]) -> int:
        """What a picture of this width and height becomes, measured when the first one comes."""
        if size not in self.measured:
            self.measured[size] = self.loaded.image_rows(self.loaded.inputs([Image.new("RGB", size)], PROBE))
        return self.measured[size]
