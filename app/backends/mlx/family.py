"""What every family of models is asked, and how a wish that it cannot grant is refused."""

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

import mlx.core as mx
from PIL.Image import Image

from app.backends.mlx.loading import Inputs
from app.errors import UsageError
from app.images import Pixels

Shape = tuple[int, int, int]


class Family(Protocol):
    """How models of one kind are shown a frame, by their own processor.

    What is due is told from the pictures, what is sent from the token ids: two witnesses who must agree.
    """

    @property
    def words(self) -> str:
        """What a frame costs, for the banner: `64 image tokens a frame`."""
        ...

    def picture(self, pixels: Pixels) -> Image:
        """A frame (RGB, H×W×3 uint8) as the processor is to be given it, the whole of it."""
        ...

    def inputs(self, pictures: Sequence[Image], prompt: str) -> Inputs:
        """What the processor, set to the app's ways, makes of pictures (oldest first) and a prompt."""
        ...

    def due(self, pictures: Sequence[Image], inputs: Inputs) -> int:
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
