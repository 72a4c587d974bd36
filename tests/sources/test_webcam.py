"""A camera by name: what it is called, and what a person is told when there is none."""

import cv2_enumerate_cameras
import pytest

from app.errors import SourceError
from app.events import Frame
from app.sources.capture import Fate, Loss
from app.sources.webcam import Device, Webcam, choose, found, lasting, listed
from tests.sources.clips import FRAMES, first_frame, number_in


def failure(which, stop) -> SourceError:
    with pytest.raises(SourceError) as caught:
        next(Webcam(which).frames(stop))
    return caught.value


def test_a_clip_may_stand_for_a_camera_and_the_banner_says_so(clip, stop):
    camera = Webcam(str(clip))
    frames = camera.frames(stop)
    frame = first_frame(frames)
    frames.close()
    assert isinstance(frame, Frame)
    assert number_in(frame.pixels) == frame.number % FRAMES
    assert camera.banner.name == f"camera: {clip.name}"
    assert "in place of a camera" in camera.banner.warnings[0]


def test_a_camera_that_is_not_there_is_explained(stop):
    explained = failure("97", stop)
    assert "camera 97" in explained.message
    assert explained.hint


def test_a_name_that_no_camera_has_is_explained_before_anything_starts(stop):
    with pytest.raises(SourceError, match="no camera here is called"):
        Webcam("no such camera").frames(stop)


def test_a_file_that_is_no_video_is_explained(tmp_path, stop):
    (tmp_path / "notes.txt").write_text("nothing to see")
    assert "not a video" in failure(str(tmp_path / "notes.txt"), stop).message


@pytest.mark.parametrize("fate", [Fate.SILENT, Fate.LOST, Fate.HUNG, Fate.CRASHED, Fate.NO_DEVICE, Fate.SHUT])
def test_every_loss_names_the_camera_and_has_a_remedy(fate):
    trouble = Webcam(97)._explain(Loss(fate, ""))
    assert "camera 97" in trouble.text
    assert trouble.hint


FACETIME = Device(1, "FaceTime HD Camera", "6C70")
PHONE = Device(0, "Anna's iPhone Camera", "A11C")
USB = Device(2, "USB Camera", "0x14")
ALL = [PHONE, FACETIME, USB]


@pytest.mark.parametrize(
    ("which", "chosen"),
    [
        ("", FACETIME),
        ("0", PHONE),
        ("2", USB),
        ("USB Camera", USB),
        ("facetime", FACETIME),
        ("0x14", USB),
        ("9", Device(9, "", "")),
    ],
)
def test_a_camera_is_chosen_by_name_part_of_a_name_identity_or_index(which, chosen):
    assert choose(which, ALL) == chosen


def test_an_exact_name_wins_over_a_part_of_another():
    camera = Device(3, "Camera", "c")
    assert choose("Camera", [*ALL, camera]) == camera


def test_a_doubtful_name_lists_the_candidates():
    with pytest.raises(SourceError) as caught:
        choose("camera", ALL)
    assert "camera:1 (FaceTime HD Camera)" in caught.value.hint
    assert "camera:2 (USB Camera)" in caught.value.hint


@pytest.mark.parametrize(("devices", "hint"), [(ALL, "FaceTime HD Camera"), ([], "connect a camera")])
def test_an_unknown_name_says_what_there_is(devices, hint):
    with pytest.raises(SourceError) as caught:
        choose("Logitech", devices)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("chosen", "devices", "name"),
    [
        (USB, ALL, "USB Camera"),
        (USB, [USB, Device(3, "USB Camera", "0x15")], "0x14"),
        (Device(9, "", ""), ALL, "9"),
        (Device(0, "", ""), [], "0"),
    ],
)
def test_a_chosen_camera_has_a_name_that_no_other_answers_to(chosen, devices, name):
    assert lasting(chosen, devices) == name


def test_when_the_default_camera_is_away_no_other_takes_its_place():
    name = lasting(choose("", ALL), ALL)
    with pytest.raises(SourceError):
        choose(name, [PHONE, USB])
    assert choose(name, [PHONE, USB, Device(5, FACETIME.name, "another socket")]).index == 5


def test_a_phone_is_the_default_only_where_there_is_nothing_else():
    assert choose("", [PHONE]) == PHONE
    assert choose("", []) == Device(0, "", "")


def test_choosing_goes_on_where_listing_fails_and_listing_says_why(monkeypatch):
    assert isinstance(found(), list)

    def broken(_):
        raise OSError("a driver")

    monkeypatch.setattr(cv2_enumerate_cameras, "enumerate_cameras", broken)
    assert found() == []
    with pytest.raises(SourceError, match="cannot be listed"):
        listed()
