"""Several cameras, one scripted model: whose turn it is, whose sentence it is, and what is asked of all of them."""

import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import pytest

from app.errors import ModelError, Outage, SourceError, UserError
from app.events import (
    AnyFrame,
    Ask,
    Banner,
    Chunk,
    Cost,
    DescribeMore,
    Frame,
    LiveSettings,
    Mute,
    Notice,
    Pause,
    Request,
    RunEvent,
    Sentence,
    UpdateSettings,
)
from app.frames.selector import FrameSelector, Pace
from app.live.captioner import Captioner
from app.live.controls import CommandQueue, Controls, QueuedCommand
from app.live.narrator import CameraNarration, Narrator
from app.live.once import Once, OneCamera
from app.live.stall import Outages
from app.live.watch import WatchAsker
from app.protocols import Describer
from app.threads import FairTurns
from tests.fake_describer import ScriptedDescriber
from tests.live.test_narrator import Listed, frame, kinds, sentences
from tests.waiting import LIMIT_S

NAMES = ("Door", "Yard")


def seen(name: str, number: int, scene: int | None = None) -> Frame:
    return replace(frame(number, scene), camera=name)


def in_turn(count: int, names: Sequence[str] = NAMES) -> list[AnyFrame | Notice]:
    return [seen(name, number) for number in range(count) for name in names]


def crowd(
    *script: str | UserError, names: Sequence[str] = NAMES, watches: tuple[str, ...] = (), **how: Any
) -> Narrator:
    """A narrator of several cameras; `how`: its fields."""
    return of_describer(ScriptedDescriber(script), names, watches, **how)


def of_describer(describer: Describer, names: Sequence[str], watches: tuple[str, ...] = (), **how: Any) -> Narrator:
    captioner, queue, outages, cameras = Captioner(describer), CommandQueue(names), Outages(), {}
    for name in names:
        settings = LiveSettings(watches=watches)
        controls = Controls(captioner, queue, settings, "What?", now=lambda: 200.0, camera=name)
        watcher = WatchAsker(captioner, now=lambda: 200.0, wall=lambda: 1_000_000.0)
        cameras[name] = CameraNarration(controls, FrameSelector(Pace(0)), watcher, outages=outages)
    return Narrator(cameras, queue, **{"turns": FairTurns(names), **how})


def describer(of: Narrator) -> ScriptedDescriber:
    found = of.cameras["Door"].controls.captioner.describer
    assert isinstance(found, ScriptedDescriber)
    return found


@dataclass
class Ordered:
    """A source in the midst of whose frames people give orders."""

    items: Sequence[AnyFrame | Notice | QueuedCommand]
    orders: CommandQueue
    banner: Banner = field(default=Banner("a list"))

    def frames(self, _stop: Event) -> Generator[AnyFrame | Notice]:
        for item in self.items:
            if isinstance(item, Frame | Notice):
                yield item
            else:
                self.orders.put(item)  # type: ignore[arg-type]


def watch(of: Narrator, items: Sequence[AnyFrame | Notice | QueuedCommand]) -> list[RunEvent]:
    told = []
    for event in of.watch(Ordered(items, of.queue), Event()):
        told.append(event)
        if isinstance(event, Sentence):
            of.queue.last_sentence = event  # as the session does
    return told


def test_each_cameras_sentences_begin_with_its_name_and_its_frame_has_it() -> None:
    told = watch(crowd("A dog."), in_turn(1))
    assert sentences(told) == ["Door: A dog.", "Yard: A dog."]
    assert [each.frame.camera for each in told if isinstance(each, Sentence)] == list(NAMES)


def test_what_one_camera_has_told_is_news_of_another() -> None:
    told = watch(crowd("A dog.", "A dog.", "A dog.", "A cat."), in_turn(2))
    assert sentences(told) == ["Door: A dog.", "Yard: A dog.", "Yard: A cat."]


def test_a_cameras_notice_has_its_name_and_the_other_goes_on() -> None:
    lost = Notice("camera lost", "Door: It is gone.", "plug it in", "Door")
    told = watch(crowd("A dog."), [lost, seen("Yard", 0)])
    assert told[0] == lost
    assert sentences(told) == ["Yard: A dog."]


