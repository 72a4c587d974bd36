"""One picture, or the pictures of a folder in the order in which a person would sort them, one after the other."""

import time
from collections.abc import Generator
from pathlib import Path
from threading import Event

from app.events import AnyFrame, Banner, Frame, Notice
from app.files import readable
from app.image_files import Picture, expand, pictures


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
