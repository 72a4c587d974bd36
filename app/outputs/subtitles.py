"""`--subtitles`: every sentence as a cue of a WebVTT (.vtt) or SubRip (.srt) file, as it comes. It never stops a run.

WebVTT is as in https://www.w3.org/TR/webvtt1/. SubRip has no escapes, so there `<`, `>` and braces, in which players
look for orders, become characters that look alike.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import OutputError, UsageError
from app.events import Banner, Frame, Notice, RunEvent, Sentence
from app.outputs.cues import Cue, Cues
from app.text import sanitize
from app.threads import Worker


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of subtitle file is written."""

    head: str
    point: str
    """Between seconds and milliseconds."""
    instead: dict[str, str]
    """Characters of a text, and what is written instead."""

    def block(self, cue: Cue) -> bytes:
        """The cue and the empty line after it."""
        text = "".join(self.instead.get(each, each) for each in cue.text)
        return f"{cue.number}\n{self.time(cue.start_ms)} --> {self.time(cue.end_ms)}\n{text}\n\n".encode()

    def time(self, ms: int) -> str:
        seconds, ms = divmod(ms, 1000)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{self.point}{ms:03}"


FORMS = {
    ".vtt": Form("WEBVTT\n\n", ".", {"&": "&amp;", "<": "&lt;", ">": "&gt;"}),
    ".srt": Form("", ",", {"<": "‹", ">": "›", "{": "(", "}": ")"}),
}


class Subtitles:
    """Writes on a thread of its own. After every sentence the file is whole, its last cue too."""

    def __init__(self, path: str | Path, warn: Callable[[Notice], None]) -> None:
        """What is in the file is kept until the first sentence. `warn` is told, once, of cues that are missing.

        Raises:
            UsageError: the file's name ends neither in .vtt nor in .srt.
            OutputError: the file cannot be written to.
        """
        self.path, self.warn = Path(path).expanduser(), warn
        self.banner = Banner(f"subtitles {self.path}")
        self.form = form_of(self.path)
        self.file, self.length = opened(self.path, self.form.head.encode())
        self.place = self.length
        """Bytes before the last cue; `length` is that of all that this run has written."""
        self.cues = Cues()
        self.began_at: float | None = None
        """With several cameras: where the file's time begins (monotonic s)."""
        self.writer = Worker("subtitles", self._write, lambda: os.close(self.file), self._warn)

    def tell(self, happening: RunEvent) -> None:
        """Take a sentence, whatever its kind; never blocks."""
        if isinstance(happening, Sentence) and (text := sanitize(happening.text)):
            self.writer.put((text, *self._place(happening.frame)))

    def close(self) -> None:
        """Write what waits and close the file."""
        self.writer.close()

    def _place(self, frame: Frame) -> tuple[float, int]:
        """Its time and number in the file. Several cameras have one time, that of the first that was told of."""
        if not frame.camera:
            return frame.media_s, frame.number
        if self.began_at is None:
            self.began_at = frame.seen_at - frame.media_s
        return frame.seen_at - self.began_at, 0

    def _write(self, said: tuple[str, float, int]) -> None:
        """The cue before once more, now that its end is known, and the new one behind it: in one piece, if it fits."""
        blocks = [self.form.block(cue) for cue in self.cues.add(*said)]
        data = b"".join(blocks)
        try:
            if not self.length:
                self._begin()
            write_at(self.file, data, self.place)
        except OSError as failure:
            self.place = self.length  # the new one is lost, and those after it may have room
            with suppress(OSError):
                os.ftruncate(self.file, self.length)
            self.writer.complain(failure.strerror or str(failure))
        else:
            self.length = self.place + len(data)
            self.place = self.length - len(blocks[-1])

    def _begin(self) -> None:
        """Nothing is left of an earlier run."""
        if os.fstat(self.file).st_size:
            os.ftruncate(self.file, 0)
        write_at(self.file, self.form.head.encode(), 0)
        self.place = self.length = len(self.form.head)

    def _warn(self, reason: str) -> None:
        hint = f"Make room for {self.path}, or name another file with --subtitles."
        self.warn(Notice("subtitles", f"Some subtitles are missing: {reason}.", hint))


def form_of(path: Path) -> Form:
    try:
        return FORMS[path.suffix.lower()]
    except KeyError:
        hint = "name it out.vtt (WebVTT, for browsers) or out.srt (SubRip, for players)"
        raise UsageError(f"--subtitles does not know the kind of {path.name!r}", hint) from None


def opened(path: Path, head: bytes) -> tuple[int, int]:
    """A descriptor of the file and the bytes written to it: `head`, or none where something is to be kept for now."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if os.fstat(file).st_size:
            return file, 0
        write_at(file, head, 0)
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise OutputError(f"the subtitles {path} cannot be written: {reason}.", remedy_for(path, failure)) from failure
    return file, len(head)


def write_at(file: int, data: bytes, place: int) -> None:
    """All of it, at that place."""
    written = 0
    while written < len(data):
        written += os.pwrite(file, data[written:], place + written)


def remedy_for(path: Path, failure: OSError) -> str:
    if failure.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"Make room on the disk of {path.parent.absolute()}, or name a file on another with --subtitles."
    if not path.parent.is_dir():
        return f"Make its folder first: mkdir -p {path.parent}"
    return f"Name a file that you may write to: --subtitles ~/looksay{path.suffix}"
