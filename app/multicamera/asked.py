"""`./run.sh ask` of several cameras: each answers about what it sees now, and when all have, it is over."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

from app.errors import ModelError, SourceError, UserError
from app.events import AnyFrame, Notice, RunEvent
from app.live.once import Once
from app.multicamera.loop import LOST
from app.multicamera.naming import Naming
from app.protocols import Source

PATIENCE_S = 10.0
"""From the first picture of any camera; one that has shown nothing by then keeps the others' answers no longer."""


@dataclass(slots=True)
class OnceEach:
    """One question, asked of every camera in turn."""

    each: Mapping[str, Once]
    waiting: set[str] = field(init=False)
    """Those that have neither answered nor failed."""
    failures: list[UserError] = field(default_factory=list, init=False)
    naming: Naming = field(init=False)
    began_at: float | None = field(default=None, init=False)
    """When the first picture was seen (monotonic s)."""

    def __post_init__(self) -> None:
        self.waiting, self.naming = set(self.each), Naming(len(self.each))

    @property
    def own_prompt(self) -> str:
        return next(iter(self.each.values())).own_prompt

    def watch(self, source: Source, stop: Event) -> Iterator[RunEvent]:
        """Yield the answers; of a camera that has none, why.

        Raises:
            UserError: none of them has answered.
        """
        with closing(source.frames(stop)) as frames:
            for seen in frames:
                if seen.camera in self.waiting:
                    for happening in self.see(seen, stop):
                        yield from self.naming.named(seen.camera, happening)
                if not self.waiting or self.is_late(seen):
                    break
        for name in sorted(self.waiting) if not stop.is_set() else ():
            unseen = self.each[name].unseen(name)
            self.fail(name, unseen)
            yield Notice("no answer", unseen.message, unseen.hint, name)
        if len(self.failures) == len(self.each):
            raise self.failures[0]

    def see(self, seen: AnyFrame | Notice, stop: Event) -> Iterator[RunEvent]:
        if isinstance(seen, Notice):
            yield seen
            if seen.kind == LOST[-1]:
                unseen = self.each[seen.camera].unseen(seen.camera)
                self.fail(seen.camera, SourceError(seen.text, seen.hint) if seen.hint else unseen)
            return
        once = self.each[seen.camera]
        try:
            if once.is_seen(seen) and (frame := seen.copy()):
                yield from once.answer(frame, stop)
                self.waiting.discard(seen.camera)
        except (SourceError, ModelError) as failure:
            yield Notice("no answer", failure.message, failure.hint)
            self.fail(seen.camera, failure)

    def is_late(self, seen: AnyFrame | Notice) -> bool:
        if isinstance(seen, Notice):
            return False
        self.began_at = seen.seen_at if self.began_at is None else self.began_at
        return seen.seen_at - self.began_at > PATIENCE_S

    def fail(self, name: str, failure: UserError) -> None:
        self.waiting.discard(name)
        self.failures.append(failure)
