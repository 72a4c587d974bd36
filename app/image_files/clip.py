"""A few moments of a video file, spread over it or over a stretch of it. What a file is is read from its first bytes.

Long ways are sought and short ones read; a
file that cannot be sought in, or says a wrong length, is read from its beginning.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.errors import SourceError
from app.image_files.decode import MEGAPIXELS, VIDEOS, too_large
from app.images import Pixels
from app.text import format_time

if TYPE_CHECKING:
    import cv2

MOST = 8
"""Moments of a clip, if nobody says otherwise."""
FAR_S, BEFORE_S = 3.0, 1.0
"""How far ahead is sought and not read, and where it is aimed at: so long before the moment."""
PART = 0.6
"""Of a frame's time: the first frame is taken that is no more than that before the moment."""
SHORT_BY_S = 0.5
"""A file that ends by more than this before its own word is told of; less is how containers round."""
LONGEST_S = 1e6
"""No clip is: what says so does not know its length."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which part of a clip is looked at, and at how many moments."""

    moments: int = MOST
    start_s: float = 0.0
    end_s: float | None = None

    @property
    def has_times(self) -> bool:
        """Whether it is less than the whole."""
        return self.start_s > 0 or self.end_s is not None


WHOLE = Stretch()


@dataclass(frozen=True, slots=True)
class Moment:
    at_s: float
    """Seconds from the clip's beginning."""
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Clip:
    name: str
    """As the user called it; fit to be printed."""
    moments: tuple[Moment, ...]
    """Oldest first; no two are the same frame."""
    notes: tuple[str, ...] = ()
    """What is to be said of it."""


def is_video(path: Path) -> bool:
    """Whether it is a plain file that begins like a video."""
    with suppress(OSError, ValueError):
        if path.is_file():
            with path.open("rb") as file:
                return bool(re.match(VIDEOS, file.read(400), re.DOTALL))
    return False


def watched(path: Path, name: str, stretch: Stretch) -> Clip:
    """The moments of a clip: each the middle of one of so many equal parts.

    Raises:
        SourceError: it cannot be read, or there is nothing in that stretch of it.
    """
    with closing(Reel(path, name)) as reel:
        promised_s = reel.promised_s()
        length_s = reel.measured_s() if promised_s is None else promised_s
        seen, notes = within(reel, stretch, length_s), too_far(stretch, length_s)
        if reel.ended_s is not None and length_s - reel.ended_s > SHORT_BY_S:
            seen, notes = within(reel, stretch, reel.ended_s), short(reel, length_s)
        if not seen and reel.ended_s is not None:
            seen = tuple(reel.read([reel.ended_s]))
    if not seen:
        raise unreadable(name)
    return Clip(name, seen, notes)


def within(reel: "Reel", stretch: Stretch, length_s: float) -> tuple[Moment, ...]:
    """The moments of a stretch of a clip that is so long."""
    if stretch.start_s and stretch.start_s >= length_s:
        raise SourceError(
            f"{reel.name} is {format_time(length_s)} long, and is to be looked at from {format_time(stretch.start_s)}",
            f"take a --from below {format_time(length_s)}",
        )
    end_s = length_s if stretch.end_s is None else min(length_s, stretch.end_s)
    return tuple(reel.read(spread(stretch.start_s, end_s, stretch.moments)))


def spread(start_s: float, end_s: float, count: int) -> list[float]:
    """The middles of equal parts: the very first and last frames of a clip are often black."""
    return [start_s + (end_s - start_s) * (at + 0.5) / count for at in range(count)]


def too_far(stretch: Stretch, length_s: float) -> tuple[str, ...]:
    if stretch.end_s is None or stretch.end_s <= length_s + SHORT_BY_S:
        return ()
    return (f"it ends at {format_time(length_s)}, before {format_time(stretch.end_s)}",)


def short(reel: "Reel", length_s: float) -> tuple[str, ...]:
    ended_s = format_time(reel.ended_s or 0.0)
    return (
        f"its last picture is at {ended_s}, though it says that it is {format_time(length_s)} long: "
        "looked at until there",
    )


