"""What the tables say of a result."""

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from app.bench.results import (
    WIDTH,
    Circumstances,
    as_grid,
    assembled,
    compared,
    drafts,
    fitted,
    grids,
    in_words,
    markdown,
    number,
    opening,
    plain,
    row,
    summary,
    table,
    wrapped,
)
from app.bench.rounds import Caption, Take
from app.events import Cost

HERE = {"system": "Darwin arm64", "chip": "Apple M2", "cores": 8, "memory_gb": 17, "device": "Metal, Apple M2",
        "model": "demo", "max_tokens": 64}  # fmt: skip


def result() -> dict[str, object]:
    made = assembled(Circumstances(HERE, {"mlx": "0.32.4"}, ("A note.",)), {"b": "plain", "d": "looksay"},
                     {"rounds": 1, "captions": 1})  # fmt: skip
    cost = Cost(tokens=4, forwards=6, image_tokens=16, encoded=1, drafted=4, draft_accepted=3)
    takes = [Take(key, "moving", 0, 0, Caption("A cat.", None, 0.01, total_s, cost, 10**7))
             for key, total_s in (("b", 0.04), ("d", 0.02))]  # fmt: skip
    return {**made, "clips_shown": {"moving": "moving: shapes"}, "clips": [summary(takes, "moving", ["b", "d"])]}


@pytest.mark.parametrize(
    ("median", "q1", "q3", "digits", "expected"),
    [(1.24, 1.0, 1.5, 1, "1.2 (1.0–1.5)"), (2.0, 2.0, 2.0, 0, "2"), (123.4, 99.9, 150.1, 1, "123 (100–150)")],
)
def test_a_cell_is_a_median_and_its_quartiles(median: float, q1: float, q3: float, digits: int, expected: str) -> None:
    assert number({"median": median, "q1": q1, "q3": q3}, digits) == expected


def test_what_was_not_measured_is_empty() -> None:
    assert number(None, 1) == ""
    assert drafts({"drafted_in_all": 0, "draft_accepted_in_all": 0}) == ""


def test_the_markdown_holds_the_circumstances_and_the_ratios() -> None:
    told = markdown(result(), []).splitlines()
    assert "- Darwin arm64, Apple M2, 8 cores, 17 GB" in told
    assert "- A note." in told
    assert "| caption, ms | 40.0 | 20.0 |" in told
    assert "| caption: times less than b |  | 2.00 |" in told
    assert "| drafted tokens accepted | 3 of 4 | 3 of 4 |" in told
    assert not any("preprocessing" in line for line in told)  # nobody measured it


def test_a_cell_cannot_break_a_table() -> None:
    assert row(["a|b", "c"]) == "| a/b | c |"


def test_where_there_is_no_terminal_no_line_of_the_table_is_wrapped() -> None:
    told = plain(result(), [], WIDTH)
    assert any(line.split() == ["caption,", "ms", "40.0", "20.0"] for line in told.splitlines())
    assert "\x1b" not in told


