"""Medians, quartiles, paired ratios and differences of text, from tables of takes."""

import pytest

from app.bench.results import MEASURES, summary
from app.bench.rounds import Caption, Spread, Take, spread
from app.events import Cost


def take(row: str, number: int, place: int, total_s: float, text: str = "A cat.", **cost: int) -> Take:
    told = {"tokens": 3, "forwards": 5, "image_tokens": 64, "encoded": 1, **cost}
    return Take(row, "moving", number, place, Caption(text, 0.002, total_s / 2, total_s, Cost(**told), 1_000_000))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([2.0], Spread(2.0, 2.0, 2.0, 1)),
        ([3.0, 1.0], Spread(2.0, 1.5, 2.5, 2)),
        ([5.0, 1.0, 2.0, 4.0, 3.0], Spread(3.0, 2.0, 4.0, 5)),
    ],
)
def test_a_spread_is_the_median_and_the_quartiles(values: list[float], expected: Spread | None) -> None:
    assert spread(values) == expected


def test_ratios_are_paired_by_round() -> None:
    """A machine that is twice as slow in one round is so for both."""
    takes = [take("b", 0, 0, 4.0), take("d", 0, 0, 2.0), take("b", 1, 0, 8.0), take("d", 1, 0, 4.0)]
    found = summary(takes, "moving", ["b", "d"])["ratios"]["b"]["d"]["caption_ms"]
    assert (found["median"], found["q1"], found["q3"], found["count"]) == (2.0, 2.0, 2.0, 2)


def test_a_ratio_is_of_the_frames_that_both_described() -> None:
    takes = [take("a", 0, 0, 10.0), take("d", 0, 0, 1.0), take("d", 0, 1, 100.0)]
    assert summary(takes, "moving", ["a", "d"])["ratios"]["a"]["d"]["caption_ms"]["median"] == 10.0


def test_of_other_clips_nothing_is_counted() -> None:
    found = summary([take("b", 0, 0, 1.0)], "still", ["b"])
    assert found["rows"]["b"]["captions"] == 0
    assert found["rows"]["b"]["caption_ms"] is None


def test_texts_that_differ_where_they_must_not_are_told() -> None:
    takes = [take("b", 0, 1, 1.0, "A cat."), take("c", 0, 1, 1.0, "A cat."), take("d", 0, 1, 1.0, "A dog.")]
    found = summary(takes, "moving", ["b", "c", "d"])
    assert found["differences"] == [{"round": 0, "place": 1, "b": "A cat.", "c": "A cat.", "d": "A dog."}]
    assert found["same_text"] == {"b": [1, 1], "c": [1, 1], "d": [0, 1]}


def test_row_a_sees_other_pictures_and_may_say_something_else() -> None:
    takes = [take("a", 0, 0, 1.0, "A lion."), take("b", 0, 0, 1.0), take("d", 0, 0, 1.0)]
    assert summary(takes, "moving", ["a", "b", "d"])["differences"] == []


def test_changes_are_counted_within_rounds() -> None:
    takes = [take("b", number, place, 1.0, text) for number, place, text in
             [(0, 0, "A cat."), (0, 1, "A dog."), (0, 2, "A dog."), (1, 0, "A cat."), (1, 1, "A cat.")]]  # fmt: skip
    assert summary(takes, "moving", ["b"])["changes"] == [1, 3]


def test_what_nobody_counts_is_left_empty() -> None:
    """A server tells neither tokens nor forwards nor memory."""
    bare = Take("llama", "moving", 0, 0, Caption("A cat.", None, 1.0, 1.0, Cost(1.0, 1.0), None))
    found = summary([bare], "moving", ["llama"])["rows"]["llama"]
    empty = {measure.key for measure in MEASURES if found[measure.key] is None}
    assert empty == {
        "preprocessing_ms",
        "tokens",
        "tokens_per_s",
        "forwards",
        "image_tokens",
        "vision_passes",
        "peak_mb",
    }
