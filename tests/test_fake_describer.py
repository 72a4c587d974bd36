"""The scripted describer keeps the promises that every describer makes."""

from contextlib import closing

import pytest

from app.errors import ModelError
from app.events import Request
from tests.fake_describer import ScriptedDescriber


def words(describer, **how):
    return [piece.text for piece in describer.describe(Request((), "?", **how))]


def test_texts_come_in_turn_and_begin_again():
    describer = ScriptedDescriber(["One two.", "Three."])
    assert [words(describer) for _ in range(3)] == [["One ", "two."], ["Three."], ["One ", "two."]]


def test_a_failure_in_the_script_is_raised():
    describer = ScriptedDescriber([ModelError("broken", "mend it"), "Whole."])
    with pytest.raises(ModelError, match="broken"):
        words(describer)
    assert words(describer) == ["Whole."]


def test_it_takes_its_time_and_says_so():
    waits = []
    describer = ScriptedDescriber(["One two three."], piece_s=0.5, wait=waits.append)
    *_, last = describer.describe(Request((), "?"))
    assert waits == [0.5] * 3
    assert (last.cost.first_word_s, last.cost.total_s, last.cost.tokens) == (0.5, 1.5, 3)


def test_it_keeps_to_the_limit_of_tokens():
    assert words(ScriptedDescriber(["One two three."]), max_tokens=2) == ["One ", "two"]


def test_it_notices_when_it_is_cancelled():
    describer = ScriptedDescriber(["One two three."])
    with closing(describer.describe(Request((), "?"))) as pieces:
        next(pieces)
    assert describer.cancelled == 1


def test_it_says_what_it_is_and_can_be_closed_twice():
    describer = ScriptedDescriber(["One."])
    assert describer.banner.warnings
    describer.close()
    describer.close()
    assert describer.is_closed
