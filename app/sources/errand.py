"""What a capture process is asked to do, and how it can end. Knows neither OpenCV nor processes."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing to capture from."""

    kind: Literal["device", "clip", "stream"]
    """`clip` is a video file that stands in for a device: played at its own rate, over and over."""
    target: str
    """A device's name, index or path ("" is the default one), a file, or a URL."""


class Fate(IntEnum):
    """How a capture process ended. Below 70 it says so itself, by its exit status."""

    STOPPED = 0
    NO_DEVICE = 60
    """No device of that name or index is there."""
    SHUT = 61
    """It is there, but it cannot be opened."""
    LOST = 62
    """Pictures came, and then no more."""
    ENDED = 63
    """A stream of known length was played to its end."""
    SILENT = 70
    """Nothing came within the time for opening."""
    HUNG = 71
    """Pictures came, then silence, and the process did not notice."""
    CRASHED = 72


@dataclass(frozen=True, slots=True)
class Loss:
    """The end of one capture process, as far as it can be told."""

    fate: Fate
    words: str
    """The last lines it wrote to stderr, OpenCV's and FFMPEG's among them."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A loss, explained."""

    text: str
    hint: str
    is_worth_waiting: bool = False
    """The person is just being asked; opening may work in a moment."""
