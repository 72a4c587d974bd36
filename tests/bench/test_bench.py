"""`./run.sh bench` as a user runs it. Facts alone: what the clocks say is for whoever measures."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import needs
from tests.fixtures import llama_server as llama
from tests.fixtures.families.smolvlm import make_small_smolvlm
from tests.running import SLOW_S, Ended, environment, run, start
from tests.sweeps import spread
from tests.waiting import LIMIT_S

SHORT = ("--rounds", "1", "--captions", "1", "--seconds", "0")
RATIOS = {"preprocessing_ms", "first_word_ms", "caption_ms", "forwards", "peak_mb"}


def result_of(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    return dict(json.loads(ended.out))


NEVER_SLOW = """import sys
from app.bench import rounds
rounds.SPARED_S = float("inf")
from app.cli import main
sys.exit(main(sys.argv[1:]))"""
"""No row is spared a frame for being slow, as any is on a busy machine: every row describes every frame."""


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    words = ("bench", "--model", "demo", "--rounds", "1", "--captions", "3", "--seconds", "3", "--json")
    command = [sys.executable, "-c", NEVER_SLOW, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=LIMIT_S)
    return result_of(Ended(done.returncode, done.stdout, done.stderr))


def clip(result: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in result["clips"] if each["name"] == name)


def test_it_says_what_it_measured_with_and_on(result: dict[str, Any]) -> None:
    assert {"system", "chip", "cores", "memory_gb", "device", "model", "files", "max_tokens"} <= set(
        result["fingerprint"]
    )
    assert {"looksay", "mlx", "mlx-vlm", "transformers"} <= set(result["versions"])
    assert list(result["rows"])[:4] == ["a", "b", "c", "d"]
    assert any("nothing about real scenes" in note for note in result["notes"])


def test_every_frame_is_told_alike_by_the_rows_that_must(result: dict[str, Any]) -> None:
    for each in result["clips"]:
        assert each["differences"] == []
        assert all(each["same_text"][row] == [3, 3] for row in "bcd")


def test_drafts_spare_forwards_and_one_tile_costs_sixteen_tokens(result: dict[str, Any]) -> None:
    for each in result["clips"]:
        rows = each["rows"]
        assert rows["d"]["forwards_in_all"] < rows["c"]["forwards_in_all"] < rows["b"]["forwards_in_all"]
        assert rows["c"]["drafted_in_all"] == 0 < rows["d"]["draft_accepted_in_all"] <= rows["d"]["drafted_in_all"]
        assert all(rows[row]["image_tokens"]["median"] == 16 for row in "bcd")
        assert all(rows[row]["vision_passes"]["median"] == 1 for row in "abcd")


def test_every_row_is_measured_against_a_and_b(result: dict[str, Any]) -> None:
    moving = clip(result, "moving")
    assert set(moving["ratios"]) == {"a", "b"}
    beside = moving["ratios"]["b"]
    assert set(beside) >= {"a", "c", "d"}
    assert all(set(beside[row]) == RATIOS and all(beside[row].values()) for row in "acd")


@needs.module("torch", even_in_ci=True)
def test_where_torch_is_transformers_is_a_row_and_says_the_same(result: dict[str, Any]) -> None:
    """Nobody counts its memory."""
    assert result["rows"]["torch"].startswith("transformers: on ")
    moving = clip(result, "moving")
    assert moving["same_text"]["torch"] == [3, 3]
    counted = {measure for measure, found in moving["ratios"]["b"]["torch"].items() if found}
    assert counted == RATIOS - {"peak_mb"}


def test_the_still_clip_never_changes_its_caption(result: dict[str, Any]) -> None:
    assert clip(result, "still")["changes"] == [0, 2]


def test_the_live_rows_say_how_old_frames_were_and_what_it_cost(result: dict[str, Any]) -> None:
    assert [each["row"] for each in result["live"]] == ["b", "d"]
    for each in result["live"]:
        assert each["frames_described"] >= 1
        assert each["age_at_start_ms"]["p50"] <= each["age_at_first_word_ms"]["p95"]
        assert each["cpu_s_a_minute"] > 0


@pytest.mark.long
def test_a_model_that_tiles_is_shown_what_tiling_costs(tmp_path: Path) -> None:
    folder = make_small_smolvlm(tmp_path / "small")
    rows = clip(result_of(run("bench", "--model", str(folder), *SHORT, "--max-tokens", "4", "--json")), "moving")[
        "rows"
    ]
    assert [rows[row]["image_tokens"]["median"] for row in "abcd"] == [832, 64, 64, 64]


@pytest.mark.long
def test_an_old_result_of_this_machine_is_compared(tmp_path: Path, result: dict[str, Any]) -> None:
    old = tmp_path / "old.json"
    old.write_text(json.dumps(result))
    same = ("--rounds", "1", "--captions", "3", "--seconds", "0")
    compared = result_of(run("bench", "--model", "demo", *same, "--compare", str(old), "--json"))["compared"]
    assert {(each["clip"], each["row"]) for each in compared} >= {("moving", "d"), ("still", "b")}


def test_a_result_of_another_machine_is_refused_before_anything_is_measured(
    tmp_path: Path, result: dict[str, Any]
) -> None:
    old = tmp_path / "old.json"
    old.write_text(json.dumps({**result, "fingerprint": {**result["fingerprint"], "chip": "Apple M9"}}))
    ended = run("bench", "--model", "demo", "--compare", str(old))
    assert (ended.code, ended.out) == (1, "")
    assert "chip was Apple M9" in ended.err
    assert "loading" not in ended.err


def refused(tmp_path: Path, old: Mapping[str, Any], *flags: str) -> str:
    """What is said instead of measuring."""
    (tmp_path / "old.json").write_text(json.dumps(old))
    ended = run("bench", "--model", "demo", *flags, "--compare", str(tmp_path / "old.json"))
    assert (ended.code, ended.out) == (1, "")
    assert "loading" not in ended.err
    return ended.err


def test_a_result_of_other_work_is_refused_before_anything_is_measured(tmp_path: Path, result: dict[str, Any]) -> None:
    err = refused(tmp_path, result, *SHORT)
    assert "captions was 3 and is 1" in err
    assert "--rounds 1 --captions 3" in err


def test_an_edited_result_is_refused_before_anything_is_measured(tmp_path: Path, result: dict[str, Any]) -> None:
    edited = {("pieces" if key == "clips" else key): value for key, value in result.items()}
    err = refused(tmp_path, edited, "--rounds", "1", "--captions", "3")
    assert "Traceback" not in err
    assert "made on this machine" in err


@pytest.mark.parametrize("content", [None, "no JSON"])
def test_what_cannot_be_compared_with_is_explained(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "old.json").write_text(content)
    ended = run("bench", "--model", "demo", "--compare", str(tmp_path / "old.json"))
    assert (ended.code, ended.out) == (1, "")
    assert "error:" in ended.err
    assert "hint:" in ended.err


def test_a_model_that_is_not_there_is_explained() -> None:
    ended = run("bench", "--model", "no-such-model")
    assert (ended.code, ended.out) == (2, "")
    assert "no-such-model" in ended.err


@pytest.mark.parametrize("flags", [("--rounds", "0"), ("--captions", "some"), ("--source", "camera"),
               ("--mmproj", "eyes.gguf"), ("--markdown", "--json")])  # fmt: skip
def test_a_command_line_that_makes_no_sense_ends_with_2(flags: tuple[str, str]) -> None:
    assert run("bench", *flags).code == 2


@pytest.mark.long
def test_markdown_can_be_pasted_and_names_nobody() -> None:
    ended = run("bench", "--model", "demo", *SHORT, "--markdown")
    assert "| caption, ms |" in ended.out
    assert str(Path.home()) not in ended.out or Path.home() == Path("/")


@pytest.mark.long
def test_llama_server_gets_a_row_where_a_pair_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a stand-in; it is gone at the end."""
    folder, (text, eyes) = llama.install(tmp_path / "bin"), llama.pair(tmp_path)
    monkeypatch.setenv("PATH", llama.path_with(folder))
    words = ("bench", "--model", "demo", *SHORT, "--gguf", str(text), "--mmproj", str(eyes), "--json")
    rows = clip(result_of(run(*words)), "moving")["rows"]
    assert (rows["llama"]["captions"], rows["llama"]["image_tokens"]["median"]) == (1, 64)
    assert rows["llama"]["forwards"] is None
    assert not llama.is_running(folder)


@pytest.mark.parametrize("number", spread([signal.SIGTERM, signal.SIGHUP], 1))
def test_a_bench_that_is_told_to_end_takes_its_server_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    folder, (text, eyes) = llama.install(tmp_path / "bin"), llama.pair(tmp_path)
    monkeypatch.setenv("PATH", llama.path_with(folder))
    process = start("bench", "--model", "demo", "--gguf", str(text), "--mmproj", str(eyes))
    while "warm-up" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(number)
    process.communicate(timeout=SLOW_S)
    assert process.returncode == 130
    assert not llama.is_running(folder)


def test_the_help_says_what_the_rows_are_and_the_defaults() -> None:
    told = " ".join(run("bench", "--help").out.split())
    for words in ("c, looksay without speculative decoding", "(default: 3)", "(default: 12)", "(default: 10)",
                  "one JSON object", "0 leaves them out", "geometry:smolvlm2-256m", "about 40 seconds"):  # fmt: skip
        assert words in told
