"""A camera by name: what it is called, and what a person is told when there is none."""

import pytest

from app.errors import SourceError
from app.events import Frame
from app.sources.capture import Fate, Loss
from app.sources.webcam import Webcam
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


