"""Medians, paired ratios and differences of text from captions; older results on disk; the tables of a result."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.bench import table
from app.bench.result import (
    FORMAT,
    MEASURES,
    Quartiles,
    compare,
    quartiles,
    read_result,
    refuse_incomparable,
    summary,
)
from app.bench.rows import Caption
from app.errors import BenchError
from app.events import Cost

HERE = {"system": "Darwin arm64", "chip": "Apple M2", "cores": 8, "memory_gb": 17, "device": "Metal, Apple M2",
        "model": "demo", "max_tokens": 64}  # fmt: skip
WORK = {"rounds": 3, "captions": 12}
COST = Cost(tokens=9, forwards=12, image_tokens=16, encoded=1)


def caption(row: str, number: int, place: int, total_s: float, text: str = "A cat.", cost: Cost = COST) -> Caption:
    return Caption(row, "moving", number, place, text, total_s / 7, total_s / 2, total_s, cost, 10**7)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([2.0], Quartiles(2.0, 2.0, 2.0, 1)),
        ([3.0, 1.0], Quartiles(2.0, 1.5, 2.5, 2)),
        ([5.0, 1.0, 2.0, 4.0, 3.0], Quartiles(3.0, 2.0, 4.0, 5)),
    ],
    ids=["none", "one", "two", "five"],
)
def test_quartiles(values: list[float], expected: Quartiles | None) -> None:
    assert quartiles(values) == expected


def test_ratios_are_paired_by_round() -> None:
    """A machine that is twice as slow in one round is so for both."""
    captions = [caption("b", 0, 0, 4.0), caption("d", 0, 0, 2.0), caption("b", 1, 0, 8.0), caption("d", 1, 0, 4.0)]
    found = summary(captions, "moving", ["b", "d"])["ratios"]["b"]["d"]["caption_ms"]
    assert found == {"median": 2.0, "q1": 2.0, "q3": 2.0, "count": 2}


def test_a_ratio_is_of_the_frames_that_both_described() -> None:
    captions = [caption("a", 0, 0, 10.0), caption("d", 0, 0, 1.0), caption("d", 0, 1, 100.0)]
    assert summary(captions, "moving", ["a", "d"])["ratios"]["a"]["d"]["caption_ms"]["median"] == 10.0


def test_captions_of_other_clips_do_not_count() -> None:
    found = summary([caption("b", 0, 0, 1.0)], "still", ["b"])["rows"]["b"]
    assert (found["captions"], found["caption_ms"]) == (0, None)


def test_texts_that_differ_although_they_must_not_are_listed() -> None:
    """Row a sees other pictures and may say something else."""
    texts = {"a": "A lion.", "b": "A cat.", "c": "A cat.", "d": "A dog."}
    found = summary([caption(row, 0, 1, 1.0, text) for row, text in texts.items()], "moving", list(texts))
    assert found["differences"] == [{"round": 0, "place": 1, "b": "A cat.", "c": "A cat.", "d": "A dog."}]
    assert found["same_text"] == {"a": [0, 1], "b": [1, 1], "c": [1, 1], "d": [0, 1]}


def test_changes_are_counted_within_rounds() -> None:
    captions = [caption("b", number, place, 1.0, text) for number, place, text in
                [(0, 0, "A cat."), (0, 1, "A dog."), (0, 2, "A dog."), (1, 0, "A cat."), (1, 1, "A cat.")]]  # fmt: skip
    assert summary(captions, "moving", ["b"])["changes"] == [1, 3]


def test_what_a_server_does_not_count_is_left_empty() -> None:
    bare = Caption("llama", "moving", 0, 0, "A cat.", None, 1.0, 1.0, Cost(1.0, 1.0))
    found = summary([bare], "moving", ["llama"])["rows"]["llama"]
    assert {measure.key for measure in MEASURES if found[measure.key]} == {"first_word_ms", "caption_ms"}


def result(caption_ms: float = 100.0, **other: object) -> dict[str, Any]:
    """With one median."""
    middle = {"median": caption_ms, "q1": caption_ms - 5, "q3": caption_ms + 5, "count": 3}
    clips = [{"name": "moving", "rows": {"d": {"caption_ms": middle}}}]
    return {"format": FORMAT, "fingerprint": {**HERE, **other}, "settings": WORK, "clips": clips}


def with_caption_ms(found: dict[str, Any]) -> dict[str, Any]:
    return {**result(), "clips": [{"name": "moving", "rows": {"d": {"caption_ms": found}}}]}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="not JSON"),
        pytest.param("[" * 100_000, id="too deep"),
        pytest.param("[]", id="a list"),
        pytest.param('{"fingerprint": {}}', id="without settings"),
        pytest.param(json.dumps({**result(), "settings": 3}), id="settings are a number"),
        pytest.param(json.dumps({**result(), "format": FORMAT + 1}), id="another format"),
        pytest.param(json.dumps({**result(), "clips": None}), id="no clips"),
        pytest.param(json.dumps({**result(), "clips": [{"name": "moving"}]}), id="no rows"),
        pytest.param(json.dumps({**result(), "clips": [{"name": [], "rows": {}}]}), id="a name that is a list"),
        pytest.param(json.dumps(with_caption_ms({"median": "100", "q1": 1.0, "q3": 2.0})), id="a median in quotes"),
        pytest.param(json.dumps(with_caption_ms({"median": 100.0, "q1": "1", "q3": 2.0})), id="a quartile in quotes"),
        pytest.param(json.dumps(with_caption_ms({"median": float("nan"), "q1": 1.0, "q3": 2.0})), id="NaN"),
        pytest.param(json.dumps(with_caption_ms({"median": 10**400, "q1": 1.0, "q3": 2.0})), id="400 digits"),
        pytest.param(json.dumps(with_caption_ms({"median": 1.0})), id="without quartiles"),
        pytest.param(None, id="missing"),
    ],
)
def test_a_file_that_is_not_a_complete_result_is_explained(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "old.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BenchError, match=r"old\.json") as failure:
        read_result(str(path))
    assert failure.value.hint


@pytest.mark.parametrize(
    "other", [{"chip": "Apple M4"}, {"device": "the CPU"}, {"model": "smolvlm2-256m"}, {"memory_gb": 8}, {"extra": 1}]
)
def test_results_of_other_circumstances_are_refused_and_the_difference_is_named(other: dict[str, object]) -> None:
    with pytest.raises(BenchError, match=next(iter(other))):
        refuse_incomparable(result(**other), HERE, WORK)


def test_a_result_of_fewer_captions_is_refused_with_the_flags_to_give() -> None:
    with pytest.raises(BenchError, match="captions was 12 and is 2; rounds was 3 and is 1") as failure:
        refuse_incomparable(result(), HERE, {"rounds": 1, "captions": 2})
    assert failure.value.hint.endswith(": --rounds 3 --captions 12")


@pytest.mark.parametrize(("now_ms", "times_less", "overlap"), [(50.0, "2.00", ""), (96.0, "1.04", "quartiles overlap")])
def test_a_result_of_the_same_circumstances_is_compared(
    tmp_path: Path, now_ms: float, times_less: str, overlap: str
) -> None:
    (tmp_path / "old.json").write_text(json.dumps(result(100.0)))
    old = read_result(str(tmp_path / "old.json"))
    refuse_incomparable(old, HERE, dict(reversed(WORK.items())))
    (found,) = compare(old, result(now_ms))
    cells = table.compared(found)
    assert (cells[0], cells[1], cells[3], cells[4]) == ("moving, d: caption, ms", "100 (95–105)", times_less, overlap)


def full() -> dict[str, Any]:
    """As of the demo model: four rows, quartiles of all times, drafts, and two live rows."""
    rows = {"a": "mlx-vlm with its defaults: the whole frame", "b": "mlx-vlm with one tile: one tile",
            "c": "looksay without drafts", "d": "looksay"}  # fmt: skip
    drafted = replace(COST, drafted=20, draft_accepted=15)
    captions = [caption(row, at // 12, at % 12, seconds * (1 + at / 59), cost=drafted if row == "d" else COST)
                for row, seconds in zip("abcd", (0.9512, 0.0416, 0.0373, 0.0108), strict=True)
                for at in range(36)]  # fmt: skip
    ages = {"p50": 26.3, "p95": 145.2}
    live = {"seconds": 10.0, "age_at_start_ms": ages, "age_at_first_word_ms": ages, "described_a_minute": 93.0,
            "caption_ms": {"median": 48.1, "q1": 44.0, "q3": 52.3}, "vision_passes_a_minute": 90.0,
            "cpu_s_a_minute": 24.0, "frames_queued": 0}  # fmt: skip
    return {**result(), "versions": {"mlx": "0.32.4"}, "notes": ["A note."], "rows": rows, "compared": [],
            "clips": [summary(captions, "moving", list("abcd"))], "clips_shown": {"moving": "moving: shapes"},
            "live": [{"row": row, **live} for row in "bd"]}  # fmt: skip


def test_markdown_holds_the_circumstances_the_medians_and_the_ratios() -> None:
    lines = table.as_markdown(full()).splitlines()
    assert "- Darwin arm64, Apple M2, 8 cores, 17 GB" in lines
    assert "- A note." in lines
    assert "| caption, ms | 1233 (1092–1374) | 53.9 (47.8–60.1) | 48.4 (42.8–53.9) | 14.0 (12.4–15.6) |" in lines
    assert "| drafted tokens accepted |  |  |  | 540 of 720 |" in lines
    assert any(line.startswith("| caption: times less than b | 0.04 |  |") for line in lines)
    assert table.markdown_row(["a|b", "c"]) == "| a/b | c |"


@pytest.mark.parametrize(
    ("width", "words"), [(150, 8), (80, 4)], ids=["wide: a median and quartiles", "narrow: a median"]
)
def test_quartiles_are_in_the_table_if_there_is_room(width: int, words: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "WIDTH", width)
    text = table.as_text(full())
    (found,) = (line.split() for line in text.splitlines() if line.startswith("first word, ms"))
    assert len(found) == 3 + words
    (live,) = (line for line in text.splitlines() if line.startswith("frame age when asked"))
    assert live.split()[-3:] == ["26", "/", "145"]
    assert max(len(line) for line in text.splitlines() if line.startswith("caption")) <= width


@pytest.mark.parametrize(
    ("median", "q1", "q3", "digits", "expected"),
    [(1.24, 1.0, 1.5, 1, "1.2 (1.0–1.5)"), (2.0, 2.0, 2.0, 0, "2"), (123.4, 99.9, 150.1, 1, "123 (100–150)")],
)
def test_a_cell_is_a_median_and_its_quartiles(median: float, q1: float, q3: float, digits: int, expected: str) -> None:
    assert table.cell({"median": median, "q1": q1, "q3": q3}, digits) == expected


def test_the_report_begins_with_the_answer_in_a_sentence() -> None:
    line = (
        "A caption of the moving clip takes looksay 14 ms, mlx-vlm with one tile 54 ms: 3.9 times less; "
        "all 36 texts are the same."
    )
    assert table.as_text(full()).startswith(line)
    worse = full()
    worse["clips"][0]["same_text"]["d"] = [35, 36]
    worse["clips"][0]["ratios"]["b"]["d"]["caption_ms"]["median"] = 0.5
    assert next(table.answer(worse)).endswith(": 2.0 times more; 35 of 36 texts are the same.")
    assert list(table.answer({**full(), "rows": {"d": "looksay"}})) == []
