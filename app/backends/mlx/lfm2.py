"""LFM2-VL and LFM2.5-VL: a frame keeps its shape, and a budget of image tokens says how large it is seen.

mlx-vlm turns tiling on whatever the folder says: 790 tokens for a 720p frame. Only the image processor's attributes
have an effect on that, and the padding must shrink with the budget, or the tower works on padding.
"""

from collections.abc import Sequence

import mlx.core as mx
from PIL import Image

from app.backends.mlx.family import Shape, refused
from app.backends.mlx.loading import Inputs, Loaded
from app.backends.mlx.normal import multiplied, normalizer
from app.backends.mlx.tile import fitted
from app.config import ModelOptions
from app.images import Pixels
from app.models.card import Card


class Lfm2Vl:
    """One picture a frame, of as many cells as fit the budget. A cell is what becomes one token.

    Frames of one source have one size, so they have one grid and cost the same number of tokens.
    """

    def __init__(self, loaded: Loaded, card: Card, wish: ModelOptions) -> None:
        self.loaded = loaded
        images = loaded.processor.image_processor
        self.patch = int(images.encoder_patch_size)
        self.cell = self.patch * images.downsample_factor
        self.budget = budget(loaded, card, wish)
        self.normal = normalizer(images, multiplied)

    @property
    def words(self) -> str:
        return f"at most {self.budget} image tokens a frame"

    def picture(self, pixels: Pixels) -> Image.Image:
        return Image.fromarray(fitted(pixels, self.budget, self.cell))

    def inputs(self, pictures: Sequence[Image.Image], prompt: str) -> Inputs:
        images = self.loaded.processor.image_processor
        images.do_image_splitting = False
        images.max_image_tokens = self.budget
        images.min_image_tokens = 1  # the pictures come in their final size
        images.max_num_patches = self.budget * images.downsample_factor**2
        return self.loaded.inputs(pictures, prompt)

    def shape(self, pixels: Pixels) -> Shape:
        """The frame's own: a grid that is best for it need not be best for a picture of the grid's size."""
        height, width, colours = pixels.shape
        return height, width, colours

    def pixels(self, pixels: Pixels) -> mx.array:
        return self.normal(mx.array(fitted(pixels, self.budget, self.cell))[None])  # 1×height×width×3

    def features(self, pixels: mx.array) -> mx.array:
        """The tower takes patches in rows. There is no padding among them, as the processor's pictures have."""
        packed, rows, columns = patches(pixels, self.patch)
        found: list[mx.array] = self.loaded.model.encode_images(
            packed,
            spatial_shapes=mx.array([[rows, columns]]),
            pixel_attention_mask=mx.ones(packed.shape[:2], mx.int32),
        )
        return found[0]

    def due(self, pictures: Sequence[Image.Image], _inputs: Inputs) -> int:
        return sum(picture.width * picture.height // self.cell**2 for picture in pictures)

    def sent(self, inputs: Inputs) -> int:
        return self.loaded.placeholders(inputs)


def patches(pixels: mx.array, edge: int) -> tuple[mx.array, int, int]:
    """Cut 1×H×W×3 into 1×patches×(edge·edge·3), row by row; and how many rows and columns there are."""
    _, height, width, channels = pixels.shape
    rows, columns = height // edge, width // edge
    cut = pixels.reshape(rows, edge, columns, edge, channels).transpose(0, 2, 1, 3, 4)
    return cut.reshape(1, rows * columns, -1), rows, columns


def budget(loaded: Loaded, card: Card, wish: ModelOptions) -> int:
    """The most image tokens that a frame may become: as wished, as the card says, or as published.

    Raises:
        UsageError: the wish is beyond the card's bounds, or the published ones where there is no card.
    """
    images, bound = loaded.processor.image_processor, card.image_tokens
    least, most = (bound.least, bound.most) if bound else (int(images.min_image_tokens), int(images.max_image_tokens))
    if wish.image_tokens is None:
        return bound.default if bound else most
    if wish.image_tokens == "tiles" or not least <= wish.image_tokens <= most:
        raise refused(wish.image_tokens, card.name, [f"a number from {least} to {most}"])
    return wish.image_tokens
