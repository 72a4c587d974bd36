"""Results on disk: which can be read, which may be compared, and what is said of both."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.bench.results import (
    FORMAT,
    Circumstances,
    as_grid,
    assembled,
    compared,
    opened,
    refuse_other_work,
    refuse_others,
)
from app.errors import BenchError

HERE = {"system": "Darwin arm64", "chip": "Apple M2", "memory_gb": 17, "device": "Metal, Apple M2", "model": "demo"}


def result(caption_ms: float = 100.0, **other: object) -> dict[str, Any]:
    made = assembled(Circumstances({**HERE, **other}, {"mlx": "0.32.4"}, ()), {"d": "looksay"}, {})
    middle = {"median": caption_ms, "q1": caption_ms - 5, "q3": caption_ms + 5, "count": 3}
    made["clips"] = [{"name": "moving", "rows": {"d": {"caption_ms": middle}}}]
    return made


def written(tmp_path: Path, content: str) -> str:
    (tmp_path / "old.json").write_text(content)
    return str(tmp_path / "old.json")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "3",
        '{"clips": []}',
        '{"fingerprint": {}}',
        json.dumps({**result(), "format": FORMAT + 1}),
        json.dumps({**result(), "settings": 3}),
        "[" * 100_000,
    ],
)
def test_what_is_no_result_is_explained(tmp_path: Path, content: str) -> None:
    with pytest.raises(BenchError) as failure:
        opened(written(tmp_path, content))
    assert failure.value.hint
    assert failure.value.exit_code == 1


def test_a_file_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"none\.json"):
        opened(str(tmp_path / "none.json"))


@pytest.mark.parametrize(
    "other", [{"chip": "Apple M4"}, {"device": "the CPU"}, {"model": "smolvlm2-256m"}, {"memory_gb": 8}, {"extra": 1}]
)
def test_results_of_other_circumstances_are_refused_and_the_difference_is_named(other: dict[str, object]) -> None:
    with pytest.raises(BenchError, match=next(iter(other))):
        refuse_others(result(**other), result()["fingerprint"])


def test_results_of_the_same_circumstances_are_compared(tmp_path: Path) -> None:
    old = opened(written(tmp_path, json.dumps(result(100.0))))
    refuse_others(old, result()["fingerprint"])
    (found,) = compared(old, result(50.0))
    assert (found["times_less"], found["is_within_spread"]) == (2.0, False)
    assert as_grid([found]).lines[0][:4] == ["moving, d: caption, ms", "100 (95–105)", "50.0 (45.0–55.0)", "2.00"]


def test_a_difference_within_the_quartiles_is_called_one() -> None:
    (found,) = compared(result(100.0), result(96.0))
    assert found["is_within_spread"]


@pytest.mark.parametrize(
    "edited",
    [
        {"clips": None},
        {"clips": "moving"},
        {"clips": [{"name": "moving"}]},
        {"clips": [{"name": "moving", "rows": {"d": {"caption_ms": {"median": "100", "q1": 1.0, "q3": 2.0}}}}]},
        {"clips": [{"name": "moving", "rows": {"d": {"caption_ms": {"median": 100.0, "q1": "1", "q3": 2.0}}}}]},
        {"clips": [{"name": "moving", "rows": {"d": {"caption_ms": {"median": float("nan"), "q1": 1.0, "q3": 2.0}}}}]},
        {"clips": [{"name": "moving", "rows": {"d": {"caption_ms": {"median": 10**400, "q1": 1.0, "q3": 2.0}}}}]},
        {"clips": [{"name": "moving", "rows": {"d": {"caption_ms": {"median": 1.0}}}}]},
        {"clips": [{"name": [], "rows": {}}]},
    ],
)
def test_an_edited_result_is_explained_when_it_is_compared_with_itself(edited: dict[str, Any]) -> None:
    old = {**result(), **edited}
    with pytest.raises(BenchError, match="not whole") as failure:
        compared(old, old)
    assert "made on this machine" in failure.value.hint


def test_a_result_of_other_work_is_refused_and_what_to_give_is_said() -> None:
    with pytest.raises(BenchError, match="captions was 12 and is 2; rounds was 3 and is 1") as failure:
        refuse_other_work({"settings": {"rounds": 3, "captions": 12}}, {"rounds": 1, "captions": 2})
    assert failure.value.hint.endswith(": --rounds 3 --captions 12")


def test_a_result_of_the_same_work_is_not_refused() -> None:
    refuse_other_work({"settings": {"captions": 12, "rounds": 3}}, {"rounds": 3, "captions": 12})


@pytest.mark.parametrize("content", ["", "[]"])
def test_what_is_no_result_is_not_to_be_run_again_but_replaced(tmp_path: Path, content: str) -> None:
    with pytest.raises(BenchError) as failure:
        opened(written(tmp_path, content))
    assert failure.value.hint == "take a file that ./run.sh bench --json made on this machine"
