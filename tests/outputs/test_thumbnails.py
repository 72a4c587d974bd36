"""Thumbnails are real, small and private pictures, and never stand in the way of the run."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.errors import OutputError
from app.events import Notice, Sentence, thumbnail_name
from app.outputs.thumbnails import ROOM, Thumbnails
from tests.terminal.stage import growing, notice, sentence, status
from tests.waiting import until


def showing(height: int, width: int, number: int = 0) -> Sentence:
    """A sentence about a frame whose left half is red."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : max(1, width // 2)] = (255, 0, 0)
    told = sentence(number=number)
    return replace(told, frame=replace(told.frame, pixels=pixels))


@pytest.mark.parametrize(
    ("size", "shrunk"),
    [
        ((720, 1280), (180, 320)),
        ((1280, 720), (320, 180)),
        ((100, 90), (100, 90)),
        ((2, 4000), (1, 320)),
        ((1, 1), (1, 1)),
    ],
)
def test_a_picture_is_shrunk_to_320_and_never_enlarged_and_keeps_its_colours(
    tmp_path: Path, size: tuple[int, int], shrunk: tuple[int, int]
) -> None:
    told = showing(*size)
    thumbnails = Thumbnails(tmp_path / "t", pytest.fail)
    thumbnails.tell(told)
    thumbnails.close()
    picture = cv2.imread(str(tmp_path / "t" / thumbnail_name(told.frame)))
    assert picture.shape[:2] == shrunk
    blue, _, red = picture[0, 0]
    assert red > 200 > 60 > blue


def test_folder_and_pictures_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        thumbnails = Thumbnails(tmp_path / "t", pytest.fail)
        thumbnails.tell(showing(9, 9))
        thumbnails.close()
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "t", *(tmp_path / "t").iterdir())]
    assert modes == [0o700, 0o600]


def test_one_frame_is_one_picture_and_only_sentences_have_one(tmp_path: Path) -> None:
    thumbnails = Thumbnails(tmp_path / "t", pytest.fail)
    first = showing(9, 9)
    for each in (growing(), notice(), status(), first, replace(first, text="And a dog."), showing(9, 9, number=1)):
        thumbnails.tell(each)
    thumbnails.close()
    thumbnails.close()
    thumbnails.tell(showing(9, 9, number=2))
    assert len(list((tmp_path / "t").iterdir())) == 2
    assert not thumbnails.worker.thread.is_alive()


def test_what_waits_too_long_goes_the_oldest_first_and_that_is_told_once(tmp_path: Path) -> None:
    """The lock that the worker needs to take the next one holds it up, as would a disk that does not answer."""
    warned: list[Notice] = []
    thumbnails = Thumbnails(tmp_path / "t", warned.append)
    told = [showing(9, 9, number) for number in range(ROOM + 3)]
    with thumbnails.worker.changed:
        for each in told:
            thumbnails.tell(each)
    thumbnails.close()
    kept = {each.name for each in (tmp_path / "t").iterdir()}
    assert kept == {thumbnail_name(each.frame) for each in told[-ROOM:]}
    assert [each.kind for each in warned] == ["thumbnails"]
    assert "too slow" in warned[0].text
    assert warned[0].hint


def test_a_folder_that_vanishes_and_a_frame_without_pixels_are_told_once_and_stop_nothing(tmp_path: Path) -> None:
    for spoil in (lambda: (tmp_path / "t").rmdir(), lambda: None):
        warned: list[Notice] = []
        thumbnails = Thumbnails(tmp_path / "t", warned.append)
        spoil()
        for number in range(3):
            thumbnails.tell(showing(9, 0, number))
            thumbnails.tell(showing(9, 9, number + 10))
        until(lambda warned=warned: warned)
        thumbnails.close()
        assert [each.kind for each in warned] == ["thumbnails"]
    assert len(list((tmp_path / "t").iterdir())) == 3


def test_a_link_in_the_place_of_a_picture_is_not_written_through(tmp_path: Path) -> None:
    warned: list[Notice] = []
    told = showing(9, 9)
    (tmp_path / "precious").write_text("mine")
    thumbnails = Thumbnails(tmp_path / "t", warned.append)
    (tmp_path / "t" / thumbnail_name(told.frame)).symlink_to(tmp_path / "precious")
    thumbnails.tell(told)
    thumbnails.close()
    assert (tmp_path / "precious").read_text() == "mine"
    assert len(warned) == 1


def test_a_folder_that_cannot_be_made_is_explained_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "none" / "t"):
        with pytest.raises(OutputError, match="cannot be written") as failure:
            Thumbnails(folder, pytest.fail)
        assert failure.value.hint
