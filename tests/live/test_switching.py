"""Going over to another source or model while it runs: what is kept, what is told, and what happens where it fails."""

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import numpy as np
import pytest

from app.errors import ModelError, SourceError
from app.events import AnyFrame, Banner, Frame, Notice, RunEvent, RunStarted, Status
from app.live.captioner import Captioner
from app.live.session import Inference, Loop, Prefetch, Selection
from app.protocols import Describer, Source
from tests.fake_describer import ScriptedDescriber
from tests.waiting import LIMIT_S, until

FIRST = Selection("door", "small")
BARE = Status(0.0, 1, 1, 0.0, 0.0, 0)


class Camera:
    """One frame after the other, until it is stopped."""

    def __init__(self, name: str) -> None:
        self.banner = Banner(name, (f"{name} is a drawing.",))

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        pixels, number = np.zeros((2, 2, 3), np.uint8), 0
        while not stop.wait(0.002):
            yield Frame(pixels, 0.0, float(number), number)
            number += 1


@dataclass
class Watching:
    """A loop that yields a status for every frame."""

    describer: Describer
    warnings: tuple[str, ...] = ()
    model_prompt: str = "What?"

    def watch(self, source: Source, stop: Event) -> Iterator[RunEvent]:
        for _ in source.frames(stop):
            yield BARE


@dataclass
class Theatre:
    """A stage whose sources and models are names; some of them are not there."""

    live: bool = False
    made: list[str] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    describers: list[ScriptedDescriber] = field(default_factory=list)

    def is_live(self, _selection: Selection) -> bool:
        return self.live

    def source(self, selection: Selection) -> Source:
        self.made.append(f"source {selection.source}")
        if selection.source == "missing":
            raise SourceError("there is no such camera", "take another")
        return Shut() if selection.source == "shut" else Camera(selection.source)

    def describer(self, selection: Selection) -> Describer:
        assert all(each.is_closed for each in self.describers), "two models at once may not fit"
        self.made.append(f"model {selection.model}")
        self.threads.append(threading.get_ident())
        if selection.model == "blind":
            raise ModelError("it does not see", "take another")
        self.describers.append(ScriptedDescriber(["A door."]))
        return self.describers[-1]

    def loop(self, captioner: Captioner, selection: Selection) -> Loop:
        self.made.append(f"loop {selection.source} {selection.model}")
        return Watching(captioner.describer)

    def warnings(self, selection: Selection) -> tuple[str, ...]:
        return (f"{selection.model} is small.",)


class Shut(Camera):
    """A camera that cannot be opened."""

    def __init__(self) -> None:
        super().__init__("shut")

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        stop.wait(0.002)
        raise SourceError("it cannot be opened", "close what uses it")
        yield  # makes it a generator