def test_what_was_seen_before_a_loss_is_not_shown_with_what_comes_after_it() -> None:
    several, lost = crowd("A dog.", "A cat."), Notice("camera lost", "Door: It is gone.", "plug it in", "Door")
    several.cameras["Door"].frame_count = 2
    watch(several, [seen("Door", 0), seen("Door", 1), lost, seen("Door", 6)])
    assert [[each.number for each in request.frames] for request in describer(several).asked] == [[0], [0, 1], [6]]


def test_a_change_that_has_yet_to_come_to_rest_costs_no_turn() -> None:
    class Noted(FairTurns):
        """Turns that note how each ended."""

        ends: Sequence[bool] = ()

        def end(self, name: str, *, counts: bool = True) -> None:
            super().end(name, counts=counts)
            self.ends = [*self.ends, counts]

    noted = Noted(NAMES)
    several = crowd("A dog.", "A cat.", turns=noted)
    scenes = ((0, 0), (50, 1), (51, 1))  # at ten frames a second; the second is seen as it changes
    watch(several, [replace(seen("Door", number, scene), media_s=number / 10) for number, scene in scenes])
    assert noted.ends == [True, False, True]


def test_a_question_is_answered_by_every_camera_before_anybody_goes_on() -> None:
    several = crowd("One.", "Two.", "Yes.", "No.", "Three.", "Four.")
    told = watch(several, [*in_turn(1), Ask("Is it open?"), *in_turn(3)[2:]])
    assert kinds(told)[:4] == [
        ("scene", "Door: One."),
        ("scene", "Yard: Two."),
        ("answer", "Door: Yes."),
        ("answer", "Yard: No."),
    ]
    assert [each.about for each in told if isinstance(each, Sentence)][2:4] == ["Is it open?"] * 2
    assert [each for each in told if isinstance(each, Mute)] == [Mute(False)]  # behind the last answer


def test_one_whose_camera_is_lost_keeps_no_answer_from_the_others_nor_the_narration() -> None:
    lost = Notice("camera lost", "It is gone.", "plug it in", "Door")
    several = crowd("One.", "Yes.", "Two.")
    told = watch(several, [seen("Yard", 0), lost, Ask("Is it open?"), seen("Yard", 1), seen("Yard", 2)])
    assert sentences(told) == ["Yard: One.", "Yard: Yes.", "Yard: Two."]


def test_space_stops_all_and_lets_all_go_on() -> None:
    several = crowd("One.", "Two.", "Three.", "Four.")
    watch(several, [*in_turn(1), Pause(True), *in_turn(3)[2:]])
    assert len(describer(several).asked) == 2
    assert all(each.controls.settings.is_stopped for each in several.cameras.values())


def test_more_is_told_by_the_one_that_spoke_last() -> None:
    several = crowd("One.", "Two.", "At length.")
    told = watch(several, [*in_turn(1), DescribeMore(), seen("Door", 1, scene=0), seen("Yard", 1, scene=0)])
    assert kinds(told)[-1] == ("answer", "Yard: At length.")


def test_an_alert_names_its_camera_and_comes_before_its_description() -> None:
    several = crowd("Yes.", "Yes.", "A dog.", watches=("a dog",))
    told = watch(several, [seen("Yard", number) for number in range(3)])
    alert = next(each for each in told if isinstance(each, Sentence) and each.kind == "alert")
    assert alert.text.startswith("Yard: A dog: since")


def test_an_outage_is_told_once_names_no_camera_and_is_no_sentence() -> None:
    several = crowd(Outage("the server refuses", "start it"))
    told = watch(several, in_turn(4))
    assert kinds(told) == [("outage", "No description: the server refuses.")]
    assert len(describer(several).asked) == 1  # and it is left alone by the other, too


