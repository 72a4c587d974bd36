"""When something that is watched for has begun, and when it has ended: tables of answers, one a second."""

import pytest

from app.live.watch import Watch, WatchOptions
from app.text import is_yes, question


def told(answers: str, **how: float) -> list[tuple[int, str]]:
    """The seconds at which something was told, and what; `y` and `n` are the answers."""
    watch = Watch("a cat", WatchOptions(**how))
    turns = [(second, watch.vote(answer == "y", float(second))) for second, answer in enumerate(answers)]
    return [(second, turn) for second, turn in turns if turn]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("nnnnnn", []),
        ("nnynnn", []),
        ("nnynyn", [(4, "begins")]),
        ("nnynynn", [(4, "begins"), (6, "ends")]),
        ("nyy", [(2, "begins")]),
        ("yy", [(1, "begins")]),
        ("nyyyny", [(2, "begins")]),
        ("nyyynn", [(2, "begins"), (5, "ends")]),
        ("nyyynyn", [(2, "begins"), (6, "ends")]),
        ("yynnyynn", [(1, "begins"), (3, "ends"), (5, "begins"), (7, "ends")]),
        ("nynnynnynn", []),
    ],
)
def test_two_of_three_answers_begin_and_end_it(answers: str, expected: list[tuple[int, str]]) -> None:
    assert told(answers) == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("nyyn", []),
        ("nyynnn", []),
        ("nyyyn", [(3, "begins")]),
        ("nyyynnn", [(3, "begins"), (6, "ends")]),
        ("nyyynnyyyy", [(3, "begins")]),
    ],
)
def test_what_must_last_is_told_once_it_has_lasted(answers: str, expected: list[tuple[int, str]]) -> None:
    assert told(answers, lasting_s=2.0) == expected


def test_what_begins_again_too_soon_is_told_neither_at_its_beginning_nor_at_its_end() -> None:
    assert told("yynnyynnnnnnyynn", cooldown_s=10.0) == [(1, "begins"), (3, "ends"), (13, "begins"), (15, "ends")]


def test_what_stays_is_told_once_the_cooldown_is_over() -> None:
    assert told("yynnyyyyyyyyyynn", cooldown_s=10.0) == [(1, "begins"), (3, "ends"), (11, "begins"), (15, "ends")]


def test_it_began_with_the_first_yes_and_ended_with_the_first_no() -> None:
    watch = Watch("a cat")
    for second, answer in enumerate("nnyyynn"):
        watch.vote(answer == "y", float(second))
    assert (watch.began_at, watch.ended_at) == (2.0, 5.0)


def test_another_look_is_wanted_as_long_as_answers_disagree_with_what_was_told() -> None:
    watch, undecided = Watch("a cat"), []
    for second, answer in enumerate("nynnnyyynn"):
        watch.vote(answer == "y", float(second))
        undecided.append(watch.is_undecided)
    assert undecided == [False, True, True, True, False, True, False, False, True, False]


def test_a_source_that_begins_again_forgets_the_answers() -> None:
    watch = Watch("a cat")
    assert watch.vote(True, 10.0) is None
    assert watch.vote(True, 1.0) is None
    assert watch.vote(True, 2.0) == "begins"


@pytest.mark.parametrize(
    ("answer", "vote"),
    [
        ("Yes.", True),
        ("yes, there is a cat", True),
        ("**Yes**", True),
        ("No.", False),
        ("No, there is no cat. Yes?", False),
        ("Not that I can see.", False),
        ("There is a cat.", None),
        ("", None),
        ("...", None),
        ("Yesterday there was one.", None),
        ("Nobody.", None),
    ],
)
def test_only_the_first_word_of_an_answer_counts(answer: str, vote: bool | None) -> None:
    assert is_yes(answer) is vote


@pytest.mark.parametrize(
    ("wish", "asked"),
    [
        ("a person at the door", "Is there a person at the door?"),
        ("Is the door open?", "Is the door open?"),
        ("is the door open", "is the door open"),
        ("smoke?", "smoke?"),
        ("islands", "Is there islands?"),
    ],
)
def test_a_wish_becomes_a_question(wish: str, asked: str) -> None:
    assert question(wish) == asked
