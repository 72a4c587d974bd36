"""A model that stops answering is told of, once, and again when it answers; a slow one is not, once that is known."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import pytest

from app.errors import Outage
from app.events import Chunk, Cost, Frame, Notice, Request
from app.live.stall import LIMIT_S, Pulse
from tests.fake_describer import ScriptedDescriber

REQUEST = Request(frames=list[Frame](), prompt="What?")


@dataclass
class Bench:
    """A pulse on a clock of its own, that is asked at every word how it is."""

    script: str = "A red circle."
    piece_s: float = 0.0
    now: float = 100.0
    told: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.describer = ScriptedDescriber([self.script], wait=self.wait)
        self.pulse = Pulse(self.describer, self.told.append, now=lambda: self.now)
        self.pulse.closing.set()  # no thread looks, but `wait`

    def wait(self, _s: float) -> None:
        """What a word takes, in steps after each of which somebody looks."""
        for _ in range(10):
            self.now += self.piece_s / 10
            self.pulse.check()

    @property
    def kinds(self) -> list[str]:
        return [each.kind for each in self.told]


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**how: float) -> Bench:
        made.append(Bench(**how))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.pulse.close()


def test_a_model_that_answers_is_passed_on_word_by_word(bench: Callable[..., Bench]) -> None:
    quick = bench(piece_s=0.1)
    assert [each.text for each in quick.pulse.describe(REQUEST)] == ["A ", "red ", "circle."]
    assert (quick.told, quick.pulse.banner) == ([], quick.describer.banner)


def test_one_that_hangs_is_told_of_once_and_that_it_answers_again_once(bench: Callable[..., Bench]) -> None:
    slow = bench(piece_s=LIMIT_S + 1)
    pieces = slow.pulse.describe(REQUEST)
    next(pieces)
    assert slow.kinds == ["hung", "answering"]
    assert "has not answered" in slow.told[0].text
    assert slow.told[0].hint


def test_how_long_is_too_long_is_learned(bench: Callable[..., Bench]) -> None:
    slow = bench(piece_s=LIMIT_S + 1)
    list(slow.pulse.describe(REQUEST))
    list(slow.pulse.describe(REQUEST))
    assert slow.kinds == ["hung", "answering"]
    slow.piece_s = 4 * (LIMIT_S + 1)
    next(slow.pulse.describe(REQUEST))
    assert slow.kinds == ["hung", "answering"] * 2


def test_nobody_waits_for_a_description_that_nobody_takes(bench: Callable[..., Bench]) -> None:
    """A loop that does something else between two words is no hung model."""
    left = bench()
    pieces = left.pulse.describe(REQUEST)
    next(pieces)
    left.now += 60
    left.pulse.check()
    pieces.close()
    left.pulse.check()
    assert (left.told, left.describer.cancelled) == ([], 1)


def test_a_failure_comes_through_and_is_no_silence() -> None:
    class Broken(ScriptedDescriber):
        def describe(self, request: Request) -> Generator[Chunk]:
            yield Chunk("A ", Cost())
            raise ValueError(request.prompt)

    told: list[Notice] = []
    pulse = Pulse(Broken([""]), told.append)
    with pytest.raises(ValueError, match="What"):
        list(pulse.describe(REQUEST))
    pulse.close()
    pulse.close()
    assert not pulse.watch.is_alive()
    assert told == []


def test_a_piece_without_a_letter_is_no_sign_of_life() -> None:
    """A server that is waited for is polled; its own words are waited for all the same."""
    told, now = list[Notice](), [100.0]

    class Polled(ScriptedDescriber):
        def describe(self, _request: Request) -> Generator[Chunk]:
            for _ in range(10):
                now[0] += LIMIT_S / 5
                pulse.check()
                yield Chunk("", Cost())
            yield Chunk("A man.", Cost())

    pulse = Pulse(Polled(["-"]), told.append, now=lambda: now[0])
    assert "".join(each.text for each in pulse.describe(REQUEST)) == "A man."
    pulse.close()
    assert [each.kind for each in told] == ["hung", "answering"]


def test_a_model_that_fails_after_a_long_time_has_not_answered() -> None:
    told, now = list[Notice](), [100.0]

    class Failing(ScriptedDescriber):
        def describe(self, _request: Request) -> Generator[Chunk]:
            now[0] += LIMIT_S + 10
            pulse.check()
            yield Chunk("", Cost())
            raise Outage("gone", "start it")

    pulse = Pulse(Failing(["-"]), told.append, now=lambda: now[0])
    with pytest.raises(Outage):
        list(pulse.describe(REQUEST))
    pulse.close()
    assert ([each.kind for each in told], pulse.longest_s) == (["hung"], 0.0)


def test_one_that_has_failed_is_not_told_of_again_before_it_answers() -> None:
    """An outage is told of by the narrator, and so is its end: one notice each."""
    told, now, fates = list[Notice](), [100.0], ["fails", "fails", "answers", "answers"]

    class Failing(ScriptedDescriber):
        def describe(self, _request: Request) -> Generator[Chunk]:
            now[0] += 10 * LIMIT_S
            pulse.check()
            if fates.pop(0) == "fails":
                raise Outage("gone", "start it")
            yield Chunk("A dog.", Cost())

    pulse = Pulse(Failing(["-"]), told.append, now=lambda: now[0])
    for _ in range(2):
        with pytest.raises(Outage):
            list(pulse.describe(REQUEST))
    assert [piece.text for piece in pulse.describe(REQUEST)] == ["A dog."]
    assert [each.kind for each in told] == ["hung"]
    pulse.longest_s = 0.0
    list(pulse.describe(REQUEST))
    pulse.close()
    assert [each.kind for each in told] == ["hung", "hung", "answering"]
