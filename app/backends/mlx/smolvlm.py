"""SmolVLM and Idefics3: a frame is one square tile, and every tile becomes the same number of image tokens.

By default the processor enlarges any picture to four tiles' width and cuts it into 13 (see
KNOWN_ISSUES.md, "The tiling trap"). Only its attributes have an effect on that, the same words in a call have none.
"""

from collections.abc import Sequence

import mlx.core as mx
import numpy as np
from PIL import Image

from app.backends.mlx.family import Family, Shape, a_frame, refused
from app.backends.mlx.loading import Inputs, Loaded
from app.backends.mlx.normal import normalizer
from app.backends.mlx.tile import framed, squeezed
from app.config import ModelOptions
from app.errors import ModelError
from app.images import Pixels
from app.models.card import Card


class SmolVlm:
    """One tile a frame.

    Fewer tokens are a smaller tile: `max_image_size` and `image_seq_len` must be changed together.
    """

    def __init__(self, loaded: Loaded, card: Card, wished: int | None) -> None:
        self.loaded = loaded
        published = published_edge(loaded)
        self.whole, allowed = tokens(loaded, published), edges(loaded, published, card)
        self.promised = loaded.processor.image_seq_len
        if wished and wished not in allowed:
            raise refused(wished, card.name, map(str, allowed))
        default = card.image_tokens.default if card.image_tokens else self.whole
        self.image_tokens = wished or (default if default in allowed else self.whole)
        self.edge = allowed.get(self.image_tokens, published)
        self.mask = mask(loaded, self.edge)
        self.shaped = framed if card.shape == "padded" else squeezed
        self.normal = normalizer(loaded.processor.image_processor)

    @property
    def words(self) -> str:
        return a_frame(self.image_tokens)

    def picture(self, pixels: Pixels) -> Image.Image:
        return Image.fromarray(self.shaped(pixels, self.edge))

    def inputs(self, pictures: Sequence[Image.Image], prompt: str) -> Inputs:
        is_whole = self.image_tokens == self.whole  # then the processor's own word is held against the tower's
        self.loaded.processor.image_seq_len = self.promised if is_whole else self.image_tokens
        images = self.loaded.processor.image_processor
        images.max_image_size = {"longest_edge": self.edge}
        images.do_image_splitting = images.do_resize = False
        return self.loaded.inputs(pictures, prompt)

    def shape(self, _pixels: Pixels) -> Shape:
        return (self.edge, self.edge, 3)

    def pixels(self, pixels: Pixels) -> mx.array:
        return self.normal(mx.array(self.shaped(pixels, self.edge))[None])  # 1×edge×edge×3

    def features(self, pixels: mx.array) -> mx.array:
        """mlx-vlm's own, without what it asks of every frame: is it padding, which of its patches are."""
        model = self.loaded.model
        seen: mx.array = model.connector(model.vision_model(pixels, self.mask)[0].astype(pixels.dtype))
        return seen[0]

    def due(self, pictures: Sequence[Image.Image], _inputs: Inputs) -> int:
        return len(pictures) * self.image_tokens

    def sent(self, inputs: Inputs) -> int:
        return self.loaded.placeholders(inputs)


class Tiles:
    """The processor's own reading, as published: a grid of tiles and the whole picture once more, small."""

    def __init__(self, loaded: Loaded, card: Card) -> None:
        self.loaded = loaded
        if not loaded.processor.image_processor.do_image_splitting:
            raise refused("tiles", card.name, ())
        self.image_tokens = tokens(loaded, published_edge(loaded))

    @property
    def words(self) -> str:
        return f"{self.image_tokens} image tokens a tile"

    def picture(self, pixels: Pixels) -> Image.Image:
        return Image.fromarray(np.ascontiguousarray(pixels))

    def inputs(self, pictures: Sequence[Image.Image], prompt: str) -> Inputs:
        return self.loaded.inputs(pictures, prompt)

    def due(self, _pictures: Sequence[Image.Image], inputs: Inputs) -> int:
        return int(inputs["pixel_values"].shape[1]) * self.image_tokens  # pixel_values: 1×tiles×3×edge×edge

    def sent(self, inputs: Inputs) -> int:
        return self.loaded.placeholders(inputs)


def smolvlm(loaded: Loaded, card: Card, wish: ModelOptions) -> Family:
    """The way to look that was wished for."""
    if wish.image_tokens == "tiles":
        return Tiles(loaded, card)
    return SmolVlm(loaded, card, wish.image_tokens)


def mask(loaded: Loaded, edge: int) -> mx.array | None:
    """What tells the tower which patches of a tile are picture, 1×side×side: all; None if it need not be told.

    It takes a patch's place from the mask, in fractions of the side. On a smaller tile that gives other places than
    counting does, and even on a whole one where fractions are rounded badly (27 patches a side, SmolVLM2-2.2B).
    """
    eyes = loaded.model.config.vision_config
    full = mx.ones((1, edge // eyes.patch_size, edge // eyes.patch_size), mx.bool_)
    if edge != eyes.image_size:
        return full
    places, blank = loaded.model.vision_model.embeddings, mx.zeros((1, edge, edge, 3))
    return None if mx.array_equal(places(blank), places(blank, full)) else full


def published_edge(loaded: Loaded) -> int:
    """The tile's edge in pixels, as the processor was published."""
    try:
        return int(loaded.processor.image_processor.max_image_size["longest_edge"])
    except (AttributeError, KeyError, TypeError) as failure:
        raise ModelError(
            f"the image processor of {loaded.name} does not say how large a tile is",
            "copy or download the folder again, or take the default",
        ) from failure


def tokens(loaded: Loaded, edge: int) -> int:
    """What the tower makes of a tile: its patches, of which the connector folds scale×scale into one token."""
    config = loaded.model.config
    return int((edge // config.vision_config.patch_size) ** 2 // config.scale_factor**2)


def edges(loaded: Loaded, published: int, card: Card) -> dict[int, int]:
    """The tile's edge in pixels for every number of tokens that can be had: k×k, from half the published side to it.

    Smaller tiles see too little to be worth a wish, larger ones have places that the tower never learned.
    """
    token_edge = loaded.model.config.vision_config.patch_size * loaded.model.config.scale_factor
    side = published // token_edge
    found = {k * k: published if k == side else k * token_edge for k in range(max(1, side // 2), side + 1)}
    bound = card.image_tokens
    return found if bound is None else {n: edge for n, edge in found.items() if bound.least <= n <= bound.most}
