"""Pictures: upright, in the order of a person, the unreadable ones named."""

import pytest
from PIL import Image

from app.errors import SourceError
from app.events import Frame, Notice
from app.sources.video import Stills


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


