"""Every option that takes a path × what people type: one sentence, one hint, exit code 1 or 2; never a traceback.

In this process, through the command line; each row ends before a model is loaded.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main
from tests.privileges import ordinary_user

QUIET = ("--model", "demo", "--no-speak", "--no-earcons", "--seconds", "1")
PAGE = ("demo", "--no-speak", "--no-earcons", "--page-host", "0.0.0.0", "--page-port", "0")
SERVER = ("--backend", "server", "--url", "http://127.0.0.1:9/v1", "--source", "scenes")
USAGE, FAILED = 2, 1


@dataclass(frozen=True, slots=True)
class Option:
    """How a path is given, and the exit code where it cannot be opened."""

    words: Callable[[str], list[str]]
    code: int
    suffix: str = ""
    nameless: int = USAGE
    """The exit code where it is no path at all."""


def option(*words: str, code: int, suffix: str = "", nameless: int = USAGE) -> Option:
    """An option from a command line in which PATH stands for the path."""
    return Option(lambda path: [each.replace("PATH", path) for each in words], code, suffix, nameless)


READ = {
    "--source": option("--source", "PATH", *QUIET, code=FAILED, suffix=".mp4", nameless=FAILED),
    "--camera": option("--camera", "PATH", "--camera", "scenes", *QUIET, code=FAILED, suffix=".mp4", nameless=FAILED),
    "--camera NAME=": option(
        "--camera", "Door=PATH", "--camera", "scenes", *QUIET, code=FAILED, suffix=".mp4", nameless=FAILED
    ),
    "--cameras": option("--cameras", "PATH", *QUIET, code=USAGE, suffix=".toml"),
    "--model": option("--model", "PATH", "--source", "scenes", code=FAILED, suffix="/.", nameless=FAILED),
    "check": option("check", "PATH", code=FAILED, suffix="/.", nameless=FAILED),
    "check, a GGUF file": option("check", "PATH", code=FAILED, suffix=".gguf", nameless=FAILED),
    "--gguf": option("--backend", "llama", "--gguf", "PATH", "--source", "scenes", code=FAILED, suffix=".gguf"),
    "--api-key-file": option(*SERVER, "--api-key-file", "PATH", code=USAGE),
    "check --api-key-file": option("check", "http://127.0.0.1:9/v1", "--api-key-file", "PATH", code=USAGE),
    "--page-cert": option(*PAGE, "--page-cert", "PATH", code=FAILED, suffix=".pem"),
    "describe": option("describe", "PATH", "--model", "demo", code=FAILED, suffix=".png", nameless=FAILED),
    "score": option("score", "PATH", code=FAILED, suffix=".avi"),
    "score CLIP": option("score", "clip.avi", "PATH", code=FAILED, suffix=".json"),
    "score --log": option("score", "clip.avi", "clip.json", "--log", "PATH", code=FAILED, suffix=".jsonl"),
    "history --log": option("history", "--log", "PATH", code=FAILED, suffix=".jsonl"),
    "history --wipe --log": option("history", "--wipe", "--log", "PATH", code=FAILED, suffix=".jsonl"),
    "--mmproj": option(
        "--backend", "llama", "--gguf", "a.gguf", "--mmproj", "PATH", "--source", "scenes", code=FAILED, suffix=".gguf"
    ),
    "bench --gguf": option("bench", "--model", "demo", "--gguf", "PATH", code=FAILED, suffix=".gguf"),
    "bench --mmproj": option(
        "bench", "--model", "demo", "--gguf", "a.gguf", "--mmproj", "PATH", code=FAILED, suffix=".gguf"
    ),
    "bench --compare": option("bench", "--model", "demo", "--compare", "PATH", code=FAILED, suffix=".json"),
}
WRITTEN = {
    "--log": option("demo", "--no-speak", "--no-earcons", "--log", "PATH", code=FAILED, suffix=".jsonl"),
    "--thumbnails": option("demo", "--no-speak", "--thumbnails", "--log", "PATH", code=FAILED, suffix=".jsonl"),
    "--subtitles": option("demo", "--no-speak", "--no-earcons", "--subtitles", "PATH", code=FAILED, suffix=".vtt"),
    "serve --key-file": option("serve", "--model", "demo", "--port", "0", "--key-file", "PATH", code=USAGE),
    "describe --to": option("describe", "clip.png", "--model", "demo", "--to", "PATH", code=FAILED, suffix=".jsonl"),
}
ALL = {**READ, **WRITTEN}
EMPTY = [name for name in ALL if name not in ("--camera NAME=", "score CLIP", "describe --to")]
NAMELESS = {
    "an unknown user": ("~no-such-user/x", "no home folder is known for ~no-such-user"),
    "a NUL character": ("a\0b", r"a\x00b"),
}
UNREADABLE = {
    "300 letters": ("x" * 300, "file name is too long"),
    "in a folder that may not be entered": ("shut/x", "permission denied for the folder shut"),
    "below a file": ("notes.txt/x", "notes.txt is not a folder"),
    "a link to itself": ("loop", "leads back to itself"),
}
MISSING = {
    "missing": ("gone", "gone"),
    "missing, with a newline": ("go\nne", r"go\nne"),
    "missing, with a direction mark": ("go\u202ene", r"go\u202ene"),
    "missing, with a narrow space": ("go\u202fne", "go ne"),
    "missing, not in UTF-8": (os.fsdecode(b"go\xffne"), r"go\xffne"),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to work in, as a user who may not do everything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("app.files.PIPE_S", 0.2)
    Path("notes.txt").write_text("My notes.\n")
    Path("clip.avi").touch()
    Path("clip.png").touch()
    Path("a.gguf").touch()
    Path("clip.json").write_text(json.dumps(TRUTH))
    Path("shut").mkdir()
    Path("shut").chmod(0)
    with ordinary_user():
        yield tmp_path
    Path("shut").chmod(0o700)


TRUTH = {
    "clip": "clip.avi",
    "fps": 10,
    "size": [16, 16],
    "spans": [{"from": 0, "until": 1, "kind": "scene", "captions": ["A red circle."]}],
    "events": [],
}


def refusal(capsys: pytest.CaptureFixture[str], argv: list[str]) -> tuple[int, str, str]:
    """Exit code, sentence and hint of a command that is refused, with nothing else beside them."""
    code = main(argv)
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    lines = err.splitlines()
    told = [line for line in lines if not line.startswith("notice: ") and not line.endswith(" cannot be used")]
    assert [line.partition(": ")[0] for line in told] == ["error", "hint"], out + err
    assert err.isprintable() or err.replace("\n", "").isprintable()
    return code, told[0].removeprefix("error: "), told[1].removeprefix("hint: ")


def linked(name: str, suffix: str) -> str:
    """The path of a row; the link that leads to itself is made."""
    path = (name + suffix).removesuffix("/.")
    if name == "loop":
        os.symlink(path, path)
    return path


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("each", NAMELESS)
@pytest.mark.parametrize("name", ALL)
def test_what_is_no_path_is_explained(name: str, each: str, capsys: pytest.CaptureFixture[str]) -> None:
    option, (typed, words) = ALL[name], NAMELESS[each]
    code, sentence, hint = refusal(capsys, option.words((typed + option.suffix).removesuffix("/.")))
    assert (code, words in sentence) == (option.nameless, True), sentence
    assert hint


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_text_is_no_path(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A variable of a script that is not set: nothing is looked at, written or served in its place."""
    code, sentence, hint = refusal(capsys, ALL[name].words(""))
    assert (code in (USAGE, FAILED), "is empty" in sentence) == (True, True), sentence
    assert hint


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("each", UNREADABLE)
@pytest.mark.parametrize("name", ALL)
def test_what_cannot_be_reached_is_explained(name: str, each: str, capsys: pytest.CaptureFixture[str]) -> None:
    option, (typed, words) = ALL[name], UNREADABLE[each]
    code, sentence, hint = refusal(capsys, option.words(linked(typed, option.suffix)))
    assert (code, words in sentence) == (option.code, True), sentence
    assert hint


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("each", MISSING)
@pytest.mark.parametrize("name", [name for name in READ if name not in ("--model", "check")])
def test_what_is_missing_is_named_readably(name: str, each: str, capsys: pytest.CaptureFixture[str]) -> None:
    option, (typed, words) = READ[name], MISSING[each]
    code, sentence, hint = refusal(capsys, option.words(typed + option.suffix))
    assert code == option.code
    assert "no such " in sentence
    assert words + option.suffix in sentence
    assert hint


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("name", [name for name in READ if name != "describe"])  # 10 s: tests/image_files/test_load.py
def test_a_pipe_that_nothing_writes_to_does_not_hang(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    option = READ[name]
    path = ("pipe" + option.suffix).removesuffix("/.")
    os.mkfifo(path, 0o600)
    code, sentence, _ = refusal(capsys, option.words(path))
    assert code in (USAGE, FAILED)
    assert path in sentence


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("name", ["--log", "--thumbnails"])
def test_a_pipe_that_nothing_reads_does_not_hang(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    option = WRITTEN[name]
    os.mkfifo(path := f"pipe{option.suffix}")
    code, sentence, hint = refusal(capsys, option.words(path))
    assert (code, "no program is at the other end" in sentence) == (FAILED, True)
    assert hint == f"start the program that reads it first: cat {path}"


@pytest.mark.usefixtures("place")
def test_subtitles_are_for_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe.vtt")
    code, sentence, _ = refusal(capsys, WRITTEN["--subtitles"].words("pipe.vtt"))
    assert (code, sentence) == (FAILED, "pipe.vtt cannot be written: it is a pipe or a device, and must be a file")


OWN_RECORD = '{"event": "sentence", "kind": "scene", "text": "A red circle."}\n'


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--log", "notes.txt"), "notes.txt was not written by looksay, so it stays as it is"),
        (("--log", "clip.json"), "clip.json was not written by looksay, so it stays as it is"),
        (("--log", "link.jsonl"), "link.jsonl was not written by looksay, so it stays as it is"),
        (("--subtitles", "film.srt"), "film.srt was not written by looksay, so it stays as it is"),
        (("--subtitles", "film.vtt"), "film.vtt was not written by looksay, so it stays as it is"),
        (("--log", "run.jsonl", "--subtitles", "run.vtt"), "--log and --subtitles name the same file"),
        (("--log", "run.jsonl", "--subtitles", "hard.vtt"), "--log and --subtitles name the same file"),
        (("--source", "clip.avi", "--log", "clip.avi"), "--source and --log name the same file"),
        (("--source", "clip.avi", "--subtitles", "clip.vtt"), "--source and --subtitles name the same file"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_a_file_that_looksay_did_not_write_stays_as_it_is(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("film.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nHello.\n")
    Path("film.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:03.000\nHello.\n")
    Path("run.jsonl").write_text(OWN_RECORD)
    for link, to in (("link.jsonl", "notes.txt"), ("run.vtt", "run.jsonl"), ("clip.vtt", "clip.avi")):
        os.symlink(to, link)
    os.link("run.jsonl", "hard.vtt")
    before = {name: Path(name).read_bytes() for name in os.listdir() if os.path.isfile(name)}
    code, told, hint = refusal(capsys, [*words, "--model", "demo", "--no-speak", "--no-earcons"])
    assert (code in (USAGE, FAILED), told) == (True, sentence)
    assert hint
    assert {name: Path(name).read_bytes() for name in os.listdir() if os.path.isfile(name)} == before


@pytest.mark.usefixtures("place")
def test_a_folder_that_may_not_be_entered_is_not_called_empty(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("--source", "shut", *QUIET), ("describe", "shut", "--model", "demo"), ("score", "shut")):
        code, sentence, hint = refusal(capsys, list(words))
        assert (code, sentence, hint) == (FAILED, "shut cannot be read: permission denied", "chmod u+rx shut")


@pytest.mark.usefixtures("place")
def test_on_a_mac_a_folder_that_may_not_be_entered_points_to_its_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.files.sys.platform", "darwin")
    _, _, hint = refusal(capsys, ["history", "--log", "shut/a.jsonl"])
    assert "System Settings > Privacy & Security > Files and Folders" in hint


@pytest.mark.usefixtures("place")
def test_the_truths_that_macos_shadows_are_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    """`._NAME` files, as on a USB stick: the next to be missed is the clip itself."""
    Path("clips").mkdir()
    Path("clips/._clip.json").write_bytes(b"\0\5\x16\7")
    Path("clips/clip.json").write_text(json.dumps(TRUTH))
    code, sentence, _ = refusal(capsys, ["score", "clips"])
    assert (code, sentence) == (FAILED, "no such clip or folder: clips/clip.avi")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[Door]\nsource = "scenes"\nevery = ' + "9" * 400, "its every is not a number of seconds"),
        ("a = " + "{a = " * 3000 + "1" + "}" * 3000, "is not valid TOML"),
        ("# K\udcfcche\n", "is not a text file in UTF-8"),
    ],
    ids=["a number of 400 digits", "tables in tables", "not in UTF-8"],
)
def test_a_list_of_cameras_that_cannot_be_understood_is_explained(
    content: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.toml").write_bytes(os.fsencode(content))
    code, sentence, _ = refusal(capsys, ["--cameras", "a.toml", *QUIET])
    assert (code, words in sentence) == (USAGE, True), sentence


def test_a_current_folder_that_was_removed_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert refusal(capsys, ["demo"])[:2] == (USAGE, "the current folder no longer exists")
