"""A video file: as filmed, where the newest frame wins, or every frame in turn as fast as it is taken."""

import os
import time
from collections.abc import Generator
from functools import partial
from pathlib import Path
from threading import Event

import cv2
import numpy as np

from app.errors import SourceError
from app.events import AnyFrame, Banner, Frame, FrameView, Notice
from app.files import explain, open_to_read, readable
from app.image_files import Picture, expand, pictures
from app.images import Pixels
from app.threads import read_newest

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what matters of the libraries' chatter is said in our own words
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_SHORT_BY_S = 0.5
"""A file that ends by more than this before its own word is broken; less is how containers round."""


class Video:
    """A clip. With `asap`, every frame is given, whatever the clock says."""

    def __init__(self, path: str | Path, asap: bool = False) -> None:
        self._path = Path(path)
        self._asap = asap

    @property
    def banner(self) -> Banner:
        return Banner(f"{readable(self._path.name)}, {'every frame in turn' if self._asap else 'as filmed'}")

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        """See `Source.frames`; a file that breaks off says so in a notice, and ends."""
        clip = _opened(self._path)
        if self._asap:
            return self._read(clip, stop, is_paced=False)
        return read_newest(lambda left: self._read(clip, left, is_paced=True), stop)

    def _read(self, clip: cv2.VideoCapture, stop: Event, *, is_paced: bool) -> Generator[FrameView | Notice]:
        started_at, media_s, number = time.monotonic(), -1.0, 0
        while clip.grab():
            media_s = _media_s(clip, number, after=media_s)
            if is_paced:
                stop.wait(max(0.0, started_at + media_s - time.monotonic()))
            if stop.is_set():
                return
            if (picture := _retrieved(clip)) is not None:
                yield FrameView(picture, time.monotonic(), media_s, number, partial(_as_rgb, picture))
            number += 1
        if number == 0:
            raise _unreadable(self._path)
        if _promised_s(clip) - media_s > _SHORT_BY_S:
            yield self._broken(media_s, _promised_s(clip))

    def _broken(self, media_s: float, promised_s: float) -> Notice:
        text = f"{readable(self._path.name)} breaks off at {media_s:.1f} of {promised_s:.1f} seconds."
        return Notice("video broken", text, "copy or record the file again")


def _opened(path: Path) -> cv2.VideoCapture:
    try:
        with os.fdopen(open_to_read(path, is_pipe_fine=False)) as file:
            size = os.fstat(file.fileno()).st_size
    except OSError as failure:
        raise SourceError(*explain(failure, path, "clip")) from failure
    if size == 0:
        raise SourceError(f"{readable(path)} is empty", "copy or record the file again")
    clip = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not clip.isOpened():
        raise _unreadable(path)
    return clip


def _unreadable(path: Path) -> SourceError:
    return SourceError(
        f"{readable(path)} is not a video that can be read, or it was cut off",
        "check that it plays in another program; supported: .mp4, .mov, .mkv, .avi and .webm",
    )


def _media_s(clip: cv2.VideoCapture, number: int, after: float) -> float:
    """The grabbed frame's time stamp; counted from the frame rate where the file has none that grows."""
    stamped = clip.get(cv2.CAP_PROP_POS_MSEC) / 1000
    return stamped if stamped > after else max(after, 0.0) + (1 / _fps(clip) if number else 0.0)


def _promised_s(clip: cv2.VideoCapture) -> float:
    return clip.get(cv2.CAP_PROP_FRAME_COUNT) / _fps(clip)


def _fps(clip: cv2.VideoCapture) -> float:
    said = clip.get(cv2.CAP_PROP_FPS)
    return said if 0 < said < 1000 else 30.0


def _retrieved(clip: cv2.VideoCapture) -> Pixels | None:
    """BGR; an array of its own."""
    is_good, picture = clip.retrieve()
    return np.asarray(picture, np.uint8) if is_good else None


def _as_rgb(picture: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


class Stills:
    """Each picture is one frame; a folder's pictures count as a second apart."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    @property
    def banner(self) -> Banner:
        return Banner(f"pictures in {readable(self._path)}" if self._path.is_dir() else readable(self._path.name))

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        """See `Source.frames`; every picture is given. One of a folder that cannot be read is a notice."""
        what = str(self._path)
        is_alone = expand(what) == [what]
        for number, read in enumerate(pictures(what)):
            if stop.is_set():
                return
            if isinstance(read, Picture):
                yield Frame(read.pixels, time.monotonic(), float(number), number)
            elif is_alone:
                raise read.error
            else:
                yield Notice("picture unreadable", read.error.message, read.error.hint)