def full() -> dict[str, Any]:
    """As the demo model's: four rows, quartiles of all times, drafts, and two live rows."""
    rows = {"a": "mlx-vlm with its defaults: the whole frame", "b": "mlx-vlm with one tile: one tile",
            "c": "looksay without drafts", "d": "looksay"}  # fmt: skip
    made = assembled(Circumstances(HERE, {"mlx": "0.32.4"}, ()), rows, {"rounds": 3, "captions": 12})
    cost = Cost(tokens=9, forwards=12, image_tokens=16, encoded=1)
    drafted = replace(cost, drafted=20, draft_accepted=15)
    takes = [Take(key, "moving", at // 12, at % 12, caption)
             for key, s in zip("abcd", (0.9512, 0.0416, 0.0373, 0.0108), strict=True)
             for at in range(36) for caption in [Caption("A cat.", s / 7, s / 2, s * (1 + at / 59),
                                                         drafted if key == "d" else cost, 10**7)]]  # fmt: skip
    ages = {"p50": 26.3, "p95": 145.2}
    live = {"seconds": 10.0, "age_at_start_ms": ages, "age_at_first_word_ms": ages, "described_a_minute": 93.0,
            "caption_ms": {"median": 48.1, "q1": 44.0, "q3": 52.3}, "vision_passes_a_minute": 90.0,
            "cpu_s_a_minute": 24.0, "frames_queued": 0}  # fmt: skip
    return {**made, "clips_shown": {"moving": "moving: shapes"}, "clips": [summary(takes, "moving", list("abcd"))],
            "live": [{"row": row, **live} for row in "bd"]}  # fmt: skip


def numbers(text: str) -> Counter[str]:
    return Counter(re.findall(r"(?<![\w.])\d[\d.]*(?![\w.])", text))


@pytest.mark.parametrize("width", [80, 40])
def test_on_a_narrow_terminal_every_median_is_whole(width: int) -> None:
    again = as_grid(compared(full(), full()))
    told = plain(full(), [again], width).splitlines()
    assert max(map(len, told)) <= width
    for grid in (*grids(full()), again):
        lines = fitted(grid, width)
        medians = numbers(" ".join(cell for line in grid.medians().lines for cell in line[1:]))
        assert medians <= numbers(" ".join(lines))
        assert set(lines) <= set(told)


def test_at_80_columns_it_is_a_table_of_medians() -> None:
    (moving, live) = grids(full())
    assert fitted(moving, 80)[0].split() == ["a", "b", "c", "d"]
    assert [line.split() for line in fitted(moving, 80) if line.startswith("caption, ms")] == [
        ["caption,", "ms", "1233", "53.9", "48.4", "14.0"]
    ]
    assert "26 / 145" in " ".join(fitted(live, 80))


def test_where_no_table_fits_every_number_is_beside_its_row() -> None:
    (moving, _) = grids(full())
    small = replace(moving, lines=[["caption, ms", "50.9 (1.0–99.0)", "41.6", "", "10.8"]])
    assert fitted(small, 31) == ["caption, ms: a 50.9, b 41.6,", "d 10.8"]


def test_a_number_that_is_wider_than_the_terminal_is_not_broken() -> None:
    assert wrapped("a 12345678 b", 5) == ["a", "12345678", "b"]


def test_quartiles_and_words_are_in_the_table_where_there_is_room() -> None:
    (moving, _) = grids(full())
    everything = max(map(len, table(moving)))
    assert "d: looksay" in fitted(moving, 200)[0]
    assert "643 (577–726)" in " ".join(fitted(moving, 200))
    assert fitted(moving, everything)[0].split() == ["a", "b", "c", "d"]
    assert fitted(moving, everything) == table(moving)
    assert "–" not in " ".join(fitted(moving, everything - 1))


def test_there_is_a_blank_line_before_each_table() -> None:
    told = plain(full(), [], WIDTH).splitlines()
    titles = [told.index(grid.title) for grid in grids(full())]
    assert [told[at - 1] for at in titles] == ["", ""]


def test_it_begins_with_the_answer_in_words() -> None:
    (line,) = in_words(full())
    assert line == (
        "A caption of the moving clip takes looksay 14 ms, mlx-vlm with one tile 54 ms: 3.9 times less; "
        "all 36 texts are the same."
    )
    assert plain(full(), [], WIDTH).startswith(line)
    assert markdown(full(), []).startswith(f"- {line}")


def test_texts_that_differ_and_a_slower_looksay_are_told_in_the_first_line() -> None:
    worse = full()
    worse["clips"][0]["same_text"]["d"] = [35, 36]
    worse["clips"][0]["ratios"]["b"]["d"]["caption_ms"]["median"] = 0.5
    assert next(in_words(worse)).endswith(": 2.0 times more; 35 of 36 texts are the same.")


def test_without_mlx_vlm_s_row_there_is_nothing_to_say_in_words() -> None:
    assert list(in_words({**full(), "rows": {"d": "looksay"}})) == []


def test_one_round_is_not_called_rounds() -> None:
    assert any(line.startswith("1 round of 1 frame of each clip") for line in opening(result()))  # type: ignore[arg-type]
