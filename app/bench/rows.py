"""One way of describing frames, and one caption of it, measured from outside: the same clock for every row."""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from app.cleaning import clean
from app.events import Chunk, Cost, Request


class Teller(Protocol):
    """What is needed of a describer to time it."""

    def describe(self, request: Request) -> Generator[Chunk]: ...


@dataclass(frozen=True, slots=True)
class Memory:
    """A count of bytes that can be set back."""

    reset: Callable[[], None]
    peak: Callable[[], int]
    """The most bytes alive at once since it was set back."""


@dataclass(frozen=True, slots=True)
class Row:
    """A competitor. All of them are given the same frames."""

    key: str
    """A letter or a name, for tables and JSON."""
    words: str
    """What it is called, and behind a colon what exactly is done."""
    teller: Teller
    prepare: Callable[[Request], object] | None = None
    """From the frames to what the model takes, and no further; None where it cannot be told apart."""
    memory: Memory | None = None
    """None where nobody counts."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What one description took."""

    text: str
    """Cleaned, whoever described: texts are compared."""
    preprocessing_s: float | None
    first_word_s: float
    """From the request to the first piece of text that is not blank; the whole time where there is none."""
    total_s: float
    cost: Cost
    """As the describer counts; its times are not used."""
    peak_bytes: int | None


def measured(row: Row, request: Request) -> Caption:
    """Describe once. What the describer yields first is waited for, so MLX's laziness hides nothing."""
    preprocessing_s = prepared(row, request)
    if row.memory:
        row.memory.reset()
    text, cost, first_word_s, started = "", Cost(), 0.0, time.perf_counter()
    with closing(row.teller.describe(request)) as pieces:
        for piece in pieces:
            text, cost = text + piece.text, piece.cost
            if not first_word_s and text.strip():
                first_word_s = time.perf_counter() - started
    total_s = time.perf_counter() - started
    peak = row.memory.peak() if row.memory else None
    return Caption(clean(text, request.prompt).strip(), preprocessing_s, first_word_s or total_s, total_s, cost, peak)


def prepared(row: Row, request: Request) -> float | None:
    """Seconds that preprocessing alone takes, outside of the caption's own time."""
    if row.prepare is None:
        return None
    started = time.perf_counter()
    row.prepare(request)
    return time.perf_counter() - started
