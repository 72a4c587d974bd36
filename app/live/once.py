"""`./run.sh ask`: one question about what is to be seen now, and the end."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

from app.errors import ModelError, SourceError
from app.events import AnyFrame, Ask, Frame, Notice, RunEvent
from app.frames.change import shrunk
from app.frames.visibility import View
from app.live.controls import Desk
from app.protocols import Source

PATIENCE_S = 1.0
"""Media seconds that a camera is given to see something: some begin with a black picture."""


@dataclass(slots=True)
class Once:
    """Asks about the first frame in which something can be seen."""

    desk: Desk
    question: str
    view: View = field(default_factory=View)
    trouble: SourceError | None = field(default=None, init=False)
    """What keeps the camera from seeing, while something does."""

    @property
    def own_prompt(self) -> str:
        return self.question

    def watch(self, source: Source, stop: Event) -> Iterator[RunEvent]:
        """Yield the answer.

        Raises:
            SourceError: there is no frame, or nothing can be seen in it.
            ModelError: the model gave no answer.
        """
        with closing(source.frames(stop)) as frames:
            for seen in frames:
                if isinstance(seen, Notice):
                    yield seen
                elif self.is_seen(seen) and (frame := seen.copy()):
                    yield from self.answer(frame, stop)
                    return
        if not stop.is_set():
            raise self.trouble or self.unseen(source.banner.name)

    def answer(self, frame: Frame, stop: Event) -> Iterator[RunEvent]:
        self.desk.count = 1
        self.desk.orders.put(Ask(self.question))
        yield from self.desk.obey(frame, stop.is_set)
        if self.desk.said is None and not stop.is_set():
            raise ModelError("the model gave no answer", "ask it in other words, or another one: --model NAME")

    def unseen(self, name: str) -> SourceError:
        if self.view.is_blocked:
            return SourceError(f"nothing can be seen in {name}: it is dark, covered or blurred", "take another picture")
        return SourceError(f"{name} showed nothing", "see whether it plays elsewhere")

    def is_seen(self, seen: AnyFrame) -> bool:
        """Whether to ask about this frame; a camera is given a moment to see anything.

        Raises:
            SourceError: it still cannot see.
        """
        for notice in self.view.judge(shrunk(seen.view), seen.media_s):
            self.trouble = SourceError(notice.text, notice.hint) if self.view.is_blocked else None
        if self.trouble and seen.media_s >= PATIENCE_S:
            raise self.trouble
        return not self.view.is_blocked
