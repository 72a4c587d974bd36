"""LFM2-VL and LFM2.5-VL: a frame keeps its shape, and a budget of image tokens says how large it is seen.

mlx-vlm turns tiling on whatever the folder says: 790 tokens for a 720p frame. Only the image processor's attributes
have an effect on that, and the padding must shrink with the budget, or the tower works on padding.
"""

from collections.abc import Sequence

from PIL.Image import Image

from app.card import Card
from app.flow import Pixels
from app.vision.families.family import refused
from app.vision.loaded import Inputs, Loaded
from app.vision.tile import fitted
from app.wish import Wish


class Lfm2Vl:
    """One picture a frame, of as many cells as fit the budget. A cell is what becomes one token.

    Frames of one source have one size, so they have one grid and cost the same number of tokens.
    """

    def __init__(self, loaded: Loaded, card: Card, wish: Wish) -> None:
        self.loaded = loaded
        images = loaded.processor.image_processor
        self.cell = images.encoder_patch_size * images.downsample_factor
        self.budget = budget(loaded, card, wish)
        images.do_image_splitting = False
        images.max_image_tokens = self.budget
        images.min_image_tokens = 1  # the pictures come in their final size
        images.max_num_patches = self.budget * images.downsample_factor**2

    @property
    def words(self) -> str:
        return f"at most {self.budget} image tokens a frame"

    @property
    def choices(self) -> Sequence[int]:
        return (self.budget,)

    def picture(self, pixels: Pixels) -> Image:
        return fitted(pixels, self.budget, self.cell)

    def due(self, pictures: Sequence[Image], _inputs: Inputs) -> int:
        return sum(picture.width * picture.height // self.cell**2 for picture in pictures)

    def sent(self, inputs: Inputs) -> int:
        return self.loaded.placeholders(inputs)


def budget(loaded: Loaded, card: Card, wish: Wish) -> int:
    """The most image tokens a frame may become: the wish, the card's default, or the published most.

    Raises:
        UsageError: the wish is beyond the card's bounds, or the published ones where there is no card.
    """
    images, bound = loaded.processor.image_processor, card.image_tokens
    least, most = (bound.least, bound.most) if bound else (images.min_image_tokens, images.max_image_tokens)
    if wish.image_tokens is None:
        return bound.default if bound else int(most)
    if wish.image_tokens == "tiles" or not least <= wish.image_tokens <= most:
        raise refused(wish.image_tokens, card.name, [f"a number from {least} to {most}"])
    return wish.image_tokens
