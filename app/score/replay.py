"""A clock that stands still while a clip is read, and goes on with the work of a narrator."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from threading import Event

from app.events import AnyFrame, Banner, Chunk, Cost, Frame, Notice, Request, RunEvent, Sentence, Status
from app.protocols import Describer, Source
from app.score.log_reader import Telling, Told
from app.text import tidy


@dataclass(slots=True)
class Clock:
    """Seconds of the clip. Work takes as long on it as it takes here; waiting for a frame takes no time at all."""

    timer: Callable[[], float] = time.perf_counter
    at: float = field(default=0.0, init=False)
    """Where it was when it was last stopped or set."""
    since: float | None = field(default=None, init=False)
    """The timer's time when it was let go; None while it stands."""

    def now(self) -> float:
        return self.at if self.since is None else self.at + self.timer() - self.since

    def stand(self) -> None:
        """Stand still from now on."""
        self.at, self.since = self.now(), None

    def go(self, not_before: float = 0.0) -> None:
        """Go on, from `not_before` if it is not that late yet: somebody has waited until then."""
        self.at, self.since = max(self.now(), not_before), self.timer()


EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Dutiful:
    """Looks once a second, whatever there is to see."""

    describer: Describer
    prompt: str
    max_tokens: int

    def watch(self, source: Source, stop: Event) -> Iterator[Sentence]:
        due, described = 0.0, 0
        with closing(source.frames(stop)) as frames:
            for seen in frames:
                if isinstance(seen, Notice) or seen.seen_at < due or not (frame := seen.copy()):
                    continue
                due, described = frame.seen_at + EVERY_S, described + 1
                yield from self.describe(frame, described)

    def describe(self, frame: Frame, described: int) -> Iterator[Sentence]:
        """The whole description as one sentence: what such a program shows and reads out."""
        pieces = list(self.describer.describe(Request((frame,), self.prompt, self.max_tokens)))
        cost, text = pieces[-1].cost if pieces else Cost(), whole(pieces)
        if text:
            yield Sentence(text, "scene", frame, cost.first_word_s, cost, described)


def whole(pieces: Iterable[Chunk]) -> str:
    return tidy("".join(piece.text for piece in pieces))


Narrate = Callable[[Source, Event], Iterable[RunEvent]]
"""A live loop over a source; it reads the time from the clock that it is played on."""


@dataclass(slots=True)
class Played:
    """A source that gives the newest of a clip's frames, by the clock."""

    clip: Iterable[AnyFrame | Notice]
    """Every frame in turn."""
    clock: Clock
    banner: Banner = field(default=Banner("a clip that is scored"))
    media_s: float = field(default=0.0, init=False)
    """Of the frame that was given last."""

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        frames = (replace(each, seen_at=each.media_s) for each in self.clip if not isinstance(each, Notice))
        for seen in self.newest(frames):
            if stop.is_set():
                return
            self.media_s = seen.media_s
            self.clock.go(not_before=seen.seen_at)
            yield seen
            self.clock.stand()

    def newest(self, frames: Iterator[AnyFrame]) -> Generator[AnyFrame]:
        """Those that are the newest when they are asked for; where that has been given, the next one."""
        newest = next(frames, None)
        for newer in frames:
            if newest and newer.seen_at > self.clock.now():
                yield newest
            newest = newer
        if newest:
            yield newest


def play(narrate: Narrate, clip: Iterable[AnyFrame | Notice], clock: Clock) -> Telling:
    """Narrate all of the clip."""
    source, told, described = Played(clip, clock), [], 0
    for happening in narrate(source, Event()):
        told += heard(happening, source.media_s, clock.now())
        if isinstance(happening, Status | Sentence):
            described = max(described, happening.frames_described)
    return Telling(tuple(told), described)


def heard(happening: RunEvent, media_s: float, at: float) -> list[Told]:
    """What a listener has of it: one, or nothing."""
    if isinstance(happening, Sentence):
        return [Told("sentence", happening.kind, happening.text, happening.frame.media_s, at)]
    if isinstance(happening, Notice):
        return [Told("notice", happening.kind, happening.text, media_s, at)]
    return []
