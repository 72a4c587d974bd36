"""A model elsewhere that cannot be asked is told of, never in a sentence, and narration goes on by itself."""

from collections.abc import Generator, Sequence
from itertools import count

import pytest

from app.errors import ModelError, Outage
from app.events import Ask, Chunk, Notice, RunEvent, Sentence
from app.live.captioner import Captioner
from app.live.narrator import Narrator
from app.live.stall import FIRST_S, LONGEST_S, MOST_REASONS, Outages
from tests.fake_describer import ScriptedDescriber
from tests.live.test_narrator import frame, narrator, only, scripted, sentences, watch

AWAY = Outage("the server is gone", "start it")


class Breaking(ScriptedDescriber):
    """Breaks off its first description."""

    def say(self, words: Sequence[str]) -> Generator[Chunk]:
        yield from ScriptedDescriber.say(self, words)
        if len(self.asked) == 1:
            raise AWAY


def timed(*script: str | ModelError, step_s: float = 1.0, **how: object) -> Narrator:
    """A narrator whose clock goes on by `step_s` whenever it is looked at."""
    found, ticks = narrator(*script, **how), count()
    only(found).controls.now = lambda: 1000.0 + next(ticks) * step_s
    return found


def notices(told: Sequence[RunEvent]) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in told if isinstance(each, Notice)]


def test_an_outage_is_a_notice_and_the_next_look_a_sentence() -> None:
    told = watch(timed(AWAY, "A man sits."), [frame(0), frame(1)])
    assert notices(told) == [
        ("outage", "No description: the server is gone."),
        ("answering", "The model answers again."),
    ]
    assert sentences(told) == ["A man sits."]
    said = [each for each in told if isinstance(each, Notice | Sentence)]
    assert isinstance(said[-1], Sentence)  # that it answers is said before what it says


def test_what_broke_off_is_no_sentence() -> None:
    breaking = timed("A man sits.")
    only(breaking).controls.captioner = Captioner(Breaking(["A man sits on a", "One."]))
    told = watch(breaking, [frame(0), frame(1)])
    assert sentences(told) == ["One."]
    assert notices(told)[0] == ("outage", "No description: the server is gone.")


def test_each_reason_is_told_once_however_often_it_fails() -> None:
    other = Outage("the server is busy", "wait")
    told = watch(timed(AWAY, AWAY, other, AWAY, other, *["One."] * 40), [frame(number) for number in range(40)])
    assert [text for kind, text in notices(told) if kind == "outage"] == [
        "No description: the server is gone.",
        "No description: the server is busy.",
    ]
    assert "One." in sentences(told)


def test_while_it_is_left_alone_nothing_is_asked() -> None:
    patient = timed(Outage("too many questions", "ask less", wait_s=30.0), "One.", step_s=0.01)
    told = watch(patient, [frame(number) for number in range(10)])
    assert len(scripted(patient).asked) == 1
    assert not [each for each in told if isinstance(each, Sentence)]


def test_a_watch_that_cannot_be_asked_is_an_outage_too() -> None:
    told = watch(timed(AWAY, "Yes.", "A man.", watches=("a man",)), [frame(0), frame(1)])
    assert notices(told)[0] == ("outage", "No description: the server is gone.")


def test_a_question_that_cannot_be_asked_says_why() -> None:
    curious = timed(AWAY, "A man sits.")
    curious.queue.put(Ask("Who?"))
    told = watch(curious, [frame(0)])
    assert notices(told) == [("no answer", "the server is gone")]
    assert sentences(told) == ["A man sits."]


def test_any_other_failure_still_ends_the_run() -> None:
    with pytest.raises(ModelError, match="broken"):
        watch(timed(ModelError("broken", "mend it")), [frame(0)])


def test_it_waits_longer_each_time_up_to_a_limit_and_no_less_than_it_was_asked_to() -> None:
    outages, waits = Outages(), []
    for _ in range(12):
        now = outages.until
        outages.begin(AWAY, now)
        waits.append(outages.until - now)
    assert waits[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert waits[-1] == LONGEST_S
    now = outages.until
    outages.begin(Outage("busy", "wait", wait_s=40.0), now)
    assert outages.until == now + 40.0


def test_what_has_answered_is_asked_again_at_once_after_the_next_failure() -> None:
    outages = Outages()
    outages.begin(AWAY, 0.0)
    outages.begin(AWAY, FIRST_S)
    assert [each.kind for each in outages.end()] == ["answering"]
    assert not outages.end()
    assert [each.kind for each in outages.begin(AWAY, 10.0)] == ["outage"]
    assert outages.until == 10.0 + FIRST_S


def test_a_server_with_a_new_reason_each_time_is_not_told_of_each_time() -> None:
    outages = Outages()
    told = [each for number in range(20) for each in outages.begin(Outage(f"error {number}", "wait"), 100.0 * number)]
    assert [each.text for each in told] == [f"No description: error {number}." for number in range(MOST_REASONS)]


def test_questions_that_fail_together_are_one_failure_told_once() -> None:
    shared = Outages()
    told = [shared.begin(Outage("it refuses", "start it"), 100.0) for _ in range(4)]
    assert [len(each) for each in told] == [1, 0, 0, 0]
    assert shared.until == 100.0 + FIRST_S


def test_it_is_left_alone_for_as_long_as_any_of_them_was_asked_to() -> None:
    shared = Outages()
    shared.begin(Outage("it is busy", "wait"), 100.0)
    shared.begin(Outage("it is busy", "wait", wait_s=9.0), 100.1)
    assert shared.is_waiting(109.0)
    assert not shared.is_waiting(109.2)


