"""`--backend llama` as a user runs it: narration through a llama.cpp server that is started, restarted once, ended."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests import needs
from tests.fixtures import llama_server as stand_in
from tests.fixtures import xllamacpp
from tests.fixtures.gguf_files import make_pair
from tests.fixtures.gguf_pair import demo_pair
from tests.fixtures.started import serving
from tests.running import SLOW_S, records, run, run_until, sentences, start
from tests.sweeps import spread
from tests.waiting import until

AT_SIGHT = 6
"""Questions of the sight test."""
SCENES = ("--source", "scenes", "--no-speak")


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = stand_in.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", stand_in.path_with(folder))
    return folder


@pytest.fixture
def words(tmp_path: Path) -> tuple[str, ...]:
    return ("--backend", "llama", "--gguf", str(make_pair("smolvlm", tmp_path)[0]))


def test_it_narrates_and_leaves_nothing_behind(bin_folder: Path, words: tuple[str, ...], tmp_path: Path) -> None:
    ended = run_until(sentences, tmp_path / "x.jsonl", *SCENES, *words)
    assert ended.code == 130, ended.err
    assert ended.sentences
    assert "Looking at drawn scenes with smolvlm-Q8_0 in llama-server." in ended.err
    assert len(stand_in.pids(bin_folder)) == 1
    until(lambda: not stand_in.is_running(bin_folder))


def test_a_picture_is_described(bin_folder: Path, words: tuple[str, ...]) -> None:
    ended = run("describe", "docs/page-dark.png", *words)
    assert (ended.code, len(ended.sentences)) == (0, 1), ended.err
    assert not stand_in.is_running(bin_folder)


def test_check_looks_through_a_pair_and_leaves_nothing_behind(bin_folder: Path, words: tuple[str, ...]) -> None:
    ended = run("check", words[-1])
    assert ended.code == 0, ended.err
    assert "it sees" in ended.out
    assert not stand_in.is_running(bin_folder)


def test_check_says_why_a_pair_does_not_start(
    bin_folder: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "refuse=projector")
    ended = run("check", words[-1])
    assert ended.code == 1
    assert "unknown projector type: idefics9" in ended.err
    assert not stand_in.is_running(bin_folder)


def test_its_death_is_a_notice_and_narration_goes_on(
    bin_folder: Path, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", f"dies={AT_SIGHT + 1}")
    ended = run_until(sentences, log := tmp_path / "x.jsonl", *SCENES, *words)
    assert ended.code == 130, ended.err
    told = [line["kind"] for line in records(log)]
    assert told.index("outage") < min(told.index("answering"), told.index("scene"))
    assert "llama-server was ended by signal 9" in ended.err
    assert not any("llama-server" in sentence for sentence in ended.sentences)
    assert len(stand_in.pids(bin_folder)) == 2


def test_a_second_death_ends_the_run_with_the_reason(
    bin_folder: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", f"fatal={AT_SIGHT + 1}")
    ended = run(*SCENES, *words)
    assert ended.code == 1
    assert "error: llama-server was ended by signal 9: ggml_metal_graph_compute: failed to allocate buffer" in ended.err
    assert not stand_in.is_running(bin_folder)


@pytest.mark.parametrize("name", ["projector", "bounds"])
def test_its_refusal_is_an_error_and_no_traceback(
    words: tuple[str, ...], bin_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("STAND_IN", f"refuse={name}")
    ended = run(*SCENES, *words)
    assert (ended.code, ended.out) == (1, "")
    assert f"error: llama-server ended with status 1: {stand_in.REFUSALS[name].removeprefix('E ')}" in ended.err
    assert "hint: " in ended.err
    assert "Traceback" not in ended.err
    assert len(stand_in.pids(bin_folder)) == 1


@pytest.mark.parametrize(
    ("mood", "numbers"),
    spread(
        [
            ("", (signal.SIGKILL,)),
            ("", (signal.SIGTERM,)),
            ("", (signal.SIGINT, signal.SIGINT)),
            ("silent,deaf", (signal.SIGKILL,)),
            ("silent,deaf", (signal.SIGINT,)),
        ],
        2,
    ),
)
def test_it_ends_with_the_app_however_that_ends(
    bin_folder: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    mood: str,
    numbers: tuple[signal.Signals, ...],
) -> None:
    """Also while it is looked through, and answers nothing."""
    monkeypatch.setenv("STAND_IN", mood)
    process = start(*SCENES, *words)
    until(lambda: (bin_folder / "argv.json").exists())
    if not mood:
        await_words(process, "Looking at")
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.2)  # a person's second Ctrl-C
    process.communicate(timeout=SLOW_S)
    until(lambda: not stand_in.is_running(bin_folder))


def await_words(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stderr is not None
    while words not in process.stderr.readline():
        assert process.poll() is None


def test_its_key_is_nowhere_to_be_read(bin_folder: Path, words: tuple[str, ...]) -> None:
    """Not in what is called, and not in what is said."""
    process = start(*SCENES, *words)
    until(lambda: bool(stand_in.pids(bin_folder)))
    environ = Path(f"/proc/{stand_in.pids(bin_folder)[-1]}/environ")
    key = (
        dict(each.partition("=")[::2] for each in environ.read_text().split("\0"))["LLAMA_API_KEY"]
        if environ.exists()
        else ""
    )
    await_words(process, "Looking at")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SLOW_S)
    assert not key or key not in out + err + " ".join(stand_in.words(bin_folder))
    assert "LLAMA_API_KEY" not in os.environ


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The demo model's pair in the xllamacpp wheel, under a path that is in no other process's command line."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    pair = demo_pair()
    assert pair.mmproj is not None
    (tmp_path / "demo.gguf").symlink_to(pair.text)
    (tmp_path / "mmproj-demo.gguf").symlink_to(pair.mmproj)
    return ("--backend", "llama", "--gguf", str(tmp_path / "demo.gguf"))


@pytest.mark.long
@needs.module("xllamacpp")
@needs.module("gguf")
def test_xllamacpp_narrates_as_mlx_does_and_leaves_nothing_behind(wheel: tuple[str, ...], tmp_path: Path) -> None:
    words = (*SCENES, "--asap")
    through = run_until(sentences, tmp_path / "a.jsonl", *words, *wheel)
    own = run_until(sentences, tmp_path / "b.jsonl", *words, "--model", "demo")
    assert through.code == 130, through.err
    assert "with demo in xllamacpp." in through.err
    assert "mtmd" not in through.err + through.out
    assert through.sentences
    assert through.sentences[:1] == own.sentences[:1]
    until(lambda: not xllamacpp.pids(wheel[-1]))


@needs.module("xllamacpp")
@needs.module("gguf")
@pytest.mark.parametrize("is_serving", [False, True], ids=["loading", "serving"])
@pytest.mark.parametrize("numbers", [(signal.SIGKILL,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT)])
def test_xllamacpp_ends_with_the_app_however_that_ends(
    wheel: tuple[str, ...], numbers: tuple[signal.Signals, ...], is_serving: bool
) -> None:
    process = start(*SCENES, *wheel)
    if is_serving:
        await_words(process, "Looking at")
    else:
        until(lambda: any(pid != process.pid for pid in xllamacpp.pids(wheel[-1])))
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.2)  # a person's second Ctrl-C
    process.communicate(timeout=SLOW_S)
    until(lambda: not xllamacpp.pids(wheel[-1]))


@needs.module("xllamacpp")
@needs.module("gguf")
def test_a_real_llama_cpp_server_without_an_mmproj_is_let_in_by_no_road() -> None:
    with serving(*xllamacpp.command(has_eyes=False)) as root:
        server = ("--backend", "server", "--url", f"{root}/v1")
        checked = run("check", f"{root}/v1")
        described = run("describe", "docs/page-dark.png", *server)
        narrated = run(*SCENES, *server, "--seconds", "5")
    for ended in (checked, described, narrated):
        assert ended.code == 1
        assert "takes no pictures" in ended.err
    assert described.out == narrated.out == ""


@needs.module("xllamacpp")
@needs.module("gguf")
def test_a_real_llama_cpp_server_with_the_pair_sees() -> None:
    with serving(*xllamacpp.command()) as root:
        checked = run("check", f"{root}/v1")
        described = run("describe", "docs/page-dark.png", "--backend", "server", "--url", f"{root}/v1")
    assert checked.code == described.code == 0, checked.out + described.err
    assert len(described.sentences) == 1
