"""The live loop, with a scripted describer and sources made of lists."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from threading import Event

import numpy as np
import pytest

from app.conditions import Conditions
from app.errors import ModelError
from app.flow import Banner, Cost, Frame, Growing, Happening, Notice, Passing, Seen, Sentence, Status
from app.gate import Gate
from app.governor import Governor
from app.narrator import Narrator, Tally
from app.pace import GovernedPace, Pace
from app.pixels import Pixels
from app.vision.scripted import ScriptedDescriber


@dataclass
class Listed:
    """A source that gives what it was given."""

    items: Sequence[Seen | Notice]
    banner: Banner = field(default=Banner("a list"))
    is_closed: bool = False

    def frames(self, stop: Event) -> Generator[Seen | Notice]:
        try:
            for item in self.items:
                if stop.is_set():
                    return
                yield item
        finally:
            self.is_closed = True


def frame(number: int, level: int | None = None) -> Frame:
    """A frame a second, each of another brightness, so that the gate opens."""
    pixels = np.full((48, 64, 3), 60 * (number % 4) if level is None else level, np.uint8)
    return Frame(pixels, seen_at=100.0 + number, media_s=float(number), number=number)


def narrator(*script: str | ModelError, **how: int | float) -> Narrator:
    every, piece_s = how.pop("every", 0), how.pop("piece_s", 0)
    describer = ScriptedDescriber(script, piece_s=piece_s, wait=lambda _s: None)
    return Narrator(describer, "What?", Gate(), Pace(every), now=lambda: 200.0, **how)


def scripted(narrator: Narrator) -> ScriptedDescriber:
    assert isinstance(narrator.describer, ScriptedDescriber)
    return narrator.describer


def watch(narrator: Narrator, items: Sequence[Seen | Notice]) -> list[Happening]:
    return list(narrator.watch(Listed(items), Event()))


def sentences(happenings: Sequence[Happening]) -> list[str]:
    return [each.text for each in happenings if isinstance(each, Sentence)]


def test_a_frame_becomes_a_growing_sentence_then_a_whole_one_then_a_status() -> None:
    told = watch(narrator("A man sits."), [frame(0)])
    assert [type(each).__name__ for each in told] == ["Growing", "Growing", "Growing", "Sentence", "Status"]
    assert [each.text for each in told if isinstance(each, Growing)] == ["A", "A man", "A man sits."]
    assert sentences(told) == ["A man sits."]


def test_the_sentence_carries_its_frame_its_age_and_its_cost() -> None:
    (sentence,) = (each for each in watch(narrator("A man.", piece_s=0.5), [frame(3)]) if isinstance(each, Sentence))
    assert sentence.frame.number == 3
    assert sentence.frame_age_s == pytest.approx(200.0 - 103.0 + 0.5)  # until inference began, then to the first word
    assert sentence.cost.tokens == 2
    assert sentence.frames_described == 1


def test_frames_that_show_nothing_new_are_not_described() -> None:
    quiet = narrator("One.", "Two.")
    watch(quiet, [frame(number, level=90) for number in range(10)])
    assert len(scripted(quiet).asked) == 1


def test_the_throttle_counts_the_sources_own_seconds() -> None:
    slow = narrator("One.", "Two.", every=3)
    watch(slow, [frame(number) for number in range(10)])
    assert [request.frames[-1].number for request in scripted(slow).asked] == [0, 3, 6, 9]


def test_the_sentence_that_was_said_last_is_not_said_again() -> None:
    told = watch(narrator("A man.", "A man.", "A dog.", "A man."), [frame(number) for number in range(4)])
    assert sentences(told) == ["A man.", "A dog.", "A man."]


def test_several_frames_are_shown_oldest_first_and_never_more_than_asked() -> None:
    several = narrator("One.", "Two.", "Three.", "Four.", frame_count=3)
    watch(several, [frame(number) for number in range(4)])
    shown = [[each.number for each in request.frames] for request in scripted(several).asked]
    assert shown == [[0], [0, 1], [0, 1, 2], [1, 2, 3]]


def test_two_sentences_of_one_description_are_told_one_by_one() -> None:
    told = watch(narrator("A man sits. He reads."), [frame(0)])
    assert sentences(told) == ["A man sits.", "He reads."]


def test_a_description_cut_at_the_limit_shows_it() -> None:
    assert sentences(watch(narrator("A man sits on a chair.", max_tokens=3), [frame(0)])) == ["A man sits…"]


def test_notices_of_the_source_are_passed_on_and_never_become_sentences() -> None:
    lost = Notice("camera lost", "The camera is gone.", "plug it in")
    told = watch(narrator("A man."), [lost, frame(0)])
    assert told[0] is lost
    assert sentences(told) == ["A man."]


def test_a_failing_model_is_an_error_and_closes_the_source() -> None:
    source = Listed([frame(0)])
    with pytest.raises(ModelError, match="broken"):
        list(narrator(ModelError("broken", "mend it")).watch(source, Event()))
    assert source.is_closed


def test_stop_leaves_off_within_a_token_and_closes_what_was_open() -> None:
    stopping, source, stop = narrator("one two three four."), Listed([frame(0), frame(1)]), Event()
    told = []
    for happening in stopping.watch(source, stop):
        told.append(happening)
        stop.set()
    assert [type(each) for each in told] == [Growing, Status]
    assert scripted(stopping).cancelled == 1
    assert source.is_closed


def test_the_status_tells_rates_and_counts() -> None:
    *_, status = watch(narrator("A man.", "A dog.", piece_s=0.25), [frame(0), frame(2), frame(5)])
    assert isinstance(status, Status)
    assert (status.frames_seen, status.frames_described) == (6, 3)
    assert status.camera_fps == pytest.approx(1.0)  # five frames in five seconds, the dropped ones too
    assert status.first_word_s == 0.25
    assert status.tokens_per_s == pytest.approx(2 / 0.5)  # of the whole description
    assert status.memory_bytes > 10_000_000


def counts(told: Sequence[Happening]) -> list[tuple[int, int]]:
    return [(each.frames_seen, each.frames_described) for each in told if isinstance(each, Status)]


def still(count: int, fps: float) -> list[Seen]:
    pixels = np.full((48, 64, 3), 90, np.uint8)
    return [Frame(pixels, 100.0 + number / fps, number / fps, number) for number in range(count)]


def test_a_still_scene_has_a_status_a_second_and_a_true_one_at_the_end() -> None:
    told = watch(narrator("One."), still(32, fps=8))
    assert counts(told) == [(1, 1), (10, 1), (19, 1), (28, 1), (32, 1)]
    *_, last = told
    assert isinstance(last, Status)
    assert last.camera_fps == pytest.approx(8)


def test_nothing_seen_has_no_status() -> None:
    assert watch(narrator(), []) == []


def test_drafts_are_summed_over_all_descriptions() -> None:
    tally = Tally()
    tally.saw(frame(0))
    for drafted, accepted in ((10, 7), (0, 0), (15, 15)):
        tally.spent(Cost(drafted=drafted, draft_accepted=accepted))
    status = tally.status("")
    assert (status.drafted, status.draft_accepted) == (25, 22)


@dataclass
class Unplugged:
    """A sensor of a machine on battery."""

    conditions: Conditions = Conditions(is_on_battery=True)  # noqa: RUF009 — frozen
    is_closed: bool = False

    def close(self) -> None:
        self.is_closed = True


def test_a_governed_narrator_asks_for_the_tokens_that_it_may_have_and_says_what_it_spares() -> None:
    sensor, spare = Unplugged(), narrator("One.", "Two.", "Three.", piece_s=9.0)
    spare.pace = GovernedPace(Governor((64, 36), 1.0), sensor, now=lambda: 0.0)
    told = watch(spare, [frame(number) for number in range(30)])
    notices = [each.text for each in told if isinstance(each, Notice)]
    assert notices == [
        "From now on a look every 2 s: on battery.",
        "From now on 36 image tokens, a look every 2 s: captions fell behind, on battery.",
    ]
    assert [request.image_tokens for request in scripted(spare).asked] == [64] * 8 + [36] * 7
    assert [request.frames[-1].media_s for request in scripted(spare).asked] == list(range(0, 30, 2))
    *_, status = told
    assert isinstance(status, Status)
    assert status.effort == "36 image tokens, a look every 2 s: captions fell behind, on battery"
    assert sensor.is_closed


def test_a_steady_narrator_spares_nothing_and_asks_for_tokens_as_usual() -> None:
    steady = narrator("One.", "Two.", piece_s=9.0)
    told = watch(steady, [frame(number) for number in range(30)])
    assert {request.image_tokens for request in scripted(steady).asked} == {None}
    assert not [each for each in told if isinstance(each, Notice)]
    assert {each.effort for each in told if isinstance(each, Status)} == {""}


def passing(number: int, *, is_overwritten: bool, copies: list[int]) -> Passing:
    own = frame(number)

    def copied() -> Pixels | None:
        copies.append(number)
        return None if is_overwritten else own.pixels

    return Passing(own.pixels, own.seen_at, own.media_s, number, copied)


def test_a_frame_that_was_overwritten_is_neither_described_nor_compared_with() -> None:
    torn, copies = narrator("One."), []
    frames = [passing(number, is_overwritten=number == 0, copies=copies) for number in (0, 4)]  # they look the same
    watch(torn, frames)
    assert [request.frames[-1].number for request in scripted(torn).asked] == [4]


def test_a_frame_that_pace_or_gate_lets_go_by_is_never_copied() -> None:
    slow, copies = narrator("One.", "Two.", every=3), []
    watch(slow, [passing(number, is_overwritten=False, copies=copies) for number in (0, 1, 2, 4, 5)])
    assert copies == [0, 5]  # 1 and 2 come too early, 4 looks like 0


def test_a_still_scene_is_looked_at_once_a_minute_and_told_of_again_only_if_it_is_otherwise() -> None:
    """What the gate does not see, a clock's minute for example, is not missed for good."""
    watched = narrator("It is 12:45.", "It is 12:45.", "It is 12:46.")
    told = watch(watched, [frame(second, level=90) for second in range(150)])
    assert [request.frames[-1].number for request in scripted(watched).asked] == [0, 60, 120]
    assert sentences(told) == ["It is 12:45.", "It is 12:46."]
