"""Pictures by path, folder, data URL and standard input."""

import base64
import io
import logging
import os
import stat
import subprocess
import sys
import threading
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.errors import SourceError
from app.image_files import Failed, Picture, display_name, expand, picture, pictures
from app.image_files.fetch import Limits
from app.image_files.load import data_url, from_base64
from tests.privileges import ordinary_user

RED = (255, 0, 0)


def png(size=(4, 3), colour=RED):
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "PNG")
    return stream.getvalue()


def save(folder, *names):
    for name in names:
        (folder / name).write_bytes(png())


def refusal(what, **how):
    with pytest.raises(SourceError) as caught:
        picture(str(what), **how)
    assert caught.value.hint
    return caught.value.message


class Stdin:
    """Standard input as a program sees it, with bytes in it."""

    def __init__(self, data=b"", is_terminal=False):
        self.buffer = io.BytesIO(data)
        self.isatty = lambda: is_terminal


def test_a_path_gives_one_picture_under_the_name_it_was_called_by(tmp_path):
    save(tmp_path, "a.png")
    (only,) = pictures(str(tmp_path / "a.png"))
    assert isinstance(only, Picture)
    assert (only.name, only.pixels.shape) == (str(tmp_path / "a.png"), (3, 4, 3))
    assert tuple(only.pixels[0, 0]) == RED


def test_a_folder_is_read_as_a_person_sorts_it(tmp_path):
    save(tmp_path, "IMG_10.png", "IMG_9.JPG", "img_1.webp", "b.jpeg", "7.png")
    names = [os.path.basename(one) for one in expand(str(tmp_path))]
    assert names == ["7.png", "b.jpeg", "img_1.webp", "IMG_9.JPG", "IMG_10.png"]


def test_of_a_folder_hidden_files_other_files_and_folders_are_left_out(tmp_path, caplog):
    save(tmp_path, "a.png", ".hidden.png", "notes.txt", "film.mov")
    (tmp_path / "deeper").mkdir()
    with caplog.at_level(logging.INFO):
        assert expand(str(tmp_path)) == [str(tmp_path / "a.png")]
    assert "skipped 3" in caplog.text


def test_one_bad_file_never_ends_a_folder(tmp_path):
    save(tmp_path, "1.png", "3.png")
    (tmp_path / "2.png").write_bytes(b"<html>")
    assert [type(one) for one in pictures(str(tmp_path))] == [Picture, Failed, Picture]


def test_a_folder_in_a_folder_is_not_said_to_be_empty(tmp_path):
    (tmp_path / "2.png").mkdir()
    save(tmp_path / "2.png", "a.png")
    (only,) = pictures(str(tmp_path))
    assert isinstance(only, Failed)
    assert "folders in folders are not entered" in only.error.message


def test_a_file_of_the_current_folder_is_never_taken_for_an_address(tmp_path, monkeypatch):
    save(tmp_path, "data:,x.png")
    monkeypatch.chdir(tmp_path)
    (only,) = pictures(".")
    assert isinstance(only, Picture)


def test_an_empty_folder_is_explained(tmp_path):
    (only,) = pictures(str(tmp_path))
    assert isinstance(only, Failed)
    assert "holds no pictures" in only.error.message


def test_a_name_that_no_file_can_have_is_explained():
    assert "cannot be a file name" in refusal("a\0b.png")
    assert "no home folder" in refusal("~no-such-user/a.png")
    assert "file name is too long" in refusal("x" * 5000)
    assert "is empty" in refusal("")


def test_an_empty_file_is_explained(tmp_path):
    (tmp_path / "a.png").touch()
    assert "empty" in refusal(tmp_path / "a.png")


def test_a_named_pipe_is_read_like_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[png()])
    writer.start()
    assert picture(str(tmp_path / "pipe")).pixels.shape == (3, 4, 3)
    writer.join()


@pytest.mark.parametrize("address", ["ftp://host/a.png", "file:///etc/passwd", "rtsp://host/live", "gopher://host"])
def test_no_other_kind_of_address_is_fetched(address):
    assert "does not fetch" in refusal(address)


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64," + base64.b64encode(png()).decode(),
        "DATA:;charset=x;BASE64," + base64.b64encode(png()).decode(),
        "data:image/png;base64," + base64.urlsafe_b64encode(png()).decode().rstrip("="),
        "data:image/png;base64," + base64.encodebytes(png()).decode(),
        "data:image/png," + quote_from_bytes(png()),
        "data:text/plain," + quote_from_bytes(png()),
    ],
    ids=["base64", "capitals", "url-safe without padding", "in lines", "percent", "wrong type"],
)
def test_a_data_url_is_decoded(url):
    seen = picture(url)
    assert (seen.name, seen.pixels.shape) == ("data URL", (3, 4, 3))


@pytest.mark.parametrize(
    "url", ["data:", "data:image/png;base64", "data:;base64,%%%", "data:;base64,a", "data:;base64,ä"]
)
def test_a_broken_data_url_is_explained(url):
    assert "cannot be decoded" in refusal(url)


def test_standard_input_is_read_in_a_real_pipe():
    code = "from app.image_files import picture; print(picture('-').pixels.shape)"
    done = subprocess.run([sys.executable, "-c", code], input=png(), capture_output=True, timeout=60)
    assert done.stdout.strip() == b"(3, 4, 3)", done.stderr


