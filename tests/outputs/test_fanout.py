"""One output that fails does not silence the others."""

import logging

import pytest

from app.events import Banner, Notice, RunEvent
from app.outputs.fanout import Fanout
from tests.terminal.stage import sentence


class Recorder:
    """An output that remembers, or fails when told to."""

    def __init__(self, name: str, fails: frozenset[str] = frozenset()) -> None:
        self.banner = Banner(name, (f"{name} is small",))
        self.fails, self.heard, self.closed = fails, [], 0

    def tell(self, event: RunEvent) -> None:
        if "tell" in self.fails:
            raise ValueError("no paper")
        self.heard.append(event)

    def close(self) -> None:
        self.closed += 1
        if "close" in self.fails:
            raise ValueError("jammed")


def test_every_output_is_told_in_turn() -> None:
    outputs = [Recorder("one"), Recorder("two")]
    fanout = Fanout(outputs)
    told = sentence()
    fanout.tell(told)
    assert [each.heard for each in outputs] == [[told], [told]]


def test_one_that_fails_is_left_out_and_the_others_are_told_once() -> None:
    good, bad = Recorder("good"), Recorder("printer", frozenset({"tell"}))
    fanout = Fanout([bad, good])
    fanout.tell(sentence("One."))
    fanout.tell(sentence("Two."))
    said = [each.text for each in good.heard if isinstance(each, Notice)]
    assert said == ["Output printer failed and is switched off: no paper"]
    assert [each.text for each in good.heard if not isinstance(each, Notice)] == ["One.", "Two."]


def test_all_are_closed_also_those_that_failed_and_the_traceback_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    outputs = [Recorder("one", frozenset({"close"})), Recorder("two", frozenset({"tell"})), Recorder("three")]
    fanout = Fanout(outputs)
    fanout.tell(sentence())
    with caplog.at_level(logging.ERROR):
        fanout.close()
    assert [each.closed for each in outputs] == [1, 1, 1]
    assert sorted(str(each.exc_info[1]) for each in caplog.records if each.exc_info) == ["jammed", "no paper"]