@dataclass
class Meeting:
    """A describer that notes how many it is asked about at once, and lets none go before it has been asked often."""

    least: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: set[int] = field(default_factory=set)
    most: int = 0
    has_met: Event = field(default_factory=Event)
    is_alone: bool = True
    """No camera has been asked about twice at once."""
    cameras: deque[str] = field(default_factory=deque)
    banner: Banner = field(default=Banner("a meeting"))

    def describe(self, request: Request) -> Generator[Chunk]:
        camera = request.frames[-1].camera
        with self.lock:
            self.is_alone &= camera not in self.cameras
            self.cameras.append(camera)
            self.most = max(self.most, len(self.cameras))
            if self.most >= self.least:
                self.has_met.set()
        try:
            self.has_met.wait(LIMIT_S)
            yield Chunk(f"A dog of {camera}.", Cost())
        finally:
            with self.lock:
                self.cameras.remove(camera)

    def close(self) -> None:
        pass


def meeting(names: Sequence[str], at_once: int, least: int) -> tuple[Narrator, Meeting]:
    asked = Meeting(least)
    return of_describer(asked, names, at_once=at_once), asked


def test_as_many_are_described_at_once_as_the_model_bears_and_never_more() -> None:
    names = [f"Camera {number}" for number in range(8)]
    several, asked = meeting(names, at_once=3, least=3)
    told = list(several.watch(Listed(in_turn(6, names)), Event()))
    assert (asked.most, asked.is_alone) == (3, True)
    assert set(sentences(told)) == {f"{name}: A dog of {name}." for name in names}
    assert not [each for each in threading.enumerate() if each.name == "merged"]


def test_a_stop_leaves_all_of_them() -> None:
    several, _ = meeting(NAMES, at_once=2, least=1)
    stop = Event()

    def endless() -> Iterator[AnyFrame]:
        number = 0
        while not stop.is_set():
            yield from (seen(name, number) for name in NAMES)
            number += 1

    source = Listed(())
    source.frames = lambda _stop: (each for each in endless())  # type: ignore[method-assign,assignment]
    with closing(several.watch(source, stop)) as told:  # type: ignore[type-var]
        for each in told:
            if isinstance(each, Sentence):
                stop.set()
    assert not [each for each in threading.enumerate() if each.name == "merged"]


def asked(*script: str | UserError) -> Once:
    captioner, queue = Captioner(ScriptedDescriber(script)), CommandQueue(NAMES)
    controls = {name: Controls(captioner, queue, now=lambda: 200.0, camera=name) for name in NAMES}
    return Once({name: OneCamera(each, "Open?") for name, each in controls.items()})


def test_ask_ends_when_every_camera_has_answered_once() -> None:
    source = Listed([*in_turn(1), *in_turn(5)[2:]])
    told = list(asked("Yes.", "No.", "Never.").watch(source, Event()))
    assert kinds(told) == [("answer", "Door: Yes."), ("answer", "Yard: No.")]


def test_ask_of_a_camera_that_fails_is_a_notice_while_another_answers() -> None:
    gone = Notice("camera ended", "Door: it is not there", "plug it in", "Door")
    told = list(asked("Yes.").watch(Listed([gone, seen("Yard", 0)]), Event()))
    assert kinds(told) == [("camera ended", "Door: it is not there"), ("answer", "Yard: Yes.")]


def test_ask_of_cameras_that_end_without_a_picture_says_what_to_do() -> None:
    gone = [Notice("camera ended", f"{name}: There are no more pictures.", camera=name) for name in NAMES]
    with pytest.raises(SourceError) as refusal:
        list(asked().watch(Listed(gone), Event()))
    assert refusal.value.hint


def test_ask_fails_when_nobody_answers() -> None:
    gone = [Notice("camera ended", f"{name}: it is not there", "plug it in", name) for name in NAMES]
    with pytest.raises(SourceError, match="Door: it is not there"):
        list(asked("Yes.").watch(Listed(gone), Event()))
    with pytest.raises(ModelError):
        list(asked(" ").watch(Listed(in_turn(1)), Event()))


def test_what_each_is_set_to_is_its_own_and_what_all_are_told_reaches_all() -> None:
    several = crowd("One.")
    several.cameras["Door"].controls.settings = LiveSettings(prompt="Who?")
    watch(several, [UpdateSettings({"every": 2.0}), *in_turn(1)])
    assert [each.controls.settings for each in several.cameras.values()] == [
        LiveSettings("Who?", every=2.0),
        LiveSettings(every=2.0),
    ]
