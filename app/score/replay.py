"""A clip narrated as if it were live, on a clock of its own: a minute of clip takes as long as the work in it.

The narrator gets the newest frame, as from a camera: while a description takes 80 ms, 80 ms of frames pass unseen.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from threading import Event

from app.events import AnyFrame, Banner, Notice, RunEvent, Sentence, Status
from app.protocols import Source
from app.score.fake_clock import Clock
from app.score.log_reader import Telling, Told

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
