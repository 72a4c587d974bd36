"""Measuring: rows in turns over the same frames of a clip, and the live figures: frame age, CPU, memory."""

import math
import resource
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from math import inf
from statistics import median, quantiles
from threading import Event
from typing import Any, Protocol

import numpy as np

from app.cleaning import clean
from app.events import AnyFrame, Banner, Chunk, Cost, Frame, Notice, Request
from app.protocols import Describer, Source

NOISE = 4
"""Levels of 255, up or down: a webcam's sensor in a lit room."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames for a bench, a second apart."""

    name: str
    words: str
    frames: Iterator[Frame]


def still(frame: Frame, seed: int = 1) -> Generator[Frame]:
    """One scene again and again, a second apart, each time with other sensor noise."""
    rng, number = np.random.default_rng(seed), 0
    while True:
        noise = rng.integers(-NOISE, NOISE + 1, frame.pixels.shape, np.int16)
        pixels = np.clip(frame.pixels + noise, 0, 255).astype(np.uint8)
        yield replace(frame, pixels=pixels, media_s=float(number), number=number)
        number += 1


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


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle half of some numbers."""

    median: float
    q1: float
    q3: float
    count: int


def spread(values: Sequence[float]) -> Spread | None:
    """None of nothing; a single number is its own quartiles."""
    if not values:
        return None
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    first, _, third = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), first, third, len(values))


SLOW = 5.0
"""A row that takes so many times as long as the quickest describes only the first frame of each clip in a round."""
SPARED_S = 0.25
"""Unless it is quicker than this: little is spared then, and a draft that was right makes any other row look slow."""
TRIALS, TRIED_S = 3, 1.0
"""Frames to warm up with and to judge by; a row that takes longer than so many seconds is judged by its first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done, and what is asked of every frame."""

    rounds: int
    captions: int
    """Frames of each clip in a round."""
    prompt: str
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Take:
    """One row's caption of one frame."""

    row: str
    clip: str
    round: int
    place: int
    """Of the frame, in the round's part of the clip."""
    caption: Caption


def play(rows: Sequence[Row], clips: Sequence[Clip], plan: Plan, tell: Callable[[str], None]) -> list[Take]:
    """All takes, the warm-up's left out; `tell` hears how far it is."""
    tell("warm-up")
    slow = slow_rows(rows, clips[0], plan)
    takes: list[Take] = []
    for number in range(plan.rounds):
        for clip in clips:
            tell(f"round {number + 1} of {plan.rounds}, {clip.name}")
            frames = list(islice(clip.frames, plan.captions))
            takes += (take(*turn, clip, number, plan) for turn in turns(rows, slow, frames, number))
    return takes


def slow_rows(rows: Sequence[Row], clip: Clip, plan: Plan) -> frozenset[str]:
    """Let every row describe a few frames, and say which are slow, by its quickest: one is cold, any may be held up."""
    requests = [asked(frame, plan) for frame in islice(clip.frames, TRIALS)]
    took = {row.key: tried(row, requests) for row in rows}
    limit_s = max(SPARED_S, SLOW * min(took.values()))
    return frozenset(key for key, seconds in took.items() if seconds > limit_s)


def tried(row: Row, requests: Sequence[Request]) -> float:
    """Seconds that the quickest of these descriptions took."""
    quickest_s = math.inf
    for request in requests:
        quickest_s = min(quickest_s, measured(row, request).total_s)
        if quickest_s > TRIED_S:
            break
    return quickest_s


def turns(
    rows: Sequence[Row], slow: frozenset[str], frames: Sequence[Frame], number: int
) -> Iterator[tuple[Row, Frame, int]]:
    """A B C D, B C D A, …: row, frame, and the frame's place."""
    for place, frame in enumerate(frames):
        first = (number + place) % len(rows)
        for row in (*rows[first:], *rows[:first]):
            if place == 0 or row.key not in slow:
                yield row, frame, place


def take(row: Row, frame: Frame, place: int, clip: Clip, number: int, plan: Plan) -> Take:
    return Take(row.key, clip.name, number, place, measured(row, asked(frame, plan)))


def asked(frame: Frame, plan: Plan) -> Request:
    return Request((frame,), plan.prompt, plan.max_tokens)


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
