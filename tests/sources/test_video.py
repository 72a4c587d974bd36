"""Video files: as filmed or every frame in turn, and what is said of broken ones."""

import itertools
import subprocess
import sys
import threading
import time

import pytest
from PIL import Image

from app.errors import SourceError
from app.events import Frame, FrameView, Notice
from app.sources.video import Stills, Video
from tests.running import environment
from tests.sources.clips import FRAMES, is_red, number_in
from tests.waiting import until


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "reader"]


@pytest.mark.parametrize("suffix", [".avi", ".mp4", ".mkv"])
def test_asap_gives_every_frame_in_turn_with_its_place(make_clip, stop, suffix):
    frames = list(Video(make_clip(f"a{suffix}", frames=20, fps=25), asap=True).frames(stop))
    assert [frame.number for frame in frames] == list(range(20))
    assert [number_in(frame.copy().pixels) for frame in frames] == list(range(20))
    assert [frame.media_s for frame in frames] == pytest.approx([number / 25 for number in range(20)])
    assert is_red(frames[0].copy().pixels)


def test_as_filmed_no_frame_comes_before_its_time_in_the_file(clip, stop):
    began = time.monotonic()
    frames = list(Video(clip).frames(stop))
    assert frames[-1].number == FRAMES - 1
    assert all(frame.seen_at - began >= frame.media_s for frame in frames)
    assert all(number_in(frame.copy().pixels) == frame.number for frame in frames)


def test_as_filmed_a_slow_taker_misses_frames_and_gets_the_newest(clip, stop):
    """One that comes back when the clip is over finds its last frame, and nothing of what went before."""
    frames = Video(clip).frames(stop)
    first = next(frames)
    until(lambda: not readers())
    assert first.number < FRAMES - 1
    assert [frame.number for frame in frames] == [FRAMES - 1]


@pytest.mark.parametrize("asap", [True, False])
def test_stop_and_close_end_it_and_its_thread(clip, stop, asap):
    frames = Video(clip, asap=asap).frames(stop)
    next(frames)
    stop.set()
    assert list(frames) == []
    again = Video(clip, asap=asap).frames(threading.Event())
    next(again)
    again.close()
    assert not readers()


@pytest.mark.parametrize("asap", [True, False])
def test_a_file_that_breaks_off_says_where(make_clip, stop, asap):
    path = make_clip("cut.avi", frames=60)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    *frames, notice = Video(path, asap=asap).frames(stop)
    assert all(isinstance(frame, FrameView) for frame in frames)
    assert frames
    assert isinstance(notice, Notice)
    assert "cut.avi breaks off at" in notice.text
    assert notice.hint


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such clip"), (b"", "is empty"), (b"not a video" * 99, "cannot be read as a video")],
)
def test_what_is_no_video_is_explained(tmp_path, stop, content, words):
    path = tmp_path / "some.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=words) as caught:
        Video(path).frames(stop)
    assert caught.value.hint


def test_an_mp4_without_its_end_is_explained(make_clip, stop):
    path = make_clip("cut.mp4", frames=60)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match="cut off"):
        Video(path).frames(stop)


def test_the_libraries_chatter_does_not_reach_the_terminal(tmp_path, make_clip):
    broken = make_clip("cut.avi", frames=30)
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    (tmp_path / "no.mp4").write_bytes(b"no video" * 500)
    program = "\n".join(
        itertools.chain(
            ["import sys", "from threading import Event", "from app.sources.video import Video"],
            ["for path in sys.argv[1:]:", " try: list(Video(path, asap=True).frames(Event()))"],
            [" except Exception as error: print(error)"],
        )
    )
    command = [sys.executable, "-c", program, str(broken), str(tmp_path / "no.mp4")]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
    assert ended.stdout.startswith("error: ")
    assert ended.stderr == ""


def save(path, colour=(200, 0, 0), size=(40, 30), mode="RGB", **how):
    Image.new(mode, size, colour).save(path, **how)
    return path


def test_a_folder_is_read_in_natural_order_one_second_apart(tmp_path, stop):
    for number in (10, 2, 1):
        save(tmp_path / f"shot {number}.png", colour=(number, 0, 0))
    (tmp_path / "notes.txt").write_text("not a picture")
    save(tmp_path / ".hidden.png")
    frames = list(Stills(tmp_path).frames(stop))
    assert [frame.pixels[0, 0, 0] for frame in frames] == [1, 2, 10]
    assert [(frame.number, frame.media_s) for frame in frames] == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert frames[0].seen_at <= frames[1].seen_at


def test_an_unreadable_picture_of_a_folder_is_a_notice_and_the_rest_goes_on(tmp_path, stop):
    save(tmp_path / "1.png")
    (tmp_path / "2.jpg").write_bytes(b"no picture")
    (tmp_path / "3.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    save(tmp_path / "4.png")
    kinds = [(type(item), getattr(item, "hint", "")) for item in Stills(tmp_path).frames(stop)]
    assert [kind for kind, _ in kinds] == [Frame, Notice, Notice, Frame]
    assert "sips -s format jpeg" in kinds[2][1]


def test_an_unreadable_picture_alone_is_an_error(tmp_path, stop):
    whole = save(tmp_path / "cut.png", size=(400, 400)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="damaged"):
        list(Stills(tmp_path / "cut.png").frames(stop))


@pytest.mark.parametrize(("name", "words"), [("none", "no such file"), ("empty", "holds no pictures")])
def test_nothing_to_see_is_explained(tmp_path, stop, name, words):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=words) as caught:
        list(Stills(tmp_path / name).frames(stop))
    assert caught.value.hint


def test_stop_ends_a_folder_in_the_middle(tmp_path, stop):
    for number in range(3):
        save(tmp_path / f"{number}.png")
    frames = Stills(tmp_path).frames(stop)
    next(frames)
    stop.set()
    assert list(frames) == []
