"""Cues come in order, never over one another and never before their frame, whatever the sentences' times are."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.outputs.cues import BEHIND_MS, SHORTEST_MS, Cue, Cues, reading_ms

LONG = "A red circle is at the top left and a green square is below it."
"""63 characters: 4.2 s."""


def placed(*told: tuple[str, float, int]) -> list[Cue]:
    """The cues as a file holds them in the end, told by text, media time and frame number."""
    cues, held = Cues(), list[Cue]()
    for text, media_s, number in told:
        held[-1:] = cues.add(text, media_s, number)
    return held


def times(*told: tuple[str, float, int]) -> list[tuple[float, float]]:
    return [(cue.start_ms / 1000, cue.end_ms / 1000) for cue in placed(*told)]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([("Short.", 2.0, 60)], [(2.0, 3.5)]),
        ([(LONG, 2.0, 60)], [(2.0, 6.2)]),
        ([("x" * 500, 2.0, 60)], [(2.0, 9.0)]),
        ([(LONG, 2.0, 60), ("Short.", 20.0, 600)], [(2.0, 6.2), (20.0, 21.5)]),
        ([(LONG, 2.0, 60), ("Short.", 5.0, 150)], [(2.0, 5.0), (5.0, 6.5)]),
        ([(LONG, 2.0, 60), ("Short.", 2.5, 75)], [(2.0, 3.5), (3.5, 5.0)]),
    ],
    ids=["short", "reading time", "at most 7 s", "apart", "cut by the next", "the next waits to let it be read"],
)
def test_a_cue_stands_for_its_reading_time_or_until_the_next(
    told: list[tuple[str, float, int]], expected: list[tuple[float, float]]
) -> None:
    assert times(*told) == expected


def test_two_sentences_of_one_frame_follow_each_other() -> None:
    assert times((LONG, 2.0, 60), ("Short.", 2.0, 60), (LONG, 2.0, 60)) == [(2.0, 6.2), (6.2, 7.7), (7.7, 11.9)]


def test_an_answer_about_an_older_frame_comes_last_and_shifts_nothing() -> None:
    told = (("One.", 10.0, 300), ("An answer.", 7.0, 210), ("Two.", 30.0, 900))
    assert times(*told) == [(10.0, 11.5), (11.5, 13.0), (30.0, 31.5)]


def test_a_source_that_begins_again_goes_on_behind_the_last_cue() -> None:
    told = (("One.", 10.0, 300), ("One.", 1.0, 330), ("Two.", 5.0, 450), ("One.", 0.5, 500))
    assert times(*told) == [(10.0, 11.5), (11.5, 13.0), (15.5, 17.0), (17.0, 18.5)]


def test_cues_do_not_fall_behind_for_ever_where_sentences_come_too_quickly() -> None:
    told = [(LONG, number / 2, number) for number in range(1000)]
    assert max(cue.start_ms - number * 500 for number, cue in enumerate(placed(*told))) <= BEHIND_MS


SENTENCE = st.tuples(
    st.text(max_size=200), st.floats(-1, 10_000, allow_nan=False), st.integers(min_value=0, max_value=100_000)
)


@given(st.lists(SENTENCE, max_size=30))
def test_no_cue_is_over_another_or_out_of_order(told: list[tuple[str, float, int]]) -> None:
    cues = placed(*told)
    assert [cue.text for cue in cues] == [text for text, _, _ in told]
    assert [cue.number for cue in cues] == list(range(1, len(told) + 1))
    assert all(cue.start_ms < cue.end_ms for cue in cues)
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(cues))


@given(st.lists(SENTENCE, max_size=30))
def test_no_cue_comes_before_its_frame_or_stands_longer_than_it_takes_to_read(
    told: list[tuple[str, float, int]],
) -> None:
    for cue, (text, media_s, _) in zip(placed(*told), told, strict=True):
        assert cue.start_ms >= round(media_s * 1000)
        assert cue.end_ms - cue.start_ms <= reading_ms(text)


@given(st.lists(st.tuples(st.text(max_size=200), st.floats(0.0, 30.0)), max_size=30))
def test_in_the_order_of_frames_every_last_cue_can_be_read_whole(steps: list[tuple[str, float]]) -> None:
    """What nothing follows for long is never cut."""
    media_s, told = 0.0, []
    for number, (text, step) in enumerate(steps):
        media_s += step
        told.append((text, media_s, number))
    cues = placed(*told)
    for cue, after in pairwise(cues):
        gap = after.start_ms - cue.start_ms
        assert cue.end_ms - cue.start_ms == min(reading_ms(cue.text), gap)
        assert gap >= SHORTEST_MS or after.start_ms - round(told[after.number - 1][1] * 1000) <= BEHIND_MS
