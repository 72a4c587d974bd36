"""Interfaces between the parts of a run: source, describer, output, run controls."""

from collections.abc import Generator, Sequence
from threading import Event
from typing import Protocol

from app.events import AnyFrame, Banner, CameraChoice, Chunk, Command, ModelChoice, Notice, Request, RunEvent


class Source(Protocol):
    """A source of frames. Each frame yielded is the newest one; those missed in between are dropped."""

    @property
    def banner(self) -> Banner: ...

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        """Yield frames, and notices in between, until the source ends or `stop` is set.

        Raises:
            SourceError: it cannot be opened, with a hint.
        """
        ...


class Describer(Protocol):
    """A model that turns frames into words. Used only by the thread that made it."""

    @property
    def banner(self) -> Banner: ...

    def describe(self, request: Request) -> Generator[Chunk]:
        """Yield the description as it comes, cleaned (`app.cleaning`); to cancel, close the iterator.

        Raises:
            ModelError: the model failed, with a hint.
        """
        ...

    def close(self) -> None:
        """Release what the thread holds; may be called twice."""
        ...


class Output(Protocol):
    """A destination of events: terminal, voice, log, page. `tell` never blocks."""

    @property
    def banner(self) -> Banner: ...

    def tell(self, event: RunEvent) -> None: ...

    def close(self) -> None:
        """Finish what must be finished, stop the rest at once; may be called twice."""
        ...


class RunControls(Protocol):
    """Controls of a run for interactive outputs such as the page. Any thread may use them; lists take their time."""

    def send(self, command: Command) -> None: ...

    def switch(self, source: str | None, model: str | None) -> None:
        """Switch to another source, another model, or both (None: as it is). A notice says how it went.

        Raises:
            UserError: there is no such source, or the model is not installed.
        """
        ...

    def cameras(self) -> Sequence[CameraChoice]: ...

    def models(self) -> Sequence[ModelChoice]: ...