@pytest.mark.parametrize(
    ("stdin", "what"),
    [(Stdin(), "- is empty"), (Stdin(is_terminal=True), "nothing is piped in"), (None, "nothing is piped")],
)
def test_standard_input_without_a_picture_is_explained(monkeypatch, stdin, what):
    monkeypatch.setattr(sys, "stdin", stdin)
    assert what in refusal("-")


def test_standard_input_without_end_is_given_up(monkeypatch):
    stdin = Stdin()
    stdin.buffer = open("/dev/zero", "rb")  # noqa: SIM115
    monkeypatch.setattr(sys, "stdin", stdin)
    assert "more than the 1 MB" in refusal("-", limits=Limits(size=1_000_000))
    stdin.buffer.close()


def test_a_device_is_read_within_the_limit():
    assert stat.S_ISCHR(os.stat("/dev/zero").st_mode)
    assert "more than the 1 MB" in refusal("/dev/zero", limits=Limits(size=1_000_000))


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("http://anna:secret@host/a.png", "http://***@host/a.png"),
        ("http://a@b:secret@host/a.png", "http://***@host/a.png"),
        ("https://host/a.png?cam=2&api_key=secret&x=1", "https://host/a.png?cam=2&api_key=***&x=1"),
        ("https://host/a.png?X-Amz-Signature=secret#top", "https://host/a.png?X-Amz-Signature=***#top"),
        ("rtsp://anna:secret@host/live", "rtsp://***@host/live"),
        ("holiday/me@home.png", "holiday/me@home.png"),
        ("a\nb\x1b[31m.png", r"a\nb\x1b[31m.png"),
        ("bad\udcff.png", r"bad\xff.png"),
        ("Zoë 照片.png", "Zoë 照片.png"),
    ],
)
def test_names_can_be_printed_and_hold_no_secrets(what, name):
    assert display_name(what) == name
    assert "secret" not in display_name(what)


def test_a_pattern_finds_pictures_and_clips_sorted_as_a_person_does(tmp_path, caplog):
    save(tmp_path, "10.png", "9.png", "notes.txt", "a.mp4")
    (tmp_path / "x.png").mkdir()
    with caplog.at_level(logging.INFO):
        assert [os.path.basename(one) for one in expand(f"{tmp_path}/*")] == ["9.png", "10.png", "a.mp4"]
    assert "skipped 1" in caplog.text


def test_a_pattern_is_taken_at_its_word_where_nothing_ends_like_a_picture(tmp_path):
    save(tmp_path, "b.dat", "a.dat")
    assert [os.path.basename(one) for one in expand(f"{tmp_path}/*.dat")] == ["a.dat", "b.dat"]


def test_two_stars_go_into_folders_and_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    save(tmp_path / "deep" / "er", "a.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand("~/**/*.png") == [str(tmp_path / "deep/er/a.png")]


def test_a_file_with_brackets_in_its_name_is_no_pattern(tmp_path):
    save(tmp_path, "a[1].png", "a1.png")
    assert expand(str(tmp_path / "a[1].png")) == [str(tmp_path / "a[1].png")]


def test_a_pattern_that_finds_nothing_is_explained(tmp_path):
    assert "no file matches" in refusal(expand(f"{tmp_path}/*.png")[0])


@pytest.mark.parametrize("name", ["two\nlines.png", "\x1b[31mred.png", "bad\udcff.png", "-.png", " .png"])
def test_files_of_any_name_are_read_and_their_names_can_be_printed(tmp_path, name):
    save(tmp_path, name)
    (only,) = pictures(str(tmp_path))
    assert isinstance(only, Picture)
    assert only.name.isprintable()
    assert only.name.encode()


def test_a_file_that_may_not_be_read_is_explained(tmp_path):
    save(tmp_path, "a.png")
    (tmp_path / "a.png").chmod(0)
    with ordinary_user():
        assert "permission denied" in refusal(tmp_path / "a.png")


def test_a_folder_that_may_not_be_entered_is_not_called_empty(tmp_path):
    (tmp_path / "shut").mkdir()
    save(tmp_path / "shut", "a.png")
    (tmp_path / "shut").chmod(0)
    try:
        with ordinary_user():
            assert "permission denied" in refusal(tmp_path / "shut")
    finally:
        (tmp_path / "shut").chmod(0o700)


def test_a_pipe_that_never_ends_is_given_up(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    kept = os.open(tmp_path / "pipe.png", os.O_RDWR)
    os.write(kept, png())
    assert "nothing whole has come in time" in refusal(tmp_path / "pipe.png", limits=Limits(whole_s=0.2))
    os.close(kept)


@given(st.binary(), st.sampled_from([base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes]))
def test_whatever_was_packed_comes_out_again(data, pack):
    text = pack(data).decode()
    assert from_base64(text) == data
    assert from_base64(text.rstrip("=\n")) == data
    assert data_url("data:;base64," + text) == data
    assert data_url("data:," + quote_from_bytes(data)) == data


@given(st.text())
def test_any_text_is_bytes_or_refused_in_words(text):
    for read in (lambda it: picture("data:" + it), lambda it: picture("data:;base64," + it)):
        with pytest.raises(SourceError) as caught:
            read("x" + text)  # never "-", and no text this small is a picture
        assert caught.value.hint


