"""Opens a camera while the model loads: it takes its time to wake, and what it has to say is told at once.

A thread looks at it, and lets its frames go by, until the narrator takes over.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Thread
from types import TracebackType
from typing import Self

from app.events import AnyFrame, Banner, Notice
from app.protocols import Source


@dataclass(slots=True)
class Ahead:
    """A source that is under way before it is looked at; a `Source` itself, for as long as its `with` block lasts."""

    source: Source
    stop: Event
    tell: Callable[[Notice], None]
    """Is told what the source says before anybody looks, on a thread of its own."""
    fail: Callable[[Exception], None]
    """Is told what keeps it from being opened, likewise, once `stop` is set."""
    is_wanted: Event = field(default_factory=Event, init=False)
    newest: AnyFrame | None = field(default=None, init=False)
    seen: Generator[AnyFrame | Notice] = field(init=False)
    watch: Thread = field(init=False)

    def __post_init__(self) -> None:
        self.seen = self.source.frames(self.stop)
        self.watch = Thread(target=self._let_go_by, name="ahead")

    def __enter__(self) -> Self:
        self.watch.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, what: BaseException | None, at: TracebackType | None) -> None:
        if self.watch.is_alive():  # the model has failed: nobody will look
            self.stop.set()
        self.watch.join()
        self.seen.close()

    @property
    def banner(self) -> Banner:
        return self.source.banner

    def frames(self, _stop: Event) -> Generator[AnyFrame | Notice]:
        """See `Source.frames`; begins with the first frame that comes after this was asked for."""
        self.is_wanted.set()
        self.watch.join()
        if self.newest:
            yield self.newest
        with closing(self.seen):
            yield from self.seen

    def _let_go_by(self) -> None:
        try:
            for seen in self.seen:
                if isinstance(seen, Notice):
                    self.tell(seen)
                elif self.is_wanted.is_set():
                    self.newest = seen
                    return
        except Exception as failure:  # noqa: BLE001 — raised again on the main thread
            self.stop.set()
            self.fail(failure)
