"""`./run.sh ask` of several cameras: each answers about what it sees now, and when all have, it is over."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

from app.crowd.loop import LOST
from app.crowd.naming import Naming
from app.errors import Explained, ModelError, SourceError
from app.flow import Happening, Notice, Seen, Source
from app.once import Once


@dataclass(slots=True)
class OnceEach:
    """One question, asked of every camera in turn."""

    each: Mapping[str, Once]
    warnings: tuple[str, ...] = ()
    waiting: set[str] = field(init=False)
    """Those that have neither answered nor failed."""
    failures: list[Explained] = field(default_factory=list, init=False)
    naming: Naming = field(init=False)

    def __post_init__(self) -> None:
        self.waiting, self.naming = set(self.each), Naming(len(self.each))

    @property
    def own_prompt(self) -> str:
        return next(iter(self.each.values())).own_prompt

    def watch(self, source: Source, stop: Event) -> Iterator[Happening]:
        """Yield the answers; of a camera that has none, why.

        Raises:
            Explained: none of them has answered.
        """
        with closing(source.frames(stop)) as frames:
            for seen in frames:
                if seen.camera in self.waiting:
                    for happening in self.see(seen, stop):
                        yield from self.naming.named(seen.camera, happening)
                if not self.waiting:
                    break
        if len(self.failures) == len(self.each):
            raise self.failures[0]

    def see(self, seen: Seen | Notice, stop: Event) -> Iterator[Happening]:
        if isinstance(seen, Notice):
            yield seen
            if seen.kind == LOST[-1]:
                self.fail(seen.camera, SourceError(f"{seen.camera}: {seen.text}", seen.remedy))
            return
        once = self.each[seen.camera]
        try:
            if once.is_seen(seen) and (frame := seen.kept()):
                yield from once.answer(frame, stop)
                self.waiting.discard(seen.camera)
        except (SourceError, ModelError) as failure:
            yield Notice("no answer", failure.message, failure.remedy)
            self.fail(seen.camera, failure)

    def fail(self, name: str, failure: Explained) -> None:
        self.waiting.discard(name)
        self.failures.append(failure)
