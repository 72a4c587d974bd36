"""`--subtitles`: every sentence as a cue of a WebVTT (.vtt) or SubRip (.srt) file, as it comes.

WebVTT follows https://www.w3.org/TR/webvtt1/. SubRip has no escapes, so `<`, `>` and braces, which players take for
formatting, become look-alikes there.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from app.errors import OutputError, UsageError
from app.events import Banner, Frame, Notice, RunEvent, Sentence
from app.files import explain, open_own, readable, user_path
from app.text import sanitize
from app.threads import Worker

READ_PER_S = 15
"""Reading speed, in characters a second."""
SHORTEST_MS, LONGEST_MS = 1500, 7000
"""Limits of a cue's duration, whatever its length."""
BEHIND_MS, HURRIED_MS = 5000, 500
"""Once a cue would come this far behind its frame, the one before it is cut to `HURRIED_MS`, so that cues catch up."""

LARGEST = 1 << 26
"""Bytes of a file that is read back: weeks of sentences have fewer."""


# When each cue begins and ends. In whole milliseconds of the source, as files have them.


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
    """Places cues one after another: none before its frame, none over another."""

    last: Cue | None = field(default=None, init=False)
    newest_ms: int = field(default=0, init=False)
    """Time in the file of the newest frame so far."""
    newest_number: int = field(default=-1, init=False)
    offset_ms: int = field(default=0, init=False)
    """What is added to times of the source once it has started over."""

    def add(self, text: str, media_s: float, number: int) -> list[Cue]:
        """Place the description of the frame with that time and number.

        Returns the previous cue, which may have been shortened for the new one, and the new one.
        """
        previous, at = self.last, self.time_of(media_s, number)
        start = self.start_after(previous, at) if previous else at
        self.newest_ms, self.newest_number = max(at, self.newest_ms), max(number, self.newest_number)
        self.last = Cue(previous.number + 1 if previous else 1, start, start + reading_ms(text), text)
        return [replace(previous, end_ms=min(previous.end_ms, start)), self.last] if previous else [self.last]

    def time_of(self, media_s: float, number: int) -> int:
        """A frame's time in the file. A newer frame with an earlier time means that the source has started over."""
        at = max(0, round(media_s * 1000)) + self.offset_ms
        if self.last and at < self.newest_ms and number > self.newest_number:
            self.offset_ms += self.last.end_ms - at
            return self.last.end_ms
        return at

    def start_after(self, previous: Cue, at: int) -> int:
        """After the previous cue for the same frame or an older one; for a newer one, once that can have been read."""
        if at <= self.newest_ms:
            return max(at, previous.end_ms)
        start = max(at, previous.start_ms + SHORTEST_MS)
        return start if start - at <= BEHIND_MS else max(at, previous.start_ms + HURRIED_MS)


@dataclass(slots=True)
class Timeline:
    """Times of frames in the file."""

    is_filmed: bool = True
    """Whether the source runs at the pace of the clock."""
    began_at: float | None = field(default=None, init=False)
    """Monotonic seconds at the file's time 0, with several cameras."""

    def place(self, frame: Frame) -> tuple[float, int]:
        """The frame's time in seconds, and its number. Several cameras share the time of the first that was described.

        Several clips that are read as fast as possible begin together, each at its time 0.
        """
        if not frame.camera:
            return frame.media_s, frame.number
        if not self.is_filmed:
            return frame.media_s, 0
        if self.began_at is None:
            self.began_at = frame.seen_at - frame.media_s
        return frame.seen_at - self.began_at, 0


def reading_ms(text: str) -> int:
    return min(LONGEST_MS, max(SHORTEST_MS, round(len(text) * 1000 / READ_PER_S)))


def is_placed(cue: Cue, following: Cue | None) -> bool:
    """Whether a cue lasts as `Cues` lets it: as long as reading takes, or cut short by the following one."""
    lasts_ms, reads_ms = cue.end_ms - cue.start_ms, reading_ms(cue.text)
    return lasts_ms == reads_ms or (
        following is not None and cue.end_ms == following.start_ms and 0 < lasts_ms < reads_ms
    )


# How cues are written


@dataclass(frozen=True, slots=True)
class Format:
    """A subtitle format."""

    header: str
    decimal_mark: str
    """Between seconds and milliseconds."""
    replacements: dict[str, str]
    """Special characters, and what is written for them."""

    def block(self, cue: Cue) -> bytes:
        """The cue and the empty line after it."""
        text = "".join(self.replacements.get(each, each) for each in cue.text)
        return f"{cue.number}\n{self.time(cue.start_ms)} --> {self.time(cue.end_ms)}\n{text}\n\n".encode()

    def wrote(self, content: BinaryIO) -> bool:
        """Whether looksay wrote this file and nothing in it has changed; SubRip has no comments to mark it with."""
        data = content.read(LARGEST)
        cues = list(self.parse(data.decode(errors="replace")))
        following = [*cues[1:], None][: len(cues)]
        is_whole = data == self.header.encode() + b"".join(map(self.block, cues))
        return is_whole and all(is_placed(cue, after) for cue, after in zip(cues, following, strict=True))

    def parse(self, text: str) -> Iterator[Cue]:
        """The cues that `block` has written."""
        for number, start, end, line in re.findall(r"(\d+)\n(\S+) --> (\S+)\n([^\n]+)\n\n", text):
            for plain, escaped in reversed(self.replacements.items()):
                line = line.replace(escaped, plain) if escaped.startswith("&") else line
            yield Cue(int(number), to_ms(start), to_ms(end), line)

    def time(self, ms: int) -> str:
        seconds, ms = divmod(ms, 1000)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{self.decimal_mark}{ms:03}"


