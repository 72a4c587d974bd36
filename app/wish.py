"""What the user wishes of a model beyond what its card says. Nothing here does anything heavy.

The command line fills it in, and the describer grants it or says what can be had instead.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from app.errors import UsageError

Precision = Literal["float32", "bfloat16", "float16", "8bit", "4bit"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""Besides `published`, which is to wish for none of them."""

BITS: dict[Precision, int] = {"8bit": 8, "4bit": 4}
"""The precisions that quantize the language model's layers."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How closely to look, and how exactly to compute. `None` means: as the model's card or its publisher says."""

    image_tokens: int | Literal["tiles"] | None = None
    """How many tokens a frame may become, or the processor's whole reading in tiles."""
    precision: Precision | None = None

    def for_live(self) -> "Wish":
        """This wish, for a narrator that must keep up with a camera.

        Raises:
            UsageError: it is for tiles, which take a dozen times as long as a frame.
        """
        if self.image_tokens == "tiles":
            raise UsageError(
                "--image-tokens tiles reads a picture in a dozen pieces, too slowly for a live narrator",
                "leave it out, or read single pictures: ./run.sh describe PICTURE --image-tokens tiles",
            )
        return self


AS_PUBLISHED = Wish()
