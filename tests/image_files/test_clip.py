"""Moments of real clips, each filmed here: how bright a frame is tells when it was shown."""

import shutil
import subprocess

import cv2
import numpy as np
import pytest
from PIL import Image

from app.errors import SourceError
from app.image_files.clip import Clip, Stretch, is_video, watched
from tests import needs

RATE, STEP = 10, 4
"""Frames a second, and how much brighter each is than the one before."""


def film(path, frames, *, size=(64, 48), code="mp4v"):
    """Frame n is grey, and STEP×n bright; after 60 frames it begins again."""
    made = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), RATE, size)
    assert made.isOpened()
    for number in range(frames):
        picture = np.full((size[1], size[0], 3), number % 60 * STEP, np.uint8)
        made.write(picture)
    made.release()
    return path


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, timeout=60)


def look(path, *stretch) -> Clip:
    return watched(path, path.name, Stretch(*stretch))


def times(clip):
    return [round(each.at_s, 2) for each in clip.moments]


def brightness(clip):
    return [float(each.pixels.mean()) for each in clip.moments]


def refusal(path, *stretch):
    with pytest.raises(SourceError) as caught:
        look(path, *stretch)
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize(("name", "code"), [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.mkv", "mp4v")])
def test_moments_are_spread_over_the_clip_and_are_what_is_shown_then(tmp_path, name, code):
    clip = look(film(tmp_path / name, 40, code=code), 4)
    assert (times(clip), clip.notes) == ([0.5, 1.5, 2.5, 3.5], ())
    assert np.abs(np.array(brightness(clip)) - [20, 60, 100, 140]).max() < 6
    assert clip.moments[0].pixels.shape == (48, 64, 3)
    assert clip.moments[0].pixels.dtype == np.uint8


def test_a_stretch_is_looked_at_alone(tmp_path):
    assert times(look(film(tmp_path / "a.mp4", 40), 2, 1.0, 3.0)) == [1.5, 2.5]


def test_colours_are_rgb(tmp_path):
    made = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (64, 48))
    made.write(np.full((48, 64, 3), (0, 0, 255), np.uint8))
    made.release()
    assert np.abs(look(tmp_path / "a.avi").moments[0].pixels.astype(int) - (255, 0, 0)).max() < 8


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv"])
def test_a_clip_of_no_frames_is_explained(tmp_path, name):
    film(tmp_path / name, 0)
    assert is_video(tmp_path / name)
    assert "cannot be read as a video" in refusal(tmp_path / name)


def test_of_fewer_frames_than_moments_none_is_given_twice(tmp_path):
    assert times(look(film(tmp_path / "a.mp4", 3), 8)) == [0.0, 0.1, 0.2]


def test_a_long_clip_is_sought_in(tmp_path):
    path = film(tmp_path / "a.mp4", 900, size=(32, 32))
    clip = look(path, 4)
    assert times(clip) == [11.2, 33.7, 56.2, 78.7]
    assert np.abs(np.array(brightness(clip)) - [208, 148, 88, 28]).max() < 6
    assert times(look(path, 1, 80.0, 82.0)) == [81.0]


def test_an_end_behind_the_clip_s_is_told(tmp_path):
    clip = look(film(tmp_path / "a.mp4", 40), 2, 2.0, 60.0)
    assert (times(clip), clip.notes) == ([2.5, 3.5], ("it ends at 0:04, before 1:00",))


def test_a_beginning_behind_the_clip_s_end_is_explained(tmp_path):
    assert refusal(film(tmp_path / "a.mp4", 40), 2, 9.0) == "a.mp4 is 0:04 long, and is to be looked at from 0:09"


@needs.tool("ffmpeg")
def test_a_clip_that_breaks_off_is_looked_at_as_far_as_it_goes(tmp_path):
    ffmpeg("-i", film(tmp_path / "a.mp4", 900, size=(32, 32)), "-c", "copy", tmp_path / "a.mkv")
    whole = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(whole[: len(whole) // 3])
    clip = look(tmp_path / "a.mkv", 3)
    assert len(clip.moments) == 3
    assert "though it says that it is 1:30 long" in clip.notes[0]
    assert clip.moments[-1].at_s < 60
    assert "is to be looked at from 1:20" in refusal(tmp_path / "a.mkv", 3, 80.0)


@needs.tool("ffmpeg")
def test_a_clip_that_does_not_say_how_long_it_is_is_measured(tmp_path):
    """As browsers record them."""
    source = film(tmp_path / "a.mp4", 40)
    ffmpeg("-i", source, "-c", "copy", "-f", "matroska", "-live", "1", tmp_path / "a.webm")
    assert times(look(tmp_path / "a.webm", 4)) == [0.5, 1.5, 2.5, 3.5]


@needs.tool("ffmpeg")
def test_a_clip_that_cannot_be_sought_in_is_read_from_its_beginning(tmp_path):
    source = film(tmp_path / "a.mp4", 900, size=(32, 32))
    ffmpeg("-i", source, "-c", "copy", "-f", "matroska", "-live", "1", tmp_path / "a.mkv")  # it has no index
    assert times(look(tmp_path / "a.mkv", 3, 0.0, 90.0)) == [15.0, 45.0, 75.0]


@needs.tool("ffmpeg")
def test_frames_that_come_unevenly_have_their_own_times(tmp_path):
    """Five frames of one second, and then one every half second."""
    source, times_of = film(tmp_path / "a.mp4", 40), "select=lt(n\\,5)+not(mod(n\\,5)),setpts=PTS"
    ffmpeg("-i", source, "-vf", times_of, "-vsync", "vfr", "-c:v", "mpeg4", tmp_path / "b.mkv")
    clip = look(tmp_path / "b.mkv", 4, 0.0, 3.6)
    assert times(clip) == [0.4, 1.5, 2.5, 3.5]
    assert np.abs(np.array(brightness(clip)) - [16, 60, 100, 140]).max() < 6


@needs.tool("ffmpeg")
def test_a_clip_filmed_upright_is_shown_upright(tmp_path):
    source = film(tmp_path / "a.mp4", 5)
    ffmpeg("-i", source, "-c", "copy", "-metadata:s:v:0", "rotate=90", tmp_path / "b.mp4")
    assert look(tmp_path / "b.mp4", 1).moments[0].pixels.shape == (64, 48, 3)


@needs.tool("ffmpeg")
def test_sound_alone_is_explained(tmp_path):
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", tmp_path / "a.m4a")
    assert "cannot be read as a video" in refusal(tmp_path / "a.m4a")


def test_what_is_a_video_is_known_by_its_bytes(tmp_path):
    film(tmp_path / "a.mp4", 3)
    shutil.copy(tmp_path / "a.mp4", tmp_path / "photo.jpg")
    Image.new("RGB", (4, 4)).save(tmp_path / "film.mp4", "PNG")
    Image.new("RGB", (64, 64)).save(tmp_path / "a.avif")
    assert is_video(tmp_path / "photo.jpg")
    for name in ("film.mp4", "a.avif", "gone.mp4", "."):
        assert not is_video(tmp_path / name)


def test_a_name_that_is_no_text_or_looks_like_a_protocol_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    film(tmp_path / "a.mp4", 3)
    for name in ("concat:a.mp4", "bad\udcff.mp4", "a\n%03d.mp4"):
        path = tmp_path / name
        shutil.copy(tmp_path / "a.mp4", path)
        assert len(look(type(path)(name), 1).moments) == 1
