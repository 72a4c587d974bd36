"""What a person types as a path: taken as meant, or explained in a sentence and a hint."""

import errno
import os
import sys
from pathlib import Path
from threading import Timer

import pytest

from app.errors import OutputError, SourceError, UsageError
from app.files import (
    did_you_mean,
    explain,
    open_own,
    open_to_read,
    read_private,
    read_small,
    readable,
    same_file,
    user_path,
)
from tests.privileges import ordinary_user

LONG = "a" * 300


def why_not_read(path: Path, kind: str = "file") -> tuple[str, str]:
    """What is said when it is read."""
    with pytest.raises(OSError) as failure:
        read_small(path)
    return explain(failure.value, path, kind)


def why_not_written(path: Path) -> tuple[str, str]:
    with pytest.raises(OSError) as failure:
        os.close(open_own(path, 0, lambda _: True))
    return explain(failure.value, path, "log", "written")


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_path("~/clip.mp4") == tmp_path / "clip.mp4"
    assert user_path("a~b") == Path("a~b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file name is empty"),
        ("~no-such-user/clip.mp4", "no home folder is known for ~no-such-user"),
        ("a\0b.mp4", r"a\x00b.mp4 cannot be a file name"),
    ],
)
def test_what_names_no_path_is_explained_in_the_kind_of_error_that_is_wanted(text: str, words: str) -> None:
    for error, code in ((UsageError, 2), (SourceError, 1)):
        with pytest.raises(error) as failure:
            user_path(text, error)
        assert words in failure.value.message
        assert failure.value.hint
        assert failure.value.exit_code == code


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Grüße 日本.png", "Grüße 日本.png"),
        ("Screenshot 10.30.00\u202fAM.png", "Screenshot 10.30.00 AM.png"),
        ("two\nlines\t.png", r"two\nlines\t.png"),
        ("txt\u202egnp.exe", r"txt\u202egnp.exe"),
        (os.fsdecode(b"caf\xe9.png"), r"caf\xe9.png"),
        ("\x1b[31mred", r"\x1b[31mred"),
    ],
)
def test_a_name_is_readable_in_a_terminal(name: str, shown: str) -> None:
    assert readable(name) == readable(Path(name)) == shown
    assert readable(name).isprintable()
    assert readable(name).encode()


