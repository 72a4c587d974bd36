"""Shared parts of `bench` and `score`: the narrator that both compare looksay with, percentiles, reading of files."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from threading import Event

from app.errors import UserError
from app.events import Chunk, Cost, Frame, Notice, Request, Sentence
from app.files import explain, read_small
from app.protocols import Describer, Source
from app.text import tidy

LARGEST_FILE = 1 << 30
"""Bytes of a result, a truth or a log."""


@dataclass(frozen=True, slots=True)
class EverySecond:
    """The loop of webcam demos: describe the newest frame every second, whatever it shows, and say all of it."""

    describer: Describer
    prompt: str
    max_tokens: int

    def watch(self, source: Source, stop: Event) -> Iterator[Sentence]:
        due, described = 0.0, 0
        with closing(source.frames(stop)) as frames:
            for each in frames:
                if isinstance(each, Notice) or each.seen_at < due or not (frame := each.copy()):
                    continue
                due, described = frame.seen_at + 1.0, described + 1
                yield from self._describe(frame, described)

    def _describe(self, frame: Frame, described: int) -> Iterator[Sentence]:
        """The whole description as one sentence; none if it is empty."""
        chunks: list[Chunk] = list(self.describer.describe(Request((frame,), self.prompt, self.max_tokens)))
        cost = chunks[-1].cost if chunks else Cost()
        if text := tidy("".join(chunk.text for chunk in chunks)):
            yield Sentence(text, "scene", frame, cost.first_word_s, cost, described)


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The smallest value that `percent` of all do not exceed (nearest rank); None of nothing."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)] if values else None


def read_text(path: Path, error: type[UserError], kind: str = "file") -> str:
    """The text of a file. Raises `error` if it cannot be read; `kind`: what is expected there."""
    try:
        return read_small(path, LARGEST_FILE).decode()
    except (OSError, UnicodeError) as failure:
        raise error(*explain(failure, path, kind)) from failure
