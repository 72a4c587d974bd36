"""Several cameras as one source: of each the newest frame, and of those that have one the camera whose turn it is.

Every camera has a thread of its own that reads it, so that one which hangs, is slow to open or fails keeps none of the
others waiting. Nothing queues: a frame that was not taken is replaced by the camera's next; but pictures, which are
there to be told one by one, wait for their turns. It judges no picture.
"""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from threading import Event, Thread

from app.errors import SourceError
from app.events import AnyFrame, Banner, Notice
from app.protocols import Source
from app.sources.video import Stills
from app.threads import TURN_S, FairTurns

ENDED = "camera ended"
"""Kind of the notice that a camera gives no picture any more: it has come to its end, or could not be opened."""


@dataclass(frozen=True, slots=True)
class CameraGroup:
    """Cameras by name; each frame has it, and each notice begins with it."""

    cameras: Mapping[str, Source]
    turns: FairTurns
    is_lossless: bool = False
    """Whether every frame waits to be taken, as with files that are read as fast as possible (`--asap`)."""

    @property
    def banner(self) -> Banner:
        banners = {name: camera.banner for name, camera in self.cameras.items()}
        by_words: dict[str, list[str]] = {}
        for name, banner in banners.items():
            for words in banner.warnings:
                by_words.setdefault(words, []).append(name)
        listed = ", ".join(f"{name} ({banner.name})" for name, banner in banners.items())
        warnings = tuple(f"{', '.join(names)}: {words}" for words, names in by_words.items())
        return Banner(f"{len(banners)} cameras: {listed}" if len(banners) > 1 else listed, warnings)

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        """See `Source.frames`; it ends with the last camera.

        Raises:
            SourceError: none of them has ever given a picture.
        """
        slots, left = Slots(self.turns, len(self.cameras)), Event()
        readers = [
            Thread(target=read, args=(slots, name, camera, left, self.is_lossless), name="reader")
            for name, camera in self.cameras.items()
        ]
        for reader in readers:
            reader.start()
        try:
            while not stop.is_set() and not slots.is_over:
                yield from slots.take(TURN_S)
        finally:
            left.set()
            for reader in readers:
                reader.join()


@dataclass(slots=True)
class Slots:
    """A slot for one frame a camera, between the threads that read and the one that takes."""

    turns: FairTurns
    count: int
    """How many cameras there are."""
    fresh: dict[str, AnyFrame] = field(default_factory=dict, init=False)
    notices: list[Notice] = field(default_factory=list, init=False)
    ended: set[str] = field(default_factory=set, init=False)
    has_begun: bool = field(default=False, init=False)
    """A frame has come."""
    failure: BaseException | None = field(default=None, init=False)
    """What is raised at the end."""

    def put(self, name: str, what: AnyFrame | Notice) -> None:
        with self.turns.changed:
            if isinstance(what, Notice):
                self.notices.append(replace(what, text=f"{name}: {what.text}", camera=name))
            else:
                self.fresh[name], self.has_begun = replace(what, camera=name), True
            self.turns.changed.notify_all()

    def wait_for_turn(self, name: str, left: Event) -> None:
        """Until the camera's frame is taken, or `left` is set."""
        with self.turns.changed:
            while name in self.fresh and not left.is_set():
                self.turns.changed.wait(TURN_S)

    def end(self, name: str, failure: BaseException | None = None) -> None:
        """No more will come from this one. What is no fault of a camera is a defect, and is raised at once."""
        message, hint = f"{name}: There are no more pictures.", ""
        if isinstance(failure, SourceError):
            message, hint = f"{name}: {failure.message}", failure.hint
            failure = SourceError(message, hint)
        with self.turns.changed:
            self.ended.add(name)
            self.failure = self.failure or failure
            self.notices.append(Notice(ENDED, message, hint, name))
            self.turns.changed.notify_all()

    def take(self, timeout_s: float) -> list[AnyFrame | Notice]:
        """The notices that are due, or else one frame; empty when nothing came in time, or it is over."""
        with self.turns.changed:
            self.turns.changed.wait_for(
                lambda: any(map(self._is_due, self.notices)) or self.turns.are_any(self.fresh) or self.is_over,
                timeout_s,
            )
            self._raise()
            if told := [each for each in self.notices if self._is_due(each)]:
                self.notices = [each for each in self.notices if not self._is_due(each)]
                return list(told)
            name = self.turns.next(self.fresh)
            if name is None:
                return []
            self.turns.changed.notify_all()
            return [self.fresh.pop(name)]

    def _is_due(self, notice: Notice) -> bool:
        """Whether it can be told: that a camera has ended, only behind its last frame."""
        return notice.kind != ENDED or notice.camera not in self.fresh

    def _raise(self) -> None:
        is_fault = isinstance(self.failure, SourceError)
        if self.failure and (not is_fault or (self._have_ended and not self.has_begun)):
            raise self.failure

    @property
    def _have_ended(self) -> bool:
        return len(self.ended) == self.count

    @property
    def is_over(self) -> bool:
        """Whether all has been taken that will ever come."""
        with self.turns.changed:
            return self._have_ended and not self.fresh and not self.notices


def read(slots: Slots, name: str, camera: Source, left: Event, is_lossless: bool = False) -> None:
    """One camera to its end, or until `left` is set; runs in a thread of its own."""
    try:
        with closing(camera.frames(left)) as frames:
            for what in frames:
                slots.put(name, what)
                if is_lossless or isinstance(camera, Stills):
                    slots.wait_for_turn(name, left)
    except BaseException as failure:  # noqa: BLE001 — told of, or raised again, by the thread that takes
        slots.end(name, failure)
    else:
        slots.end(name)
