"""Which sentence stands in a subtitle file from when to when. Pure: no file, no clock.

Times are milliseconds of the source, so that what is written is what was decided.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.errors import OutputError, UsageError
from app.events import Banner, Frame, Notice, RunEvent, Sentence
from app.text import sanitize
from app.threads import Worker

READ_PER_S = 15
"""Characters that are read in a second."""
SHORTEST_MS, LONGEST_MS = 1500, 7000
"""What a cue stands for, whatever its length."""
BEHIND_MS, HURRIED_MS = 5000, 500
"""Cues that come so far after their frames make way for one another sooner: they must not fall behind for ever."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A line of text and its time."""

    number: int
    """Counted from 1."""
    start_ms: int
    end_ms: int
    text: str


@dataclass(slots=True)
class Cues:
    """Places one cue after the other: never earlier than its frame, never over another."""

    last: Cue | None = field(default=None, init=False)
    newest_ms: int = field(default=0, init=False)
    newest_number: int = field(default=-1, init=False)
    """Of the newest frame so far: its time in the file, and its number."""
    lead_ms: int = field(default=0, init=False)
    """By how much the file is ahead of a source that has begun again."""

    def add(self, text: str, media_s: float, number: int) -> list[Cue]:
        """Place `text`, of the frame of that time and number.

        Returns the cue before it, which may have been cut short for it, and its own.
        """
        before, at = self.last, self.time_of(media_s, number)
        start = self.start_after(before, at) if before else at
        self.newest_ms, self.newest_number = max(at, self.newest_ms), max(number, self.newest_number)
        self.last = Cue(before.number + 1 if before else 1, start, start + reading_ms(text), text)
        return [replace(before, end_ms=min(before.end_ms, start)), self.last] if before else [self.last]

    def time_of(self, media_s: float, number: int) -> int:
        """A frame's time in the file: a newer frame with an earlier time says that the source has begun again."""
        at = max(0, round(media_s * 1000)) + self.lead_ms
        if self.last and at < self.newest_ms and number > self.newest_number:
            self.lead_ms += self.last.end_ms - at
            return self.last.end_ms
        return at

    def start_after(self, before: Cue, at: int) -> int:
        """Of the same frame, or an older one: after what is there. Of a newer one: as soon as that can be read."""
        if at <= self.newest_ms:
            return max(at, before.end_ms)
        start = max(at, before.start_ms + SHORTEST_MS)
        return start if start - at <= BEHIND_MS else max(at, before.start_ms + HURRIED_MS)


def reading_ms(text: str) -> int:
    return min(LONGEST_MS, max(SHORTEST_MS, round(len(text) * 1000 / READ_PER_S)))


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
