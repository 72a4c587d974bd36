"""One output that fails does not silence the others."""

import logging

import pytest

from app.events import Banner, Notice, RunEvent
from app.outputs.fanout import Fan
from tests.terminal.stage import sentence


class Ear:
    """An output that remembers, or fails when told to."""

    def __init__(self, name: str, fails: frozenset[str] = frozenset()) -> None:
        self.banner = Banner(name, (f"{name} is small",))
        self.fails, self.heard, self.closed = fails, [], 0

    def tell(self, happening: RunEvent) -> None:
        if "tell" in self.fails:
            raise ValueError("no paper")
        self.heard.append(happening)

    def close(self) -> None:
        self.closed += 1
        if "close" in self.fails:
            raise ValueError("jammed")


def test_every_output_is_told_in_turn() -> None:
    ears = [Ear("one"), Ear("two")]
    fan = Fan(ears)
    told = sentence()
    fan.tell(told)
    assert [ear.heard for ear in ears] == [[told], [told]]


def test_one_that_fails_is_left_out_and_the_others_are_told_once() -> None:
    good, bad = Ear("good"), Ear("printer", frozenset({"tell"}))
    fan = Fan([bad, good])
    fan.tell(sentence("One."))
    fan.tell(sentence("Two."))
    said = [each.text for each in good.heard if isinstance(each, Notice)]
    assert said == ["printer has failed and is left out: no paper"]
    assert [each.text for each in good.heard if not isinstance(each, Notice)] == ["One.", "Two."]


def test_all_are_closed_also_those_that_failed_and_the_traceback_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    ears = [Ear("one", frozenset({"close"})), Ear("two", frozenset({"tell"})), Ear("three")]
    fan = Fan(ears)
    fan.tell(sentence())
    with caplog.at_level(logging.ERROR):
        fan.close()
    assert [ear.closed for ear in ears] == [1, 1, 1]
    assert sorted(str(each.exc_info[1]) for each in caplog.records if each.exc_info) == ["jammed", "no paper"]


def test_all_failing_ends_in_silence() -> None:
    fan = Fan([Ear("one", frozenset({"tell"})), Ear("two", frozenset({"tell"}))])
    fan.tell(sentence())
    fan.tell(sentence())
    assert fan.working == ()


def test_its_banner_is_theirs() -> None:
    assert Fan([Ear("one"), Ear("two")]).banner == Banner("one · two", ("one is small", "two is small"))
