"""The live loop of several cameras: who is looked at next, and how many descriptions are under way.

    cameras ──▶ the one with a newer frame whose turn was longest ago ──▶ its narrator ──▶ named happenings

As many work at once as the model describes at once. Each takes the next camera, looks at its newest frame and, if that
is worth it, has it described; only then it takes another. So no question ever waits behind another, no frame ages in a
queue, and with more to tell than can be told every camera is told of less often, all of them alike. It opens no camera
and loads no model.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from threading import Event, Lock

from app.events import (
    AnyFrame,
    ChangeVerbosity,
    DescribeMore,
    Notice,
    Repeated,
    RepeatLast,
    RunEvent,
    Sentence,
    UpdateSettings,
)
from app.live.controls import QueuedCommand, nothing_yet
from app.live.narrator import Narrator
from app.live.verbosity import Verbosity, louder
from app.multicamera.naming import Naming
from app.multicamera.orders import Everyone
from app.multicamera.turns import Turns
from app.protocols import Source
from app.threads import merge

Told = tuple[str, RunEvent]
"""A camera's name, or none, and what is told of it."""
LOST = ("camera lost", "camera ended")


@dataclass(slots=True)
class Crowd:
    """Narrators by the names of their cameras, and the one model that they share."""

    narrators: Mapping[str, Narrator]
    orders: Everyone
    turns: Turns
    """The source's: by which it chooses whose frame comes next."""
    at_once: int = 1
    """Descriptions under way at most; for more than one the describer must bear several threads."""
    turn: AbstractContextManager[object] = field(default_factory=Lock)
    """Held by the one that takes a frame."""
    naming: Naming = field(init=False)
    interrupted: set[str] = field(default_factory=set, init=False)
    """Cameras that have told something since their last frame."""
    level: Verbosity | None = field(default=None, init=False)
    """How much is said, once somebody has wanted it otherwise."""

    def __post_init__(self) -> None:
        self.naming = Naming(len(self.narrators))

    @property
    def own_prompt(self) -> str:
        return next(iter(self.narrators.values())).own_prompt

    def watch(self, source: Source, stop: Event) -> Iterator[RunEvent]:
        """Yield what happens until all cameras have ended or `stop` is set."""
        with closing(source.frames(stop)) as frames:
            for name, happening in merge([self.work(frames, stop) for _ in range(self.at_once)], stop):
                yield from self.naming.named(name, happening) if name else (happening,)
            for name, narrator in self.narrators.items():
                for happening in narrator.end(stop):
                    yield from self.naming.named(name, happening)

    def work(self, frames: Generator[AnyFrame | Notice], stop: Event) -> Iterator[Told]:
        """Take one camera after the other, until there are no more frames."""
        while (seen := self.next(frames)) is not None and not stop.is_set():
            for order in self.orders.taken():
                yield from (("", each) for each in self.obey(order))
            if isinstance(seen, Notice):
                yield seen.camera, seen
            else:
                yield from self.see(seen, stop)

    def next(self, frames: Generator[AnyFrame | Notice]) -> AnyFrame | Notice | None:
        """The next frame of a camera that nobody is busy with, or what a camera tells; None: there are no more."""
        with self.turn:
            for seen in frames:
                own = self.orders.members[seen.camera]
                if isinstance(seen, Notice):
                    self.interrupted.add(seen.camera)
                    own.is_present &= seen.kind not in LOST
                    return seen
                own.is_present = True
                if self.turns.begin(seen.camera):
                    return seen
        return None

    def see(self, seen: AnyFrame, stop: Event) -> Iterator[Told]:
        """Look at the frame, and have it described if it is worth it; nobody else looks at this camera meanwhile."""
        name, narrator = seen.camera, self.narrators[seen.camera]
        if name in self.interrupted:
            self.interrupted.discard(name)
            narrator.forget()
        try:
            yield from ((name, each) for each in narrator.see(seen, stop))
        finally:
            (self.turns.keep if narrator.attention.is_undecided else self.turns.end)(name)

    def obey(self, order: QueuedCommand) -> Iterator[RunEvent]:
        """Do what is asked of nobody in particular."""
        said = self.naming.said
        match order:
            case RepeatLast():
                yield Repeated(said) if said else nothing_yet()
            case DescribeMore():
                yield from self.more(said)
            case ChangeVerbosity():
                yield from self.louder(order.steps)

    def more(self, said: Sentence | None) -> Iterator[RunEvent]:
        """The one that spoke last says more."""
        if said is None:
            yield nothing_yet()
        else:
            self.orders.members[said.frame.camera].put(DescribeMore())

    def louder(self, steps: int) -> Iterator[Notice]:
        """All of them alike, from where the first one is."""
        self.level = louder(self.level or next(iter(self.narrators.values())).desk.verbosity, steps)
        self.orders.put(UpdateSettings({"verbosity": self.level.name}))
        yield Notice("verbosity", f"{self.level.name.capitalize()}.")