def to_ms(time: str) -> int:
    """Milliseconds of a time in either format; 0 for anything else."""
    found = re.fullmatch(r"(\d{2,6}):(\d\d):(\d\d)[.,](\d{3})", time)
    hours, minutes, seconds, ms = map(int, found.groups()) if found else (0, 0, 0, 0)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


FORMATS = {
    ".vtt": Format("WEBVTT\n\n", ".", {"&": "&amp;", "<": "&lt;", ">": "&gt;"}),
    ".srt": Format("", ",", {"<": "‹", ">": "›", "{": "(", "}": ")"}),
}


class Subtitles:
    """Writes on a thread of its own. After every sentence the file is complete, including the last cue."""

    def __init__(self, path: str | Path, warn: Callable[[Notice], None], *, is_filmed: bool = True) -> None:
        """An existing file keeps its content until the first sentence. `warn` is called once, if cues are missing.

        `is_filmed`: whether the source runs at the pace of the clock.

        Raises:
            UsageError: the file's name ends neither in .vtt nor in .srt.
            OutputError: the file cannot be written to, or looksay did not write what is in it.
        """
        self.path, self.warn = user_path(path), warn
        self.banner = Banner(f"subtitles {readable(self.path)}")
        self.format = format_of(self.path)
        self.file, self.length = open_subtitles(self.path, self.format)
        self.last_at = self.length
        """Where in the file the last cue begins; `length`: bytes written by this run."""
        self.cues = Cues()
        self.timeline = Timeline(is_filmed)
        self.worker = Worker("subtitles", self._write, end=lambda: os.close(self.file), warn=self._warn)

    def tell(self, event: RunEvent) -> None:
        """Queue a sentence of any kind; never blocks."""
        if isinstance(event, Sentence) and (text := sanitize(event.text)):
            self.worker.put((text, *self.timeline.place(event.frame)))

    def close(self) -> None:
        """Write what waits and close the file."""
        self.worker.close()

    def _write(self, item: tuple[str, float, int]) -> None:
        """Write the previous cue again, now that its end is known, and the new one, in one write where possible."""
        blocks = [self.format.block(cue) for cue in self.cues.add(*item)]
        data = b"".join(blocks)
        try:
            if not self.length:
                self._begin()
            write_at(self.file, data, self.last_at)
        except OSError as failure:
            self.last_at = self.length  # the new cue is lost; there may be room for later ones
            with suppress(OSError):
                os.ftruncate(self.file, self.length)
            self.worker.complain(failure.strerror or str(failure))
        else:
            self.length = self.last_at + len(data)
            self.last_at = self.length - len(blocks[-1])

    def _begin(self) -> None:
        """Replace the content of an earlier run by the header."""
        if os.fstat(self.file).st_size:
            os.ftruncate(self.file, 0)
        write_at(self.file, self.format.header.encode(), 0)
        self.last_at = self.length = len(self.format.header)

    def _warn(self, reason: str) -> None:
        hint = f"Free up space for {readable(self.path)}, or choose another file with --subtitles."
        self.warn(Notice("subtitles", f"Some subtitles are missing: {reason}.", hint))


def format_of(path: Path) -> Format:
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        hint = "name it out.vtt (WebVTT, for browsers) or out.srt (SubRip, for players)"
        raise UsageError(f"--subtitles cannot write {readable(path.name)!r}: not .vtt or .srt", hint) from None


def open_subtitles(path: Path, form: Format) -> tuple[int, int]:
    """Open for writing; return the descriptor and how many bytes were written: the header, or 0 if it has content.

    Raises:
        OutputError: the file cannot be written to, or looksay did not write what is in it.
    """
    header = form.header.encode()
    try:
        file = open_own(path, 0, form.wrote, is_pipe_fine=False)  # its last cue is written twice
        if os.fstat(file).st_size:
            return file, 0
        write_at(file, header, 0)
    except OSError as failure:
        raise OutputError(*explain(failure, path, verb="written")) from failure
    return file, len(header)


def write_at(file: int, data: bytes, offset: int) -> None:
    """Write all of `data` at that offset."""
    written = 0
    while written < len(data):
        written += os.pwrite(file, data[written:], offset + written)
