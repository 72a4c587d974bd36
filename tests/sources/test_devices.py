"""Cameras are found by name; a doubtful name lists the candidates."""

import cv2_enumerate_cameras
import pytest

from app.errors import SourceError
from app.sources.webcam import Device, choose, found, lasting, listed

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
