"""Verdicts and scores of narrations that are written by hand."""

import pytest

from app.score.metrics import Verdicts, judge
from app.score.narration import Narration, Utterance
from app.score.report import cell, faults, scores
from app.score.truth import Occurrence, Span, Truth

LEFT, RIGHT, EMPTY = "A red circle is on the left.", "A red circle is on the right.", "The scene is empty."
TRUTH = Truth(
    "a.mp4",
    25.0,
    (640, 480),
    (
        Span(0, 5, "scene", (LEFT,)),
        Span(5, 5.8, "changing"),
        Span(5.8, 10, "scene", (RIGHT,)),
        Span(10, 20, "scene", (RIGHT,), ("noise",)),
        Span(20, 30, "scene", (EMPTY,), ("noise",)),
        Span(30, 31, "changing"),
        Span(31, 36, "dark", (EMPTY,)),
        Span(36, 40, "scene", (EMPTY,)),
        Span(40, 46, "covered"),
        Span(46, 60, "scene", (EMPTY,)),
    ),
    (
        Occurrence(0, "begin", (LEFT,)),
        Occurrence(5, "move", (RIGHT, "A red circle moves right.")),
        Occurrence(20, "vanish", (EMPTY,)),
    ),
)
CALM = Truth("b.mp4", 25.0, (4, 4), (Span(0, 60, "scene", (LEFT,)),), ())


def said(text: str, media_s: float, after: float = 0.1) -> Utterance:
    return Utterance("sentence", "scene", text, media_s, media_s + after)


def noticed(kind: str, at: float) -> Utterance:
    return Utterance("notice", kind, f"It is {kind}.", at, at)


def same(new: str, old: str) -> bool:
    return new.lower() == old.lower()


def judged(*told: Utterance) -> Verdicts:
    return judge(TRUTH, Narration(tuple(told), len(told)), same)


@pytest.mark.parametrize(
    ("text", "media_s", "is_true"),
    [
        (LEFT, 1.0, True),
        (LEFT.upper(), 1.0, True),
        (RIGHT, 1.0, False),
        (LEFT, 4.9, True),
        (RIGHT, 4.9, True),
        (LEFT, 5.4, True),
        (RIGHT, 5.4, True),
        (EMPTY, 5.4, False),
        (LEFT, 5.95, True),
        (LEFT, 6.1, False),
        ("A red circle moves right.", 6.5, True),
        ("A red circle moves right.", 9.0, False),
        (EMPTY, 19.7, False),
        (EMPTY, 19.9, True),
        (EMPTY, 33.0, True),
        (EMPTY, 43.0, False),
        ("Everything is black.", 43.0, False),
    ],
)
def test_a_sentence_is_true_of_its_frame_and_near_a_change_of_either_side(
    text: str, media_s: float, is_true: bool
) -> None:
    (verdict,) = judged(said(text, media_s)).sentences
    assert verdict.is_true is is_true


