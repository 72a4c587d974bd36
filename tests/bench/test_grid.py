"""What the tables say of a result."""

import io

import pytest

from app.bench.grid import drafts, number
from app.bench.result import Circumstances, assembled
from app.bench.rounds import Take
from app.bench.rows import Caption
from app.bench.summary import summary
from app.bench.table import markdown, row, show
from app.flow import Cost

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
    out = io.StringIO()
    show(result(), [], out)
    assert any(line.split() == ["caption,", "ms", "40.0", "20.0"] for line in out.getvalue().splitlines())
    assert "\x1b" not in out.getvalue()
