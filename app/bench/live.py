"""A clip played as filmed: how old frames are when they are told of, and what it costs to keep up.

The describer and the source are watched from outside, so that every way of narrating is measured alike.
"""

import resource
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from math import inf
from threading import Event
from typing import Any

from app.bench.rows import Teller
from app.bench.spread import spread
from app.events import AnyFrame, Banner, Chunk, Cost, Notice, Request
from app.protocols import Describer, Source

INTERVAL_S = 1 / 30
"""Between two frames of the clip."""
EVERY_S = 1.0
"""Between two looks of a program that describes at a fixed interval."""


@dataclass(frozen=True, slots=True)
class Look:
    """One description, its times in seconds."""

    start_age_s: float
    """Age of the newest frame when the description was asked for."""
    first_word_age_s: float
    total_s: float
    encoded: int


@dataclass(slots=True)
class Watched:
    """A describer that notes what each description took."""

    teller: Teller
    banner: Banner = field(default=Banner("measured"))
    looks: list[Look] = field(default_factory=list)

    def describe(self, request: Request) -> Generator[Chunk]:
        seen_at, started, word_at = request.frames[-1].seen_at, time.monotonic(), 0.0
        piece = Chunk("", Cost())
        with closing(self.teller.describe(request)) as pieces:
            for piece in pieces:
                word_at = word_at or (time.monotonic() if piece.text.strip() else 0.0)
                yield piece
        ended = time.monotonic()
        self.looks.append(Look(started - seen_at, (word_at or ended) - seen_at, ended - started, piece.cost.encoded))

    def close(self) -> None:
        """The describer belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Given:
    """A frame that a source gave; times in monotonic seconds."""

    number: int
    seen_at: float
    at: float
    """When it was given."""


@dataclass(slots=True)
class Counted:
    """A source that ends `seconds` after its first frame, and notes which frames it gave."""

    source: Source
    seconds: float
    given: list[Given] = field(default_factory=list)

    @property
    def banner(self) -> Banner:
        return self.source.banner

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        ends_at = inf
        with closing(self.source.frames(stop)) as frames:
            for each in frames:
                now = time.monotonic()
                if now >= ends_at:
                    return
                if not isinstance(each, Notice):
                    ends_at = min(ends_at, now + self.seconds)
                    self.given.append(Given(each.number, each.seen_at, now))
                yield each


Narrate = Callable[[Describer, Source, Event], Iterable[object]]
"""A live loop, started with what it describes with and what it looks at; it is iterated until it ends."""


def at_intervals(prompt: str, max_tokens: int) -> Narrate:
    """The loop of programs that describe the newest frame every second, whatever it shows."""

    def narrate(describer: Describer, source: Source, stop: Event) -> Iterator[Chunk]:
        due = 0.0
        with closing(source.frames(stop)) as frames:
            for seen in frames:
                if isinstance(seen, Notice) or seen.seen_at < due:
                    continue
                if frame := seen.copy():
                    due = frame.seen_at + EVERY_S
                    yield from describer.describe(Request((frame,), prompt, max_tokens))

    return narrate


def played(key: str, narrate: Narrate, watched: Watched, counted: Counted) -> dict[str, Any]:
    """Narrate until the source ends; what it took, ready for JSON."""
    busy_s, began = cpu_s(), time.monotonic()
    for _ in narrate(watched, counted, Event()):
        pass
    return told(key, watched.looks, counted, cpu_s() - busy_s, time.monotonic() - began)


def told(key: str, looks: Sequence[Look], counted: Counted, busy_s: float, took_s: float) -> dict[str, Any]:
    a_minute = 60 / took_s
    return {
        "row": key,
        "seconds": took_s,
        "frames_seen": counted.given[-1].number + 1 if counted.given else 0,
        "frames_taken": len(counted.given),
        "frames_described": len(looks),
        "frames_queued": queued(counted),
        "age_at_start_ms": percentiles([look.start_age_s for look in looks]),
        "age_at_first_word_ms": percentiles([look.first_word_age_s for look in looks]),
        "caption_ms": asdict(found) if (found := spread([1e3 * look.total_s for look in looks])) else None,
        "described_a_minute": len(looks) * a_minute,
        "vision_passes_a_minute": sum(look.encoded for look in looks) * a_minute,
        "cpu_s_a_minute": busy_s * a_minute,
    }


def queued(counted: Counted) -> int:
    """Frames that were given although the one after them had been there for a camera interval."""
    return sum(
        newer.seen_at + INTERVAL_S < given.at for given, newer in zip(counted.given, counted.given[1:], strict=False)
    )


def percentiles(values_s: Sequence[float]) -> dict[str, float] | None:
    """Milliseconds that half and 19 of 20 stay within."""
    ordered = sorted(values_s)
    if not ordered:
        return None
    last = len(ordered) - 1
    return {"p50": 1e3 * ordered[round(0.5 * last)], "p95": 1e3 * ordered[round(0.95 * last)]}


def cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended: a source ends its capture process with it."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
