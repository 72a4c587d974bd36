"""What flows to those who look on and steer, such as the page: what the camera shows, and how the run is set.

Told like everything else that happens (see events.py); an output that only speaks or writes lets it pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.events import Frame

Box = tuple[float, float, float, float]
"""Left, top, right, bottom: shares of the picture, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A frame for those who look on, and what is thought of it before any model is asked."""

    frame: "Frame"
    boxes: Sequence[Box] = ()
    """Where it differs from the frame that was described last."""
    is_still: bool = False
    """Nothing moves in it."""
    trouble: str = ""
    """What keeps the camera from seeing: dark, covered, frozen, blurred; or nothing."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How the narrator is set at present, by its flags at first and then by what people want."""

    prompt: str = ""
    """What is asked of each frame; empty: what the model's card says."""
    verbosity: str = "brief"
    every: float | None = None
    """Seconds of the source between two looks, at least; None: as the narrator finds right."""
    watches: tuple[str, ...] = ()
    is_stopped: bool = False


@dataclass(frozen=True, slots=True)
class Looking:
    """A source and a model have been put to work."""

    source: str
    """As a person would name it: `camera:FaceTime HD`, `scenes`."""
    camera: str
    """What it calls itself."""
    model: str
    """As a person would name it."""
    describer: str
    """What it calls itself."""
    prompt: str
    """What this model is asked of each frame where nobody wants it to be asked otherwise."""
    warnings: tuple[str, ...] = ()
    """All that is less than it could be."""


@dataclass(frozen=True, slots=True)
class Voicing:
    """A person wants a voice, or none."""

    is_wanted: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """All has been said that there is to say to a question, if anything."""

    question: str = ""
    """Empty: nobody has put one in words, but wanted to hear more."""