def test_a_missing_file_is_named_with_the_one_that_may_be_meant(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").touch()
    (tmp_path / "._clipp.mp4").touch()
    told = why_not_read(tmp_path / "clipp.mp4", "clip")
    assert told == (f"no such clip: {tmp_path}/clipp.mp4", f"did you mean {tmp_path}/clip.mp4?")
    assert why_not_read(tmp_path / "clip.mov")[1] == f"did you mean {tmp_path}/clip.mp4?"
    assert did_you_mean(Path("scens"), ["camera", "scenes"]) == "did you mean scenes?"
    for other in ("other.txt", "gone.mp4"):
        assert "check the spelling" in why_not_read(tmp_path / other)[1]


def test_a_name_that_differs_in_what_cannot_be_seen_is_told_apart(tmp_path: Path) -> None:
    """macOS writes U+202F before AM and PM; a person types a space."""
    (tmp_path / "Screenshot 10.30.00\u202fAM.png").touch()
    message, hint = why_not_read(tmp_path / "Screenshot 10.30.00 AM.png")
    assert message.startswith("no such file: ")
    assert "Tab" in hint


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    told = why_not_read(tmp_path / "clipz" / "a.mp4")
    assert told == (
        f"no such file: {tmp_path}/clipz/a.mp4 (no such folder: {tmp_path}/clipz)",
        f"did you mean {tmp_path}/clips?",
    )
    message, hint = why_not_written(tmp_path / "my clips" / "a.jsonl")
    assert message.endswith(f"cannot be written: no such folder: {tmp_path}/my clips")
    assert hint == f"mkdir -p '{tmp_path}/my clips'"


def test_links_that_lead_nowhere_or_in_a_circle_are_explained(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("gone")
    (tmp_path / "b").symlink_to("b")
    assert why_not_read(tmp_path / "a")[0] == f"{tmp_path}/a is a link to gone, which does not exist"
    assert why_not_read(tmp_path / "b")[0] == f"{tmp_path}/b is a symbolic link that leads back to itself"


def test_names_that_are_too_long_or_lead_through_a_file_are_explained(tmp_path: Path) -> None:
    assert why_not_read(tmp_path / LONG)[0].startswith("the file name is too long: ")
    (tmp_path / "notes.txt").touch()
    message, _ = why_not_read(tmp_path / "notes.txt" / "a" / "b")
    assert message == f"no such file: {tmp_path}/notes.txt/a/b ({tmp_path}/notes.txt is not a folder)"


def test_what_is_forbidden_is_told_with_the_folder_that_forbids_it(tmp_path: Path) -> None:
    shut, file = tmp_path / "shut", tmp_path / "file"
    (shut / "in").mkdir(parents=True)
    file.touch()
    file.chmod(0)
    shut.chmod(0)
    try:
        with ordinary_user():
            assert why_not_read(file) == (f"{file} cannot be read: permission denied", f"chmod u+r {file}")
            assert why_not_written(file)[1] == f"chmod u+w {file}"
            message, hint = why_not_read(shut / "in" / "a")
    finally:
        shut.chmod(0o700)
    assert message == f"{shut}/in/a cannot be read: permission denied for the folder {shut}"
    assert hint == f"chmod u+rx {shut}"
    shut.chmod(0o500)
    with ordinary_user():
        message, hint = why_not_written(shut / "a")
    assert (message, hint) == (
        f"{shut}/a cannot be written: permission denied for the folder {shut}",
        f"chmod u+rwx {shut}",
    )


def test_on_a_mac_what_is_forbidden_may_be_a_matter_of_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    hint = explain(PermissionError(errno.EPERM, "Operation not permitted"), tmp_path / "a")[1]
    assert "System Settings > Privacy & Security > Files and Folders" in hint


@pytest.mark.parametrize(
    ("code", "words", "hint"),
    [
        (errno.EROFS, "cannot be written: its disk is read-only", "on another disk"),
        (errno.ENOSPC, "cannot be written: the disk is full", "make room"),
        (errno.EDQUOT, "cannot be written: the disk is full", "make room"),
        (errno.EIO, "cannot be written: Input/output error", "name another log"),
    ],
)
def test_what_a_disk_refuses_is_explained(code: int, words: str, hint: str, tmp_path: Path) -> None:
    told = explain(OSError(code, os.strerror(code)), tmp_path / "a.jsonl", "log", "written")
    assert words in told[0]
    assert hint in told[1]


def test_text_in_another_encoding_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UnicodeDecodeError) as failure:
        b"caf\xe9".decode()
    assert explain(failure.value, tmp_path / "a")[0] == f"{tmp_path}/a is not a text file in UTF-8"


def test_a_small_file_and_what_a_pipe_delivers_late_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    assert len(read_small(tmp_path / "file")) == 100_000
    (tmp_path / "empty").touch()
    assert read_small(tmp_path / "empty") == read_small(Path("/dev/null")) == b""
    os.mkfifo(tmp_path / "pipe")
    writer = Timer(0.1, (tmp_path / "pipe").write_bytes, [b"[Door]"])
    writer.start()
    assert read_small(tmp_path / "pipe") == b"[Door]"
    writer.join()


def test_a_pipe_without_end_and_a_file_that_is_too_large_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.files.PIPE_S", 0.1)
    os.mkfifo(tmp_path / "pipe")
    assert "nothing whole came out of this pipe" in why_not_read(tmp_path / "pipe")[0]
    assert "more than 1,048,576 bytes" in why_not_read(Path("/dev/zero"))[0]


def test_a_secret_is_read_from_its_owner_s_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "my key"
    file.write_text("sk-secret\n")
    file.chmod(0o640)
    with pytest.raises(UsageError, match="others may read or own") as failure:
        read_private(file)
    assert failure.value.hint.startswith(f"chmod 600 '{file}'")
    file.chmod(0o600)
    assert read_private(file) == "sk-secret\n"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not a text file"):
        read_private(file)
    with pytest.raises(UsageError, match="no such key file"):
        read_private(tmp_path / "none")


def test_two_paths_to_one_file_are_known(tmp_path: Path) -> None:
    one = tmp_path / "one"
    assert same_file(one, tmp_path / "." / "one")
    assert not same_file(one, tmp_path / "other")
    (tmp_path / "to new").symlink_to("one")
    assert same_file(one, tmp_path / "to new")
    one.touch()
    os.link(one, tmp_path / "hard")
    assert same_file(one, tmp_path / "hard")
    (tmp_path / "round").symlink_to("round")
    assert not same_file(one, tmp_path / "round")


def test_only_what_is_empty_or_own_is_opened_to_write(tmp_path: Path) -> None:
    file = tmp_path / "a"
    os.close(open_own(file, os.O_APPEND, lambda _: False))  # new, then empty
    file.write_text("mine")
    with pytest.raises(OutputError, match="was not written by looksay"):
        open_own(file, os.O_APPEND, lambda content: content.read() == b"looksay's")
    assert file.read_text() == "mine"
    os.close(open_own(file, os.O_APPEND, lambda content: content.read() == b"mine"))


def test_a_pipe_is_written_to_if_something_reads_it(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    message, hint = why_not_written(pipe)
    assert "no program is at the other end" in message
    assert hint == f"start the program that reads it first: cat {pipe}"
    reader = open_to_read(pipe)
    writer = open_own(pipe, os.O_APPEND, lambda _: False)
    assert os.get_blocking(writer)
    os.write(writer, b"line\n")
    assert os.read(reader, 10) == b"line\n"
    for each in (reader, writer):
        os.close(each)
    os.close(open_own(Path("/dev/null"), 0, lambda _: False))
    with pytest.raises(OSError, match="seek"):
        open_own(pipe, 0, lambda _: False, is_pipe_fine=False)
