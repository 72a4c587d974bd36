"""A few moments of a video file, spread over it or over a stretch of it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import SourceError
from app.image_files.decode import VIDEOS
from app.image_files.video_reader import SHORT_BY_S, VideoReader, as_rgb
from app.images import Pixels
from app.text import format_time

MOST = 8
"""Moments of a clip, if nobody says otherwise."""

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
    with closing(VideoReader(path, name)) as video:
        promised_s = video.promised_s
        length_s = video.measure_s() if promised_s is None else promised_s
        seen, notes = within(video, stretch, length_s), too_far(stretch, length_s)
        if video.ended_s is not None and length_s - video.ended_s > SHORT_BY_S:
            seen, notes = within(video, stretch, video.ended_s), short(video, length_s)
        if not seen and video.ended_s is not None:
            seen = tuple(moments_at(video, [video.ended_s]))
        if not seen:
            raise video.unreadable()
    return Clip(name, seen, notes)


def moments_at(video: VideoReader, targets: Sequence[float]) -> Iterator[Moment]:
    """What is shown at these moments (ascending), until the file ends; no frame is given twice."""
    if video.at_s >= 0:
        video.rewind()
    given_s = -1.0
    for target_s in targets:
        if not video.go_to(target_s):
            return
        if video.at_s > given_s and (picture := video.frame()) is not None:
            given_s = video.at_s
            yield Moment(given_s, as_rgb(picture))


def within(video: VideoReader, stretch: Stretch, length_s: float) -> tuple[Moment, ...]:
    """The moments of a stretch of a clip that is so long."""
    if stretch.start_s and stretch.start_s >= length_s:
        raise SourceError(
            f"{video.name} is {format_time(length_s)} long, and is to be looked at from {format_time(stretch.start_s)}",
            f"take a --from below {format_time(length_s)}",
        )
    end_s = length_s if stretch.end_s is None else min(length_s, stretch.end_s)
    return tuple(moments_at(video, spread(stretch.start_s, end_s, stretch.moments)))


def spread(start_s: float, end_s: float, count: int) -> list[float]:
    """The middles of equal parts: the very first and last frames of a clip are often black."""
    return [start_s + (end_s - start_s) * (at + 0.5) / count for at in range(count)]


def too_far(stretch: Stretch, length_s: float) -> tuple[str, ...]:
    if stretch.end_s is None or stretch.end_s <= length_s + SHORT_BY_S:
        return ()
    return (f"it ends at {format_time(length_s)}, before {format_time(stretch.end_s)}",)


def short(video: VideoReader, length_s: float) -> tuple[str, ...]:
    ended_s = format_time(video.ended_s or 0.0)
    return (
        f"its last picture is at {ended_s}, though it says that it is {format_time(length_s)} long: "
        "looked at until there",
    )