class Run:
    """An inference that runs on a thread, and what it has told."""

    def __init__(self, stage: Theatre, selection: Selection = FIRST, **how: Any) -> None:
        self.stage, self.told, self.failed = stage, list[RunEvent](), list[BaseException]()
        self.changed = threading.Condition()
        self.inference = Inference(
            stage, selection, Event(), self.tell, self.failed.append, lambda: ("No voice.",), **how
        )
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        try:
            self.inference.run()
        except Exception as failure:  # noqa: BLE001 — looked at by the tests
            self.failed.append(failure)

    def tell(self, happening: RunEvent) -> None:
        with self.changed:
            self.told.append(happening)
            self.changed.notify_all()

    def until(self, is_so: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(is_so, LIMIT_S), self.told[-5:]

    def looks(self, source: str, model: str) -> None:
        """Wait until a frame has been seen by this selection."""
        self.until(lambda: self.inference.selection == Selection(source, model) and self.inference.has_begun)

    def notices(self, kind: str) -> list[str]:
        return [each.text for each in self.told if isinstance(each, Notice) and each.kind == kind]

    def end(self) -> None:
        self.inference.quit()
        self.thread.join(LIMIT_S)
        assert not self.thread.is_alive()


@pytest.fixture
def running() -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(*given: Any, **how: Any) -> Run:
        runs.append(Run(*given, **how))
        return runs[-1]

    yield start
    for each in runs:
        each.end()
        assert all(describer.is_closed for describer in each.stage.describers)


@pytest.mark.parametrize("live", [False, True])
def test_another_source_keeps_the_model(running: Callable[..., Run], live: bool) -> None:
    run = running(Theatre(live))
    run.looks("door", "small")
    run.inference.switch("street", None)
    run.looks("street", "small")
    run.end()
    assert run.stage.made.count("model small") == 1
    assert [each.source for each in run.told if isinstance(each, RunStarted)] == ["door", "street"]
    assert run.failed == []


def test_another_model_has_a_thread_of_its_own_and_the_first_is_closed_before(running: Callable[..., Run]) -> None:
    run = running(Theatre())
    run.looks("door", "small")
    run.inference.switch(None, "large")
    run.looks("door", "large")
    assert run.notices("loading") == ["Loading small …", "Loading large …"]
    assert [each.is_closed for each in run.stage.describers] == [True, False]
    assert run.stage.threads[0] != threading.get_ident()


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize(
    ("source", "model", "why"),
    [
        ("missing", None, "there is no such camera"),
        ("shut", None, "it cannot be opened"),
        (None, "blind", "it does not see"),
        ("shut", "blind", "it "),
    ],
)
def test_what_does_not_work_is_told_and_what_did_goes_on(
    running: Callable[..., Run], live: bool, source: str | None, model: str | None, why: str
) -> None:
    run = running(Theatre(live))
    run.looks("door", "small")
    run.inference.switch(source, model)
    run.until(lambda: bool(run.notices("not switched")))
    assert run.notices("not switched")[0].startswith(f"Not switched: {why}")
    count = len(run.told)
    run.until(lambda: BARE in run.told[count:])
    assert run.inference.selection == FIRST
    assert run.failed == []


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize(
    ("selection", "kind"),
    [
        (Selection("missing", "small"), SourceError),
        (Selection("shut", "small"), SourceError),
        (Selection("door", "blind"), ModelError),
    ],
)
def test_what_does_not_work_at_the_start_ends_the_run(
    running: Callable[..., Run], live: bool, selection: Selection, kind: type[Exception]
) -> None:
    run = running(Theatre(live), selection)
    run.thread.join(LIMIT_S)
    assert {type(each) for each in run.failed} == {kind}
    assert run.notices("not switched") == []


def test_what_is_there_already_is_left_alone(running: Callable[..., Run]) -> None:
    run = running(Theatre())
    run.looks("door", "small")
    run.inference.switch("door", None)
    run.until(lambda: bool(run.notices("not switched")))
    assert run.stage.made.count("source door") == 1


def test_one_can_go_back_before_the_other_has_shown_a_frame(running: Callable[..., Run]) -> None:
    run = running(Theatre())
    run.looks("door", "small")
    for _ in range(3):
        run.inference.switch("street", None)
        run.inference.switch("door", None)
    run.inference.switch("yard", "large")
    run.looks("yard", "large")


def test_the_time_is_counted_from_the_first_model_and_ends_it(running: Callable[..., Run]) -> None:
    run = running(Theatre(), seconds=0.2)
    run.looks("door", "small")
    run.inference.switch(None, "large")
    run.thread.join(LIMIT_S)
    assert not run.thread.is_alive()
    assert run.failed == []


@dataclass
class Asides(Theatre):
    """A stage at which something is wanted while a model is closed, or while one loads."""

    at_close: list[Callable[[], None]] = field(default_factory=list)
    at_load: list[Callable[[], None]] = field(default_factory=list)

    def describer(self, selection: Selection) -> Describer:
        if self.at_load:
            self.at_load.pop(0)()
        super().describer(selection)
        self.describers[-1] = Closing(self)
        return self.describers[-1]


class Closing(ScriptedDescriber):
    """Does at its end what the stage has in store."""

    def __init__(self, stage: Asides) -> None:
        super().__init__(["A door."])
        self.stage = stage

    def close(self) -> None:
        while self.stage.at_close:
            self.stage.at_close.pop()()
        super().close()


def test_whoever_wants_the_old_model_back_while_it_is_being_closed_gets_it(running: Callable[..., Run]) -> None:
    stage = Asides()
    run = running(stage)
    run.looks("door", "small")
    stage.at_close.append(lambda: run.inference.switch(None, "small"))
    run.inference.switch("street", "large")
    run.looks("street", "small")
    assert run.notices("not switched") == []


def test_wanting_twice_what_still_loads_is_no_mistake(running: Callable[..., Run]) -> None:
    stage = Asides()
    run = running(stage)
    run.looks("door", "small")
    stage.at_load.append(lambda: run.inference.switch(None, "large"))
    run.inference.switch(None, "large")
    run.looks("door", "large")
    assert not stage.at_load
    assert run.notices("not switched") == []


def test_a_camera_that_cannot_be_opened_before_the_first_has_begun_ends_nothing(running: Callable[..., Run]) -> None:
    stage, is_known, runs = Asides(live=True), Event(), list[Run]()

    def want_another() -> None:
        is_known.wait(LIMIT_S)
        runs[0].inference.switch("shut", "large")

    def be_slower_than_the_camera() -> None:
        until(lambda: runs[0].inference.refusal)

    stage.at_load += [want_another, be_slower_than_the_camera]
    runs.append(running(stage))
    is_known.set()
    runs[0].looks("door", "small")
    assert runs[0].notices("not switched") == ["Not switched: it cannot be opened"]
    assert runs[0].failed == []


def test_a_refusal_that_comes_after_its_model_was_left_is_told_of(
    running: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prefetch thread first has the selection left, and then tells why: the inference thread may be quicker."""
    is_left, leave, refuse = Event(), Prefetch.__exit__, Inference.refuse

    def note(prefetch: Prefetch, *what: Any) -> None:
        if isinstance(prefetch.source, Shut):
            is_left.set()
        leave(prefetch, *what)

    def refuse_late(inference: Inference, failure: Exception) -> None:
        assert is_left.wait(LIMIT_S)
        refuse(inference, failure)

    stage = Asides(live=True)
    run = running(stage)
    run.looks("door", "small")
    monkeypatch.setattr(Prefetch, "__exit__", note)
    monkeypatch.setattr(Inference, "refuse", refuse_late)
    stage.at_load.append(lambda: until(run.inference.leave.is_set))
    run.inference.switch("shut", "large")
    run.until(lambda: run.notices("not switched") != [])
    run.looks("door", "small")
    assert run.notices("not switched") == ["Not switched: it cannot be opened"]
