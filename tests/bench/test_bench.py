"""`./run.sh bench` as a user runs it. No timings: what the clocks say is for people who measure."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.bench.command import bench, end_on_signals, print_result
from app.bench.rows import Options
from app.cli import main
from app.config import Settings
from app.errors import BenchError, OutputError
from tests import needs
from tests.fixtures import llama_server as llama
from tests.fixtures.families.smolvlm import make_small_smolvlm
from tests.running import SLOW_S, Ended, environment, run, start
from tests.sweeps import spread
from tests.waiting import LIMIT_S

SHORT = ("--rounds", "1", "--captions", "1", "--seconds", "0")
RATIOS = {"preprocessing_ms", "first_word_ms", "caption_ms", "forwards", "peak_mb"}
NEVER_SLOW = """import sys
from app.bench import rows
rows.NEVER_SLOW_S = float("inf")
from app.cli import main
sys.exit(main(sys.argv[1:]))"""
"""On a busy machine any row may seem slow and skip frames; here every row describes every frame."""


def result_of(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    return dict(json.loads(ended.out))


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    words = ("bench", "--model", "demo", "--rounds", "1", "--captions", "3", "--seconds", "3", "--json")
    command = [sys.executable, "-c", NEVER_SLOW, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=LIMIT_S)
    return result_of(Ended(done.returncode, done.stdout, done.stderr))


@pytest.fixture
def _signals() -> Iterator[None]:
    """Restores the handlers that a bench changes."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def clip(result: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in result["clips"] if each["name"] == name)


def test_the_result_names_what_it_measured_with_and_on(result: dict[str, Any]) -> None:
    assert {"system", "chip", "cores", "memory_gb", "device", "model", "files", "max_tokens"} <= {
        *result["fingerprint"]
    }
    assert {"looksay", "mlx", "mlx-vlm", "transformers"} <= {*result["versions"]}
    assert list(result["rows"])[:4] == ["a", "b", "c", "d"]
    assert any("nothing about real scenes" in note for note in result["notes"])


def test_rows_that_compute_the_same_say_the_same(result: dict[str, Any]) -> None:
    for each in result["clips"]:
        assert each["differences"] == []
        assert all(each["same_text"][row] == [3, 3] for row in "bcd")
    assert clip(result, "still")["changes"] == [0, 2]


def test_drafts_save_forwards_and_one_tile_costs_sixteen_tokens(result: dict[str, Any]) -> None:
    for each in result["clips"]:
        rows = each["rows"]
        assert rows["d"]["forwards_in_all"] < rows["c"]["forwards_in_all"] < rows["b"]["forwards_in_all"]
        assert rows["c"]["drafted_in_all"] == 0 < rows["d"]["draft_accepted_in_all"] <= rows["d"]["drafted_in_all"]
        assert all(rows[row]["image_tokens"]["median"] == 16 for row in "bcd")
        assert all(rows[row]["vision_passes"]["median"] == 1 for row in "abcd")


def test_every_row_is_compared_with_a_and_b(result: dict[str, Any]) -> None:
    ratios = clip(result, "moving")["ratios"]
    assert set(ratios) == {"a", "b"}
    assert all(set(ratios["b"][row]) == RATIOS and all(ratios["b"][row].values()) for row in "acd")


@needs.module("torch", even_in_ci=True)
def test_transformers_is_a_row_and_says_the_same(result: dict[str, Any]) -> None:
    """Its memory is not counted."""
    assert result["rows"]["torch"].startswith("transformers: on ")
    moving = clip(result, "moving")
    assert moving["same_text"]["torch"] == [3, 3]
    assert {measure for measure, found in moving["ratios"]["b"]["torch"].items() if found} == RATIOS - {"peak_mb"}


