"""A model that stops answering is told of, once, and again when it answers; a slow one is not, once that is known."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Thread

import pytest

from app.errors import Outage
from app.events import Chunk, Cost, Frame, Notice, Request
from app.live.stall import LIMIT_S, StallDetector
from tests.fake_describer import ScriptedDescriber
from tests.waiting import LIMIT_S as LIMIT_S_OF_TESTS

REQUEST = Request(frames=list[Frame](), prompt="What?")


@dataclass
class Bench:
    """A describer on a clock of its own, checked ten times during every chunk."""

    describer: ScriptedDescriber = field(default_factory=lambda: ScriptedDescriber(["A red circle."]))
    piece_s: float = 0.0
    now: float = 100.0
    told: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.describer.wait = self.wait
        self.stall = StallDetector(now=lambda: self.now)

    def wait(self, _s: float = 0.0) -> None:
        """What a chunk takes, in steps after each of which it is checked."""
        for _ in range(10):
            self.now += self.piece_s / 10
            self.check()

    def check(self) -> None:
        self.told += self.stall.check()

    def describe(self) -> Generator[Chunk]:
        """One request, as the captioner makes it."""
        with closing(self.describer.describe(REQUEST)) as chunks:
            self.stall.start()
            while (chunk := self.stall.next(chunks)) is not None:
                self.check()
                yield chunk
        self.check()

    @property
    def kinds(self) -> list[str]:
        return [each.kind for each in self.told]


def test_a_model_that_answers_is_passed_on_word_by_word() -> None:
    quick = Bench(piece_s=0.1)
    assert [each.text for each in quick.describe()] == ["A ", "red ", "circle."]
    assert quick.told == []


def test_one_that_hangs_is_told_of_once_and_that_it_answers_again_once() -> None:
    slow = Bench(piece_s=LIMIT_S + 1)
    next(slow.describe())
    assert slow.kinds == ["hung", "answering"]
    assert "has not answered" in slow.told[0].text
    assert slow.told[0].hint


def test_how_long_is_too_long_is_learned() -> None:
    slow = Bench(piece_s=LIMIT_S + 1)
    list(slow.describe())
    list(slow.describe())
    assert slow.kinds == ["hung", "answering"]
    slow.piece_s = 4 * (LIMIT_S + 1)
    next(slow.describe())
    assert slow.kinds == ["hung", "answering"] * 2


def test_nobody_waits_for_a_description_that_nobody_takes() -> None:
    """A loop that does something else between two chunks is no hung model."""
    left = Bench()
    chunks = left.describe()
    next(chunks)
    left.now += 60
    left.check()
    chunks.close()
    left.check()
    assert (left.told, left.describer.cancelled) == ([], 1)


def test_a_request_that_was_left_does_not_count_as_waiting_when_the_next_one_begins() -> None:
    left = Bench()
    chunks = left.describe()
    next(chunks)
    chunks.close()
    left.now += 60
    list(left.describe())
    assert left.told == []


def test_a_failure_comes_through_and_is_no_silence() -> None:
    class Broken(ScriptedDescriber):
        def describe(self, request: Request) -> Generator[Chunk]:
            yield Chunk("A ", Cost())
            raise ValueError(request.prompt)

    broken = Bench(Broken([""]))
    with pytest.raises(ValueError, match="What"):
        list(broken.describe())
    assert broken.told == []


def test_a_piece_without_a_letter_is_no_sign_of_life() -> None:
    """A server is polled while it computes; its own words are waited for all the same."""

    class Polled(ScriptedDescriber):
        def describe(self, _request: Request) -> Generator[Chunk]:
            for _ in range(10):
                polled.now += LIMIT_S / 5
                polled.check()
                yield Chunk("", Cost())
            yield Chunk("A man.", Cost())

    polled = Bench(Polled(["-"]))
    assert "".join(each.text for each in polled.describe()) == "A man."
    assert polled.kinds == ["hung", "answering"]


def test_a_model_that_fails_after_a_long_time_has_not_answered() -> None:
    class Failing(ScriptedDescriber):
        def describe(self, _request: Request) -> Generator[Chunk]:
            failing.now += LIMIT_S + 10
            failing.check()
            yield Chunk("", Cost())
            raise Outage("gone", "start it")

    failing = Bench(Failing(["-"]))
    with pytest.raises(Outage):
        list(failing.describe())
    assert (failing.kinds, failing.stall.longest_s) == (["hung"], 0.0)


def test_one_that_has_failed_is_not_told_of_again_before_it_answers() -> None:
    """An outage is reported by the narrator, and so is its end: one notice each."""
    fates = ["fails", "fails", "answers", "answers"]

    class Failing(ScriptedDescriber):
        def describe(self, _request: Request) -> Generator[Chunk]:
            failing.now += 10 * LIMIT_S
            failing.check()
            if fates.pop(0) == "fails":
                raise Outage("gone", "start it")
            yield Chunk("A dog.", Cost())

    failing = Bench(Failing(["-"]))
    for _ in range(2):
        with pytest.raises(Outage):
            list(failing.describe())
    assert [chunk.text for chunk in failing.describe()] == ["A dog."]
    assert failing.kinds == ["hung"]
    failing.stall.longest_s = 0.0
    list(failing.describe())
    assert failing.kinds == ["hung", "hung", "answering"]


def test_one_request_that_hangs_is_told_of_once_while_others_are_answered() -> None:
    both = Bench()
    hangs, goes_on = Event(), Event()

    def hang() -> Iterator[Chunk]:
        hangs.set()
        goes_on.wait(LIMIT_S_OF_TESTS)
        yield Chunk("A ", Cost())

    def ask() -> None:
        both.stall.start()
        both.stall.next(hang())

    other = Thread(target=ask)
    other.start()
    assert hangs.wait(LIMIT_S_OF_TESTS)
    both.stall.start()
    for word in ("A ", "red ", "circle ", "is ", "here."):
        both.now += LIMIT_S / 2
        both.stall.next(iter((Chunk(word, Cost()),)))
        both.check()
    assert both.kinds == ["hung"]
    goes_on.set()
    other.join(LIMIT_S_OF_TESTS)
    both.check()
    assert both.kinds == ["hung", "answering"]