@pytest.mark.parametrize(
    ("told", "in_time"),
    [
        pytest.param([said(RIGHT, 5.9)], True, id="after the change"),
        pytest.param([said(RIGHT, 5.2)], True, id="during the change"),
        pytest.param([said("A red circle moves right.", 5.9)], True, id="in other words"),
        pytest.param([said(RIGHT, 5.9, after=1.0)], True, id="just in time"),
        pytest.param([said(RIGHT, 5.9, after=1.2)], False, id="too late"),
        pytest.param([said(RIGHT, 7.5)], False, id="of too late a frame"),
        pytest.param([said(RIGHT, 4.9)], False, id="of a frame before it"),
        pytest.param([said(LEFT, 5.9)], False, id="what was before"),
        pytest.param([said(EMPTY, 5.9), said(RIGHT, 6.5)], True, id="after something wrong"),
        pytest.param([noticed("dark", 5.9)], False, id="a notice"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_an_event_is_reported_in_time_by_a_frame_from_after_it_began(told: list[Utterance], in_time: bool) -> None:
    assert judged(*told).events[1].is_in_time is in_time


def test_a_late_report_has_a_delay_and_one_after_the_next_event_does_not_count() -> None:
    assert judged(said(RIGHT, 8.0)).events[1].delay_s == pytest.approx(3.1)
    assert judged(said(RIGHT, 21.0)).events[1].sentence is None


@pytest.mark.parametrize(
    ("first", "second", "is_repeated"),
    [
        (said(LEFT, 1), said(LEFT, 3), True),
        (said(LEFT, 1), said(LEFT.upper(), 3), True),
        (said(LEFT, 1), said(RIGHT, 3), False),
        (said(RIGHT, 4), said(RIGHT, 6), False),
        (said(RIGHT, 5.3), said(RIGHT, 6), True),
        (said(EMPTY, 27), said(EMPTY, 38), False),
        (said(EMPTY, 47), said(EMPTY, 50), True),
    ],
    ids=["same", "same in capitals", "other words", "a change between", "one during the change", "dark between",
         "nothing between"],
)  # fmt: skip
def test_a_sentence_repeats_if_it_says_the_same_and_nothing_happened_in_between(
    first: Utterance, second: Utterance, is_repeated: bool
) -> None:
    assert [each.is_repeated for each in judged(first, second).sentences] == [False, is_repeated]


@pytest.mark.parametrize(
    ("told", "uncalled"),
    [
        ([said(RIGHT, 6), said(RIGHT, 15)], True),
        ([said(RIGHT, 6), said(EMPTY, 15)], True),
        ([said(RIGHT, 15)], False),
        ([said(RIGHT, 6), said(RIGHT, 10.5)], True),
        ([said(EMPTY, 21)], False),
        ([said(EMPTY, 21), said(EMPTY, 21.5)], False),
        ([said(EMPTY, 21), said(EMPTY, 23)], True),
        ([said(EMPTY, 50)], False),
    ],
    ids=["the same in noise", "wrong in noise", "a late report", "as noise begins", "an event in noise", "soon after",
         "long after it", "without noise"],
)  # fmt: skip
def test_a_sentence_is_uncalled_if_there_was_nothing_but_nuisance(told: list[Utterance], uncalled: bool) -> None:
    assert judged(*told).sentences[-1].is_uncalled is uncalled


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([], {"dark": None, "covered": None}),
        ([("dark", 30.5)], {"dark": "dark", "covered": None, "clear": None}),
        ([("dark", 32.9), ("clear", 37)], {"dark": "dark", "covered": None, "clear": "clear"}),
        ([("dark", 33.1)], {"dark": None, "covered": None}),
        ([("covered", 31.5)], {"dark": "covered", "covered": None, "clear": None}),
        ([("dark", 40.5), ("clear", 47)], {"dark": None, "covered": "dark", "clear": "clear"}),
        ([("blurred", 31.5)], {"dark": None, "covered": None}),
    ],
    ids=["none", "as it gets dark", "in time and back", "too late", "a related kind", "the other related kind",
         "an unrelated kind"],
)  # fmt: skip
def test_a_notice_is_due_when_sight_is_lost_and_when_it_is_back(
    told: list[tuple[str, float]], found: dict[str, str | None]
) -> None:
    verdicts = judged(*(noticed(*each) for each in told)).notices
    assert {each.kind: each.notice.kind if each.notice else None for each in verdicts} == found
    assert all(each.is_exact == bool(each.notice and each.notice.kind == each.kind) for each in verdicts)


@pytest.mark.parametrize(
    ("kind", "at", "is_false"),
    [
        ("dark", 20.0, True),
        ("dark", 30.2, False),
        ("dark", 35.0, False),
        ("dark", 37.0, False),
        ("dark", 39.0, True),
        ("blurred", 33.0, True),
        ("clear", 20.0, False),
        ("loading", 20.0, False),
    ],
)
def test_a_notice_is_false_where_nothing_of_its_kind_is_about(kind: str, at: float, is_false: bool) -> None:
    assert bool(judged(noticed(kind, at)).false_notices) is is_false


def test_answers_and_alerts_are_not_judged() -> None:
    assert judged(Utterance("sentence", "answer", "Yes.", 3.0, 3.1)).sentences == ()


def test_what_is_said_after_the_end_of_the_truth_is_counted_and_not_judged() -> None:
    within = [said(EMPTY, 60.0), noticed("clear", 60.0)]
    after = [said(LEFT, 60.1), said(LEFT, 90), noticed("dark", 61), noticed("dark", 90)]
    found = judged(*within, *after)
    assert [each.sentence for each in found.sentences] == within[:1]
    assert (found.false_notices, found.unjudged) == ((), 4)
    (line,) = (each for each in faults([found]) if "not judged" in each)
    assert line == "a.mp4 60.0 s: the truth ends here; not judged: 4 told after it"
    assert not [each for each in faults([judged(*within)]) if "not judged" in each]


def test_a_truth_without_events_is_judged_too() -> None:
    assert judge(CALM, Narration((said(LEFT, 1),), None), same).events == ()


def test_scores_are_of_all_clips_together_and_say_whether_the_value_wanted_is_met() -> None:
    good = judged(said(LEFT, 0.1), said(RIGHT, 6), noticed("dark", 31), noticed("clear", 36.2), noticed("covered", 41))
    bad = judged(said(LEFT, 0.1), said(LEFT, 8), noticed("blurred", 33.0))
    found = {each.key: (each.value, each.is_met) for each in scores([good, bad])}
    assert found["events_told"] == (3 / 6, False)
    assert found["wrong"] == (1 / 4, False)
    assert found["repeated"] == (0, True)
    assert found["dark_covered"] == (1 / 2, False)
    assert found["described_a_minute"] == (4.0, None)
    assert found["frozen_blurred"] == (None, None)
    assert found["false_notices"] == (1, False)


def test_narrations_with_an_unknown_number_of_described_frames_do_not_count_for_the_pace() -> None:
    known, unknown = (judge(CALM, Narration((), described), same) for described in (12, None))
    pace, part = scores([known, unknown])[-2:]
    assert (pace.value, part.value, part.of, part.is_met) == (pytest.approx(12), pytest.approx(0.2), 1, True)
    assert [(cell(each), each.is_met) for each in scores([unknown])[-2:]] == [("–", None), ("–", None)]
