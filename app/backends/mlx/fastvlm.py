"""FastVLM: a frame is padded to a square with black, as it was trained, and becomes 256 rows of the cache.

The token ids hold one placeholder a frame and not 256: rows are not ids.
"""

from collections.abc import Sequence

import mlx.core as mx
from PIL import Image

from app.backends.mlx.family import Shape, a_frame, one_at_a_time, refused
from app.backends.mlx.loading import Inputs, Loaded
from app.backends.mlx.normal import normalizer
from app.backends.mlx.tile import framed
from app.config import ModelOptions
from app.images import Pixels
from app.models.card import Card

WHITE = 255.0


class FastVlm:
    """One square a frame, its size and number of tokens fixed."""

    def __init__(self, loaded: Loaded, card: Card, wish: ModelOptions) -> None:
        self.name, self.loaded = card.name, loaded
        eyes, images = loaded.model.config.vision_config, loaded.processor.image_processor
        self.edge, self.patch = int(eyes.image_size), int(eyes.patch_size)
        self.image_tokens = (self.edge // self.patch) ** 2
        if wish.image_tokens not in (None, self.image_tokens):
            raise refused(wish.image_tokens, card.name, [str(self.image_tokens)])
        images.do_resize = images.do_center_crop = images.do_rescale = False
        # It would take a frame whose brightest pixel is 1 of 255 for one that is scaled already: a covered camera's
        # noise would be seen in black and white. Normalizing can scale as well, and does so every time.
        images.image_mean = [each * WHITE for each in images.image_mean]
        images.image_std = [each * WHITE for each in images.image_std]
        self.normal = normalizer(images)

    @property
    def words(self) -> str:
        return a_frame(self.image_tokens)

    def picture(self, pixels: Pixels) -> Image.Image:
        return Image.fromarray(framed(pixels, self.edge))

    def inputs(self, pictures: Sequence[Image.Image], prompt: str) -> Inputs:
        return self.loaded.inputs(pictures, prompt)

    def shape(self, _pixels: Pixels) -> Shape:
        return (self.edge, self.edge, 3)

    def pixels(self, pixels: Pixels) -> mx.array:
        return self.normal(mx.array(framed(pixels, self.edge))[None])  # 1×edge×edge×3

    def features(self, pixels: mx.array) -> mx.array:
        model = self.loaded.model
        kind = model.vision_tower.vision_model.patch_embed.blocks[0].reparam_conv.weight.dtype
        _, seen, _ = model.vision_tower(pixels.astype(kind))  # 1×rows×columns×width
        found: mx.array = model.mm_projector(seen.reshape(1, -1, seen.shape[-1]))
        return found[0]

    def due(self, pictures: Sequence[Image.Image], _inputs: Inputs) -> int:
        """With two placeholders mlx-vlm puts the words between and behind them into the wrong places."""
        if len(pictures) > 1:
            raise one_at_a_time(self.name)
        return self.image_tokens

    def sent(self, inputs: Inputs) -> int:
        """As many as the tower makes of the pixels (frames×3×H×W), if each has its placeholder."""
        _, _, height, width = inputs["pixel_values"].shape
        return self.loaded.placeholders(inputs) * int((height // self.patch) * (width // self.patch))