@dataclass(slots=True)
class Reel:
    """A video file, read forward."""

    path: Path
    name: str
    file: "cv2.VideoCapture" = field(init=False)
    at_s: float = field(default=-1.0, init=False)
    """When the frame that was read last is shown; below 0 before the first."""
    ended_s: float | None = field(default=None, init=False)
    """When the last frame of all is shown, once that has been seen."""
    can_seek: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        self.file = opened(self.path, self.name)

    def close(self) -> None:
        self.file.release()

    def rewind(self) -> None:
        self.close()
        self.file, self.at_s = opened(self.path, self.name), -1.0

    def promised_s(self) -> float | None:
        """How long it says it is."""
        import cv2

        said = self.file.get(cv2.CAP_PROP_FRAME_COUNT) / self.rate
        return said if 0 < said < LONGEST_S else None

    def measured_s(self) -> float:
        """How long it is; every frame is read for that."""
        while self.step():
            pass
        if self.at_s < 0:
            raise unreadable(self.name)
        length_s = self.at_s + 1 / self.rate
        self.rewind()
        return length_s

    @property
    def rate(self) -> float:
        """Frames a second, on average."""
        import cv2

        said = self.file.get(cv2.CAP_PROP_FPS)
        return said if 0 < said < 1000 else 30.0

    def read(self, targets: Sequence[float]) -> Iterator[Moment]:
        """What is shown at these moments (ascending), until the file ends; no frame is given twice."""
        if self.at_s >= 0:
            self.rewind()
        given_s = -1.0
        for target_s in targets:
            if target_s - self.at_s > FAR_S:
                self.seek(target_s - BEFORE_S)
            while self.at_s < target_s - PART / self.rate or (picture := self.shown()) is None:
                if not self.step():
                    return
            if self.at_s > given_s:
                given_s = self.at_s
                yield Moment(given_s, picture)

    def seek(self, target_s: float) -> None:
        """Go there, if the file can; else it is read from its beginning."""
        import cv2

        if not self.can_seek:
            return
        was_s, self.at_s = self.at_s, -1.0
        self.file.set(cv2.CAP_PROP_POS_MSEC, target_s * 1000)
        if not self.step() or not was_s < self.at_s <= target_s + BEFORE_S:
            self.can_seek = False
            self.rewind()

    def step(self) -> bool:
        """Read the next frame; its time is counted from the rate where the file has none that grows."""
        import cv2

        if not self.file.grab():
            self.ended_s = self.at_s if self.at_s >= 0 else None
            return False
        stamped_s = self.file.get(cv2.CAP_PROP_POS_MSEC) / 1000
        counted_s = self.at_s + 1 / self.rate if self.at_s >= 0 else 0.0
        self.at_s = stamped_s if stamped_s > self.at_s else counted_s
        return True

    def shown(self) -> Pixels | None:
        """The pixels of the frame that was read last; None if they are spoilt."""
        import cv2

        _, picture = self.file.retrieve() if self.at_s >= 0 else (False, None)
        return None if picture is None else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def opened(path: Path, name: str) -> "cv2.VideoCapture":
    """A video file, turned upright as it says; too large ones are refused before they are decoded."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what matters of its chatter is said in our own words
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    plain = os.fsencode(path.absolute())  # a relative name could be taken for a protocol, such as concat:
    file: cv2.VideoCapture = cv2.VideoCapture(plain, cv2.CAP_FFMPEG)  # type: ignore[call-overload]
    megapixels = file.get(cv2.CAP_PROP_FRAME_WIDTH) * file.get(cv2.CAP_PROP_FRAME_HEIGHT) / 1e6
    if file.isOpened() and megapixels <= MEGAPIXELS:
        return file
    is_open = file.isOpened()
    file.release()
    raise too_large(name, f"{megapixels:.0f}") if is_open else unreadable(name)


def unreadable(name: str) -> SourceError:
    return SourceError(
        f"{name} is a video without pictures that can be read, or it was cut off",
        "check that it plays in another program, or copy it again; supported: .mp4, .mov, .mkv, .avi and .webm",
    )
