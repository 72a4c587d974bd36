"""looksay as a user runs it: child processes, the real model, real clips, real signals."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from typing import IO, Any

import pytest

from app.demo import scenes
from app.demo.source import SceneSource
from tests import needs
from tests.running import DEMO, SLOW_S, environment, records, run, run_until, sentences, start
from tests.sources.clips import capture_processes, encode, is_running
from tests.sweeps import spread
from tests.waiting import until

NUMBERS = [
    *("media_s", "seen_at", "frame_age_s", "first_word_s", "total_s", "tokens", "image_tokens", "forwards"),
    *("drafted", "draft_accepted", "frames_seen", "frames_described"),
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], str, list[dict[str, object]], int]:
    """What the demo says on stdout and stderr until three sentences are told, its log, and its exit code."""
    log = tmp_path_factory.mktemp("demo") / "x.jsonl"
    ended = run_until(lambda told: len(sentences(told)) >= 3, log, "demo")
    return ended.sentences, ended.err, list(records(log)), ended.code


Demo = tuple[list[str], str, list[dict[str, object]], int]


def test_the_demo_narrates_until_it_is_interrupted(demo: Demo) -> None:
    said, _, _, code = demo
    assert code == 130
    assert len(said) >= 3


def test_stdout_carries_the_sentences_of_the_log_and_nothing_else(demo: Demo) -> None:
    said, _, log, _ = demo
    assert said == [line["text"] for line in log if line["event"] == "sentence"]


def test_log_lines_keep_the_contract(demo: Demo) -> None:
    told = [line for line in demo[2] if line["event"] == "sentence"]
    assert [line["kind"] for line in told] == ["scene", *["change"] * (len(told) - 1)]
    for line in told:
        assert all(isinstance(line[name], int | float) for name in NUMBERS)
        assert line["image_tokens"] == 16
        assert 0 < line["first_word_s"] <= line["frame_age_s"]  # type: ignore[operator]
        assert line["first_word_s"] <= line["total_s"]  # type: ignore[operator]
    assert [line["frames_described"] for line in told] == sorted(line["frames_described"] for line in told)  # type: ignore[type-var]


def test_the_banner_says_what_the_demo_model_is_and_what_is_slower(demo: Demo) -> None:
    _, err, log, _ = demo
    assert "drawn shapes" in err
    warned = [line["text"] for line in log if line["kind"] == "warning"]
    assert any("drawn shapes" in str(text) for text in warned)


def test_the_demos_sentences_name_what_is_drawn(demo: Demo) -> None:
    """Every object named is there at that moment of the seeded clip."""
    drawn, wrong = SceneSource(), []
    for line in demo[2]:
        if line["event"] == "sentence":
            there = {shape.name for shape in drawn.truth_at(float(str(line["media_s"])))}
            named = {f"{c} {k}" for c in scenes.COLOURS for k in scenes.KINDS if f"{c} {k}" in str(line["text"])}
            wrong += [(line["text"], there)] if named - there else []
    assert len(wrong) <= 0.05 * len(demo[0]), wrong


def wait_for(stream: IO[str] | None, words: str) -> str:
    """Read lines until one holds these words."""
    assert stream
    read = ""
    for line in stream:
        read += line
        if words in line:
            return read
    raise AssertionError(f"{words!r} never came; only:\n{read}")


def end(process: subprocess.Popen[str], number: int = signal.SIGINT) -> int:
    """Send a signal and wait for the end of what would go on for ever; return the exit code."""
    process.send_signal(number)
    process.communicate(timeout=SLOW_S)
    return process.returncode


def test_ctrl_c_ends_with_130_and_everything_joined() -> None:
    process = start("demo")
    wait_for(process.stdout, ".")
    assert end(process) == 130


def test_ctrl_c_while_the_model_loads_ends_as_well() -> None:
    process = start("demo")
    wait_for(process.stderr, "Loading")
    assert end(process) == 130


def test_a_terminal_that_is_closed_ends_the_run_with_its_log_written(tmp_path: Path) -> None:
    log = tmp_path / "x.jsonl"
    process = start("demo", "--log", str(log))
    wait_for(process.stdout, ".")
    assert end(process, signal.SIGHUP) == 130
    assert [line for line in records(log) if line["event"] == "sentence"]


@pytest.mark.long
def test_nohup_is_respected() -> None:
    ignored = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-m", "app", "demo"]
    process = subprocess.Popen(ignored, stdout=subprocess.PIPE, text=True, env=environment())
    wait_for(process.stdout, ".")
    process.send_signal(signal.SIGHUP)
    wait_for(process.stdout, ".")
    assert end(process, signal.SIGTERM) == 130


@pytest.mark.long
@needs.platform("linux")
def test_a_full_disk_behind_stdout_ends_the_run_with_an_explanation() -> None:
    with open("/dev/full", "w") as full:
        ended = run("demo", "--no-speak", stdout=full)
    assert ended.code == 1
    assert [line.split(":")[0] for line in ended.err.splitlines()][-2:] == ["error", "hint"]
    assert ended.err.count("error: ") == 1


@pytest.mark.parametrize("closed", spread(["<&- >&- 2>&-", "<&-", ">&-", "2>&-"], 1))
def test_a_stream_that_is_closed_does_not_disturb_the_run(closed: str, tmp_path: Path) -> None:
    log = tmp_path / "x.jsonl"
    line = f"exec {shlex.quote(sys.executable)} -m app demo --no-speak --log {shlex.quote(str(log))} {closed}"
    process = subprocess.Popen(["sh", "-c", line], stdout=PIPE, stderr=PIPE, text=True, env=environment())
    until(lambda: sentences(records(log)) or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SLOW_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert sentences(records(log))


@pytest.mark.long
def test_a_reader_that_leaves_ends_the_run_quietly() -> None:
    process = start("demo")
    wait_for(process.stdout, ".")
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=SLOW_S)
    assert process.returncode == 0
    assert "Traceback" not in err


@pytest.fixture
def camera(tmp_path: Path) -> list[str]:
    """Arguments for a clip in place of a camera."""
    clip = encode(tmp_path / "clip.avi")
    return ["--source", f"camera:{clip}", "--no-speak"]


@needs.tool("ps")
def test_a_camera_is_opened_while_the_model_loads_and_closed_with_the_run(camera: list[str]) -> None:
    process = start(*camera, "--model", DEMO)
    wait_for(process.stderr, "Loading")
    until(lambda: capture_processes(process.pid))
    (capturing,) = capture_processes(process.pid)
    assert "Looking at camera: clip.avi" in wait_for(process.stderr, "Looking")
    wait_for(process.stdout, ".")
    assert capture_processes(process.pid) == [capturing]
    assert end(process) == 130
    until(lambda: not is_running(capturing))


@needs.tool("ps")
def test_ctrl_c_while_the_model_loads_closes_the_camera_too(camera: list[str]) -> None:
    process = start(*camera, "--model", DEMO)
    until(lambda: capture_processes(process.pid))
    (capturing,) = capture_processes(process.pid)
    assert end(process) == 130
    until(lambda: not is_running(capturing))


@needs.tool("ps")
def test_a_model_that_does_not_load_closes_the_camera_that_is_open_already(camera: list[str], tmp_path: Path) -> None:
    spoilt = shutil.copytree(DEMO, tmp_path / "spoilt")
    weights = spoilt / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])
    process = start(*camera, "--model", str(spoilt))
    until(lambda: capture_processes(process.pid))
    (capturing,) = capture_processes(process.pid)
    _, err = process.communicate(timeout=SLOW_S)
    assert process.returncode == 1
    assert err.splitlines()[-2].startswith("error: ")
    until(lambda: not is_running(capturing))


@pytest.mark.parametrize("source", spread(["camera:97", "camera:README.md", "rtsp://127.0.0.1:9/video"], 1))
def test_a_camera_that_is_not_there_is_told_before_the_model_is_ready(source: str) -> None:
    ended = run("--source", source, "--model", DEMO, "--no-speak", cwd=Path(DEMO).parents[1])
    assert ended.code == 1
    assert "Looking at" not in ended.err
    assert ended.err.count("error: ") == 1


def test_a_model_that_is_not_installed_says_how_to_install_it() -> None:
    ended = run("--source", "scenes", "--model", "smolvlm2-256m")
    if (Path(DEMO).parents[1] / ".models" / "smolvlm2-256m").exists():
        pytest.skip("needs a project without the default model; here it is installed")
    assert ended.code == 1
    assert "./install.sh" in ended.err


@pytest.mark.long
def test_json_lines_on_stdout_are_those_of_the_log(tmp_path: Path) -> None:
    """But for the moment at which each output was told of a notice; a sentence has that of its frame."""
    log = tmp_path / "x.jsonl"
    ended = run_until(lambda told: len(sentences(told)) >= 2, log, "demo", "--json")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 130
    assert [untimed(line) for line in lines] == [untimed(line) for line in records(log)]


def untimed(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "seen_at": 0, "time": ""} if line["event"] == "notice" else line


def test_it_writes_nothing_but_the_log(tmp_path: Path) -> None:
    """Frames stay in memory."""
    ended = run_until(sentences, tmp_path / "x.jsonl", "demo", cwd=tmp_path)
    assert ended.code == 130
    assert os.listdir(tmp_path) == ["x.jsonl"]
