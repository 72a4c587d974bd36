"""`./run.sh ask`: one question about what one camera or several see now, and the end."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from threading import Event

from app.errors import ModelError, SourceError, UserError
from app.events import AnyFrame, Ask, Frame, Notice, RunEvent
from app.frames.change import shrunk
from app.frames.visibility import Visibility
from app.live.controls import Controls
from app.live.labels import Labels
from app.live.narrator import LOST
from app.protocols import Source

WARM_UP_S = 1.0
"""Media seconds that a camera is given to see something: some begin with a black picture."""
PATIENCE_S = 10.0
"""Seconds after the first frame of any camera, after which a camera that has shown nothing is no longer waited for."""


@dataclass(slots=True)
class OneCamera:
    """The first frame of a camera in which something can be seen, and the answer about it."""

    controls: Controls
    question: str
    view: Visibility = field(default_factory=Visibility)
    trouble: SourceError | None = field(default=None, init=False)
    """What keeps the camera from seeing, while something does."""

    def is_seen(self, seen: AnyFrame) -> bool:
        """Whether to ask about this frame; a camera is given a moment to see anything.

        Raises:
            SourceError: it still cannot see.
        """
        for notice in self.view.judge(shrunk(seen.view), seen.media_s):
            self.trouble = SourceError(notice.text, notice.hint) if self.view.is_blocked else None
        if self.trouble and seen.media_s >= WARM_UP_S:
            raise self.trouble
        return not self.view.is_blocked

    def answer(self, frame: Frame, stop: Event) -> Iterator[RunEvent]:
        """Raises ModelError if the model gives no answer."""
        self.controls.count = 1
        self.controls.queue.put_back(self.controls.camera, Ask(self.question))
        yield from self.controls.run_commands(frame, stop.is_set)
        if self.controls.last_sentence is None and not stop.is_set():
            raise ModelError("the model gave no answer", "rephrase the question, or try another model: --model NAME")

    def nothing_seen(self, name: str) -> SourceError:
        if self.trouble:
            return self.trouble
        if self.view.is_blocked:
            return SourceError(f"nothing can be seen in {name}: it is dark, covered or blurred", "take another picture")
        return SourceError(f"{name} showed nothing", "check that it plays in another program")


@dataclass(slots=True)
class Once:
    """Asks every camera in turn; with several, a camera that fails does not keep the others from answering."""

    cameras: Mapping[str, OneCamera]
    """By name; a single camera has none: ""."""
    waiting: set[str] = field(init=False)
    """Cameras that have neither answered nor failed."""
    failures: list[UserError] = field(default_factory=list, init=False)
    labels: Labels = field(init=False)
    began_at: float | None = field(default=None, init=False)
    """When the first frame was seen (monotonic s)."""

    def __post_init__(self) -> None:
        self.waiting, self.labels = set(self.cameras), Labels(len(self.cameras))

    @property
    def model_prompt(self) -> str:
        """The prompt of this run: the question."""
        return next(iter(self.cameras.values())).question

    def watch(self, source: Source, stop: Event) -> Iterator[RunEvent]:
        """Yield the answers; of a camera that has none, why.

        Raises:
            UserError: no camera has answered.
        """
        with closing(source.frames(stop)) as frames:
            for seen in frames:
                for event in self.see(seen, stop) if seen.camera in self.waiting else ():
                    yield from self.labels.label(seen.camera, event)
                if not self.waiting or self.is_late(seen):
                    break
        for name in sorted(self.waiting) if not stop.is_set() else ():
            unseen = self.cameras[name].nothing_seen(name or source.banner.name)
            yield from (replace(notice, camera=name) for notice in self.fail(name, unseen))
        if len(self.failures) == len(self.cameras):
            raise self.failures[0]

    def see(self, seen: AnyFrame | Notice, stop: Event) -> Iterator[RunEvent]:
        camera = self.cameras[seen.camera]
        if isinstance(seen, Notice):
            yield seen
            if seen.kind == LOST[-1]:
                self.waiting.discard(seen.camera)
                unseen = camera.nothing_seen(seen.camera)
                self.failures.append(SourceError(seen.text, seen.hint) if seen.hint else unseen)
            return
        try:
            if camera.is_seen(seen) and (frame := seen.copy()):
                yield from camera.answer(frame, stop)
                self.waiting.discard(seen.camera)
        except (SourceError, ModelError) as failure:
            yield from self.fail(seen.camera, failure)

    def fail(self, name: str, failure: UserError) -> Iterator[Notice]:
        """A camera has no answer; a single camera's failure is raised, so that it needs no notice."""
        self.waiting.discard(name)
        self.failures.append(failure)
        if len(self.cameras) > 1:
            yield Notice("no answer", failure.message, failure.hint)

    def is_late(self, seen: AnyFrame | Notice) -> bool:
        if isinstance(seen, Notice) or len(self.cameras) == 1:
            return False
        self.began_at = seen.seen_at if self.began_at is None else self.began_at
        return seen.seen_at - self.began_at > PATIENCE_S