def test_the_live_rows_report_how_old_frames_were_and_what_it_cost(result: dict[str, Any]) -> None:
    assert [each["row"] for each in result["live"]] == ["b", "d"]
    for each in result["live"]:
        assert each["frames_described"] >= 1
        assert each["age_at_start_ms"]["p50"] <= each["age_at_first_word_ms"]["p95"]
        assert each["cpu_s_a_minute"] > 0


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize(
    ("changes", "captions", "message", "hint"),
    [
        pytest.param({"chip": "Apple M9"}, 3, "chip was Apple M9", "made on this machine", id="another machine"),
        pytest.param({}, 1, "captions was 3 and is 1", "--rounds 1 --captions 3", id="fewer captions"),
    ],
)
def test_an_incomparable_result_is_refused_before_anything_is_measured(
    tmp_path: Path,
    result: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    captions: int,
    message: str,
    hint: str,
) -> None:
    old = tmp_path / "old.json"
    old.write_text(json.dumps({**result, "fingerprint": {**result["fingerprint"], **changes}}))
    with pytest.raises(BenchError, match=message) as refused:
        bench(Options(1, captions, compare=str(old)), Settings(model="demo"))
    assert hint in refused.value.hint
    out, err = capsys.readouterr()
    assert (out, "loading" in err) == ("", False)


@pytest.mark.parametrize(
    "flags",
    [
        ("--rounds", "0"),
        ("--captions", "some"),
        ("--source", "camera"),
        ("--mmproj", "a.gguf"),
        ("--markdown", "--json"),
    ],
)
def test_a_wrong_command_line_ends_with_2(flags: tuple[str, str]) -> None:
    assert main(["bench", *flags]) == 2


@pytest.mark.parametrize("options", [Options(1, 1), Options(1, 1, is_markdown=True)], ids=["plain", "Markdown"])
@pytest.mark.parametrize("is_json", [False, True])
@pytest.mark.parametrize("out", ["a pipe without a reader", "a full disk"])
def test_a_broken_standard_output_is_explained_or_ends_quietly(
    options: Options, is_json: bool, out: str, result: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    if out == "a full disk":
        if not Path("/dev/full").exists():
            pytest.skip("there is no device that is always full")
        os.close(writer)
        writer = os.open("/dev/full", os.O_WRONLY)
    with os.fdopen(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        if out == "a full disk":
            with pytest.raises(OutputError, match="No space left"):
                print_result({**result}, options, Settings(json=is_json))
        else:
            print_result({**result}, options, Settings(json=is_json))


@pytest.mark.usefixtures("_signals")
def test_a_second_hang_up_does_not_interrupt_the_clean_up() -> None:
    end_on_signals()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGHUP)


@pytest.mark.parametrize("number", spread([signal.SIGTERM, signal.SIGHUP], 1))
def test_a_bench_that_is_ended_by_a_signal_ends_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    folder, (text, mmproj) = llama.install(tmp_path / "bin"), llama.pair(tmp_path)
    monkeypatch.setenv("PATH", llama.path_with(folder))
    process = start("bench", "--model", "demo", "--gguf", str(text), "--mmproj", str(mmproj))
    while "warm-up" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(number)
    process.communicate(timeout=SLOW_S)
    assert process.returncode == 130
    assert not llama.is_running(folder)


@pytest.mark.long
def test_a_model_that_tiles_shows_what_tiling_costs(tmp_path: Path) -> None:
    folder = make_small_smolvlm(tmp_path / "small")
    found = result_of(run("bench", "--model", str(folder), *SHORT, "--max-tokens", "4", "--json"))
    rows = clip(found, "moving")["rows"]
    assert [rows[row]["image_tokens"]["median"] for row in "abcd"] == [832, 64, 64, 64]


@pytest.mark.long
def test_an_old_result_of_this_machine_is_compared(tmp_path: Path, result: dict[str, Any]) -> None:
    old = tmp_path / "old.json"
    old.write_text(json.dumps(result))
    same = ("--rounds", "1", "--captions", "3", "--seconds", "0")
    compared = result_of(run("bench", "--model", "demo", *same, "--compare", str(old), "--json"))["compared"]
    assert {(each["clip"], each["row"]) for each in compared} >= {("moving", "d"), ("still", "b")}


@pytest.mark.long
def test_llama_server_is_a_row_if_a_pair_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, (text, mmproj) = llama.install(tmp_path / "bin"), llama.pair(tmp_path)
    monkeypatch.setenv("PATH", llama.path_with(folder))
    words = ("bench", "--model", "demo", *SHORT, "--gguf", str(text), "--mmproj", str(mmproj), "--json")
    rows = clip(result_of(run(*words)), "moving")["rows"]
    assert (rows["llama"]["captions"], rows["llama"]["image_tokens"]["median"]) == (1, 64)
    assert rows["llama"]["forwards"] is None
    assert not llama.is_running(folder)
