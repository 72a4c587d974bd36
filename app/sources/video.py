"""A video file: as filmed, where the newest frame wins, or every frame in turn as fast as it is taken."""

import os
import time
from collections.abc import Generator
from functools import partial
from pathlib import Path
from threading import Event

from app.errors import SourceError
from app.events import AnyFrame, Banner, Frame, FrameView, Notice
from app.files import explain, open_to_read, readable
from app.image_files import Picture, expand, pictures
from app.image_files.video_reader import SHORT_BY_S, VideoReader, as_rgb
from app.threads import read_newest


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
        refuse_unreadable(self._path)
        video = VideoReader(self._path, readable(self._path))
        if self._asap:
            return self._read(video, stop, is_paced=False)
        return read_newest(lambda left: self._read(video, left, is_paced=True), stop)

    def _read(self, video: VideoReader, stop: Event, *, is_paced: bool) -> Generator[FrameView | Notice]:
        started_at, number = time.monotonic(), 0
        while video.step():
            if is_paced:
                stop.wait(max(0.0, started_at + video.at_s - time.monotonic()))
            if stop.is_set():
                return
            if (picture := video.frame()) is not None:
                yield FrameView(picture, time.monotonic(), video.at_s, number, partial(as_rgb, picture))
            number += 1
        if number == 0:
            raise video.unreadable()
        if (promised_s := video.promised_s or 0.0) - video.at_s > SHORT_BY_S:
            text = f"{readable(self._path.name)} breaks off at {video.at_s:.1f} of {promised_s:.1f} seconds."
            yield Notice("video broken", text, "copy or record the file again")


def refuse_unreadable(path: Path) -> None:
    """Raise SourceError for a file that is not there, may not be read, or is empty."""
    try:
        with os.fdopen(open_to_read(path, is_pipe_fine=False)) as file:
            size = os.fstat(file.fileno()).st_size
    except OSError as failure:
        raise SourceError(*explain(failure, path, "clip")) from failure
    if size == 0:
        raise SourceError(f"{readable(path)} is empty", "copy or record the file again")


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
