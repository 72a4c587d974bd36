"""A clip on a clock of its own: which frames a narrator gets, and when it is heard."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from threading import Event

import numpy as np

from app.events import Banner, Chunk, Cost, Frame, Notice, PartialSentence, Request, RunEvent, Sentence, Status
from app.protocols import Source
from app.score.replay import Clock, Dutiful, Narrate, play


@dataclass
class Hands:
    """A timer that goes on only when somebody works."""

    at: float = 50.0

    def __call__(self) -> float:
        return self.at

    def work(self, seconds: float) -> None:
        self.at += seconds


def clip(hands: Hands, count: int = 10, read_s: float = 0.0) -> Iterator[Frame | Notice]:
    """Ten frames a second; reading one takes `read_s`."""
    for number in range(count):
        hands.work(read_s)
        yield Frame(np.zeros((2, 2, 3), np.uint8), -1.0, number / 10, number)
    yield Notice("video broken", "It breaks off.")


def glances(hands: Hands, work_s: float, seen: list[Frame]) -> Narrate:
    """Works so long on each frame that it gets."""

    def narrate(source: Source, stop: Event) -> Iterator[RunEvent]:
        for each in source.frames(stop):
            assert isinstance(each, Frame)
            seen.append(each)
            hands.work(work_s)
            yield Sentence(f"{each.number}", "scene", each, 0.0, Cost(), len(seen))

    return narrate


def numbers(work_s: float, read_s: float = 0.0) -> list[int]:
    hands, seen = Hands(), list[Frame]()
    play(glances(hands, work_s, seen), clip(hands, read_s=read_s), Clock(hands))
    return [each.number for each in seen]


def test_quick_work_sees_every_frame_and_slow_work_the_newest() -> None:
    assert numbers(0.01) == list(range(10))
    assert numbers(0.25) == [0, 2, 5, 7, 9]


def test_reading_the_clip_takes_no_time() -> None:
    assert numbers(0.25, read_s=3.0) == [0, 2, 5, 7, 9]


def test_a_sentence_is_told_when_the_work_is_done() -> None:
    hands, seen = Hands(), list[Frame]()
    telling = play(glances(hands, 0.25, seen), clip(hands), Clock(hands))
    assert [round(each.told_at, 6) for each in telling.told] == [0.25, 0.5, 0.75, 1.0, 1.25]
    assert [each.media_s for each in telling.told] == [0.0, 0.2, 0.5, 0.7, 0.9]
    assert telling.described == 5


def test_frames_are_seen_on_the_clock_of_the_clip() -> None:
    hands, seen = Hands(), list[Frame]()
    play(glances(hands, 0.01, seen), clip(hands), Clock(hands))
    assert [each.seen_at for each in seen] == [each.media_s for each in seen]


def test_a_notice_is_told_and_a_growing_sentence_and_a_status_are_not() -> None:
    hands = Hands()

    def narrate(source: Source, stop: Event) -> Iterator[RunEvent]:
        for each in source.frames(stop):
            if isinstance(each, Frame) and each.number == 4:
                yield PartialSentence("A", each)
                yield Notice("dark", "It is dark.")
                yield Status(10.0, 5, 3, 0.0, 0.0, 0)

    telling = play(narrate, clip(hands), Clock(hands))
    (told,) = telling.told
    assert (told.event, told.kind, told.media_s, round(told.told_at, 6)) == ("notice", "dark", 0.4, 0.4)
    assert telling.described == 3


@dataclass
class Says:
    """Takes so long over everything it says."""

    text: str
    work: Callable[[], None]
    banner: Banner = field(default=Banner("says"))

    def describe(self, _request: Request) -> Generator[Chunk]:
        self.work()
        for word in self.text.split():
            yield Chunk(f" {word}", Cost())

    def close(self) -> None:
        pass


def test_the_dutiful_describe_a_frame_a_second_and_say_all_of_it() -> None:
    hands = Hands()
    dutiful = Dutiful(Says("A man. A dog.", lambda: hands.work(0.25)), "What?", 64)
    telling = play(dutiful.watch, clip(hands, 35), Clock(hands))
    assert [each.media_s for each in telling.told] == [0.0, 1.0, 2.0, 3.0]
    assert {each.text for each in telling.told} == {"A man. A dog."}
    assert telling.described == 4


def test_the_dutiful_say_nothing_where_nothing_was_described() -> None:
    hands = Hands()
    assert play(Dutiful(Says("", lambda: None), "What?", 64).watch, clip(hands), Clock(hands)).told == ()
