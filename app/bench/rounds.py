"""Who describes which frame, and when: the rows in turns, frame by frame, the first of them another one each time.

No frame is shown to a row twice. A round before the first one warms up and is not counted.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from app.bench.clips import Clip
from app.bench.rows import Caption, Row, measured
from app.events import Frame, Request

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
