"""Model families: how each one's frames become pixel values and image tokens, and which options it cannot grant.

ADD A FAMILY here: a class with the methods of `Family`, and a line in the table at the end.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import mlx.core as mx
import numpy as np
from PIL import Image

from app.backends.mlx.loading import Inputs, Loaded
from app.backends.mlx.tile import fitted, framed, squeezed
from app.config import ModelOptions
from app.errors import ModelError, UsageError
from app.images import Pixels
from app.models.registry import Card

Shape = tuple[int, int, int]


class Family(Protocol):
    """How models of one kind are shown a frame, by their own processor.

    What is due is told from the pictures, what is sent from the token ids: two witnesses who must agree.
    """

    @property
    def words(self) -> str:
        """What a frame costs, for the banner: `64 image tokens a frame`."""
        ...

    def picture(self, pixels: Pixels) -> Image.Image:
        """A frame (RGB, H×W×3 uint8) as the processor is to be given it, the whole of it."""
        ...

    def inputs(self, pictures: Sequence[Image.Image], prompt: str) -> Inputs:
        """What the processor, set to the app's ways, makes of pictures (oldest first) and a prompt."""
        ...

    def due(self, pictures: Sequence[Image.Image], inputs: Inputs) -> int:
        """How many image tokens these pictures are to become.

        Raises:
            UsageError: there are more of them than the model can be shown at once.
        """
        ...

    def sent(self, inputs: Inputs) -> int:
        """How many image tokens the model is given."""
        ...


@runtime_checkable
class Direct(Family, Protocol):
    """A family whose frames can go straight to the tower, past the processor."""

    def shape(self, pixels: Pixels) -> Shape:
        """Of frames (RGB, H×W×3 uint8): those of one shape become the same places in a prompt."""
        ...

    def pixels(self, pixels: Pixels) -> mx.array:
        """A frame (RGB, H×W×3 uint8) in the numbers that the processor would make of it, float32, not yet evaluated."""
        ...

    def features(self, pixels: mx.array) -> mx.array:
        """What tower and connector make of `pixels`: image tokens×width, as they reach the language model."""
        ...


def a_frame(image_tokens: int) -> str:
    return f"{image_tokens} image tokens a frame"


def refused(wished: object, name: str, choices: Iterable[str]) -> UsageError:
    """The refusal of a wish for image tokens, with what can be had instead."""
    can = " or ".join(choices)
    return UsageError(
        f"{name} cannot look through {wished} image tokens" if wished != "tiles" else f"{name} cannot read in tiles",
        f"leave --image-tokens out, or take {can}" if can else "leave --image-tokens out",
    )


def one_at_a_time(name: str) -> UsageError:
    return UsageError(f"{name} can be shown one frame at a time", "leave --frames out, or take another model")


Normalize = Callable[[mx.array], mx.array]
"""From uint8, …×3, to float32 of the same shape."""


def divided(levels: mx.array, factor: float) -> mx.array:
    """As transformers rescales, in float64 and then rounded: a quotient of float32 is the same for every level."""
    return levels / round(1 / factor, 9)


def multiplied(levels: mx.array, factor: float) -> mx.array:
    """As mlx-vlm's own processors rescale, in float32."""
    return levels * factor


def normalizer(images: Any, rescaled: Callable[[mx.array, float], mx.array] = divided) -> Normalize:
    """(level × rescale_factor − mean) / std, as `images` has them, an image processor; step by step in float32."""
    factor = float(images.rescale_factor) if images.do_rescale else 1.0
    mean, std = constant(images.image_mean), constant(images.image_std)

    @mx.compile
    def normalize(levels: mx.array) -> mx.array:
        return (rescaled(levels.astype(mx.float32), factor) - mean) / std

    return normalize


def constant(channels: Any) -> mx.array | float:
    """One number where all channels have the same: MLX's CPU is four times as quick with it."""
    return float(channels[0]) if len(set(channels)) == 1 else mx.array(np.asarray(channels, np.float32))


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


FAMILIES: dict[str, Callable[[Loaded, Card, ModelOptions], Family]] = {
    "smolvlm": smolvlm,
    "idefics3": smolvlm,
    "lfm2_vl": Lfm2Vl,
    "fastvlm": FastVlm,
}


def family(loaded: Loaded, card: Card, wish: ModelOptions) -> Family:
    """The family of a loaded model, its processor set to the wish.

    Raises:
        UsageError: the wish for image tokens cannot be granted.
    """
    return FAMILIES.get(loaded.architecture, Generic)(loaded, card, wish)
