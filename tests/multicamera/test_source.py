"""CameraGroup cameras as one source: the newest of each, in turn, whatever happens to the others."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier, Event

import numpy as np
import pytest
from PIL import Image

from app.errors import SourceError
from app.events import AnyFrame, Banner, Frame, Notice
from app.multicamera.camera_group import ENDED, CameraGroup, Slots
from app.sources.video import Stills
from app.sources.webcam import Webcam
from app.threads import FairTurns
from tests.sources.clips import capture_processes
from tests.waiting import LIMIT_S, until


def frame(number: int) -> Frame:
    return Frame(np.zeros((1, 1, 3), np.uint8), 0.0, float(number), number)


@dataclass
class Told:
    """A camera that does as it is told."""

    read: Callable[[Event], Iterator[AnyFrame | Notice]]
    warnings: tuple[str, ...] = ()
    is_closed: bool = field(default=False, init=False)

    @property
    def banner(self) -> Banner:
        return Banner("a camera", self.warnings)

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        try:
            yield from self.read(stop)
        finally:
            self.is_closed = True


def counting(stop: Event) -> Iterator[Frame]:
    number = 0
    while not stop.wait(0.001):
        yield frame(number)
        number += 1


def failing(_stop: Event) -> Iterator[Frame]:
    raise SourceError("it is not there", "plug it in")
    yield


def silent(stop: Event) -> Iterator[Frame]:
    stop.wait(LIMIT_S)
    return iter(())


def readers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "reader"]


def slots(*names: str) -> Slots:
    return Slots(FairTurns(names), len(names))


def several(**cameras: Told) -> CameraGroup:
    return CameraGroup(cameras, FairTurns(cameras))


def test_of_each_camera_only_the_newest_frame_is_there() -> None:
    some = slots("Door", "Yard")
    for number in range(3):
        some.put("Door", frame(number))
    (taken,) = some.take(0.0)
    assert isinstance(taken, Frame)
    assert (taken.camera, taken.number) == ("Door", 2)
    assert some.take(0.0) == []


def test_the_camera_whose_turn_was_longest_ago_comes_first() -> None:
    some, order = slots("Door", "Yard", "Hall"), []
    for number in range(3):
        for name in ("Hall", "Door", "Yard"):
            some.put(name, frame(number))
        order += [some.take(0.0)[0].camera for _ in range(2)]
    assert order == ["Door", "Yard", "Hall", "Door", "Yard", "Hall"]


def test_what_a_camera_tells_goes_before_all_frames() -> None:
    some = slots("Door", "Yard")
    some.put("Door", frame(0))
    some.put("Yard", Notice("dark", "It is dark."))
    assert some.take(0.0) == [Notice("dark", "Yard: It is dark.", camera="Yard")]
    assert some.take(0.0)[0].camera == "Door"


def test_that_a_camera_has_ended_is_told_behind_its_last_frame() -> None:
    some = slots("Door", "Yard")
    some.put("Door", frame(0))
    some.end("Door")
    assert [each.camera for _ in range(2) for each in some.take(0.0)] == ["Door", "Door"]
    assert not some.notices


def test_a_frame_of_a_camera_that_somebody_is_busy_with_is_kept_for_its_next_turn() -> None:
    some = slots("Door", "Yard")
    some.turns.begin("Door")
    some.put("Door", frame(0))
    assert some.take(0.0) == []
    some.turns.end("Door")
    assert isinstance(some.take(0.0)[0], Frame)


def test_no_picture_of_a_folder_is_left_out_however_slowly_they_are_taken(tmp_path: Path) -> None:
    for number in range(4):
        Image.new("RGB", (2, 2)).save(tmp_path / f"{number}.png")
    folder, numbers = {"Door": Stills(tmp_path)}, []
    for seen in CameraGroup(folder, FairTurns(folder)).frames(Event()):
        Event().wait(0.02)
        numbers += [seen.number] if isinstance(seen, Frame) else []
    assert numbers == [0, 1, 2, 3]


def test_one_that_fails_is_told_of_and_the_others_go_on() -> None:
    left, seen = Event(), []
    with closing(several(Door=Told(failing), Yard=Told(counting)).frames(left)) as frames:
        for each in frames:
            seen.append(each)
            if len(seen) == 5:
                break
    assert Notice(ENDED, "Door: it is not there", "plug it in", "Door") in seen
    assert {each.camera for each in seen if isinstance(each, Frame)} == {"Yard"}
    assert not readers()


def test_it_ends_with_the_last_camera_and_says_of_each_that_it_has_ended() -> None:
    def short(_stop: Event) -> Iterator[Frame]:
        yield frame(0)

    seen = list(several(Door=Told(short), Yard=Told(short)).frames(Event()))
    assert sorted(each.camera for each in seen if isinstance(each, Frame)) == ["Door", "Yard"]
    assert sorted(each.camera for each in seen if isinstance(each, Notice) and each.kind == ENDED) == ["Door", "Yard"]


def test_if_none_of_them_can_be_opened_that_is_explained_by_name() -> None:
    with pytest.raises(SourceError) as refusal:
        list(several(Door=Told(failing), Yard=Told(failing)).frames(Event()))
    assert refusal.value.message.partition(":")[0] in ("Door", "Yard")
    assert refusal.value.hint == "plug it in"


def test_one_that_hangs_keeps_nobody_waiting_and_all_are_left_at_a_stop() -> None:
    stop, hanging, going = Event(), Told(silent), Told(counting)
    for seen in several(Door=hanging, Yard=going).frames(stop):
        assert seen.camera == "Yard"
        if seen.number > 3:
            stop.set()
    assert (hanging.is_closed, going.is_closed) == (True, True)
    assert not readers()


def test_all_are_opened_at_the_same_time() -> None:
    meeting = Barrier(16)

    def met(_stop: Event) -> Iterator[Frame]:
        meeting.wait(LIMIT_S)
        yield frame(0)

    cameras = {f"Camera {number}": Told(met) for number in range(16)}
    seen = [each.camera for each in CameraGroup(cameras, FairTurns(cameras)).frames(Event()) if isinstance(each, Frame)]
    assert sorted(seen) == sorted(cameras)


def test_four_real_capture_processes_show_their_pictures_and_are_gone_at_the_end(clip: Path) -> None:
    stop, cameras = Event(), {f"Camera {number}": Webcam(str(clip)) for number in range(4)}
    pictures: dict[str, int] = dict.fromkeys(cameras, 0)
    processes: list[int] = []
    for seen in CameraGroup(cameras, FairTurns(cameras)).frames(stop):
        if not isinstance(seen, Notice) and seen.copy():
            pictures[seen.camera] += 1
        if min(pictures.values()) >= 3:
            processes = capture_processes()
            stop.set()
    assert len(processes) == 4
    until(lambda: not set(processes) & set(capture_processes()))
