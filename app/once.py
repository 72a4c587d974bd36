"""`./run.sh ask`: one question about what is to be seen now, and the end."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

from app.desk import Desk
from app.flow import Happening, Notice, Seen, Source
from app.gate import shrunk
from app.orders import Ask
from app.view import View

PATIENCE_S = 1.0
"""Media seconds that a camera is given to see something: some begin with a black picture."""


@dataclass(slots=True)
class Once:
    """Asks about the first frame in which something can be seen."""

    desk: Desk
    question: str
    view: View = field(default_factory=View)
    warnings: tuple[str, ...] = ()

    def watch(self, source: Source, stop: Event) -> Iterator[Happening]:
        """Yield the answer, or why there is none."""
        with closing(source.frames(stop)) as frames:
            for seen in frames:
                if isinstance(seen, Notice):
                    yield seen
                elif self.is_seen(seen):
                    self.desk.orders.give(Ask(self.question))
                    yield from self.desk.obey(seen, stop.is_set)
                    return

    def is_seen(self, seen: Seen) -> bool:
        """Whether to ask about this frame; what keeps the camera from seeing is then told in place of an answer."""
        for notice in self.view.judge(shrunk(seen.view), seen.media_s):
            self.desk.hindrance = notice if self.view.is_blocked else None
        return not self.view.is_blocked or seen.media_s >= PATIENCE_S
