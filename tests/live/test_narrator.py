"""The live loop, with a scripted describer and sources made of lists."""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import numpy as np
import pytest

from app.errors import ModelError
from app.events import (
    Answered,
    AnyFrame,
    Ask,
    Banner,
    BeginQuestion,
    CancelQuestion,
    Cost,
    DescribeMore,
    Frame,
    FrameView,
    LiveSettings,
    Mute,
    Notice,
    PartialSentence,
    Pause,
    RunEvent,
    Sentence,
    Status,
)
from app.frames.selector import FrameSelector, Pace
from app.images import Pixels
from app.live.captioner import Captioner
from app.live.controls import LONG_PROMPT, CommandQueue, Controls, QueuedCommand
from app.live.narrator import CameraNarration, Counters, Narrator
from app.live.watch import WatchAsker
from tests.fake_describer import ScriptedDescriber


@dataclass
class Listed:
    """A source that gives what it was given."""

    items: Sequence[AnyFrame | Notice]
    banner: Banner = field(default=Banner("a list"))
    is_closed: bool = False

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        try:
            for item in self.items:
                if stop.is_set():
                    return
                yield item
        finally:
            self.is_closed = True


def frame(number: int, scene: int | None = None) -> Frame:
    """A frame a second, each of another scene, so that the gate opens: bars of other widths and colours."""
    seed = number % 4 if scene is None else scene
    columns = np.arange(64) // (4 + 3 * seed) % 2
    colours = np.array([[200, 60, 40 + 50 * seed], [30, 90 + 40 * seed, 220]], np.uint8)
    pixels = np.repeat(colours[columns][None], 48, axis=0)
    return Frame(pixels, seen_at=100.0 + number, media_s=float(number), number=number)


def narrator(*script: str | ModelError, **how: Any) -> Narrator:
    every, piece_s, verbosity = how.pop("every", 0), how.pop("piece_s", 0), how.pop("verbosity", "brief")
    max_tokens, watches = how.pop("max_tokens", 64), how.pop("watches", ())
    captioner = Captioner(ScriptedDescriber(script, piece_s=piece_s, wait=lambda _s: None))
    settings, queue = LiveSettings(verbosity=verbosity, watches=watches), CommandQueue(verbosity=verbosity)
    controls = Controls(captioner, queue, settings, "What?", max_tokens, now=lambda: 200.0)
    watcher = WatchAsker(captioner, now=lambda: 200.0, wall=lambda: 1_000_000.0)
    return Narrator({"": CameraNarration(controls, FrameSelector(Pace(every)), watcher, **how)}, queue)


def only(narrator: Narrator) -> CameraNarration:
    """The narration of its only camera."""
    return narrator.cameras[""]


def scripted(narrator: Narrator) -> ScriptedDescriber:
    describer = only(narrator).controls.captioner.describer
    assert isinstance(describer, ScriptedDescriber)
    return describer


def watch(narrator: Narrator, items: Sequence[AnyFrame | Notice]) -> list[RunEvent]:
    return list(narrator.watch(Listed(items), Event()))


def sentences(happenings: Sequence[RunEvent]) -> list[str]:
    return [each.text for each in happenings if isinstance(each, Sentence)]


def test_a_frame_becomes_a_growing_sentence_then_a_whole_one_then_a_status() -> None:
    told = watch(narrator("A man sits."), [frame(0)])
    assert [type(each).__name__ for each in told] == [
        "PartialSentence",
        "PartialSentence",
        "PartialSentence",
        "Sentence",
        "Status",
    ]
    assert [each.text for each in told if isinstance(each, PartialSentence)] == ["A", "A man", "A man sits."]
    assert sentences(told) == ["A man sits."]


def test_the_sentence_carries_its_frame_its_age_and_its_cost() -> None:
    (sentence,) = (each for each in watch(narrator("A man.", piece_s=0.5), [frame(3)]) if isinstance(each, Sentence))
    assert sentence.frame.number == 3
    assert sentence.frame_age_s == pytest.approx(200.0 - 103.0 + 0.5)  # until inference began, then to the first word
    assert sentence.cost.tokens == 2
    assert sentence.frames_described == 1


def test_frames_that_show_nothing_new_are_not_described() -> None:
    quiet = narrator("One.", "Two.")
    watch(quiet, [frame(number, scene=1) for number in range(10)])
    assert len(scripted(quiet).asked) == 1


def test_the_throttle_counts_the_sources_own_seconds() -> None:
    slow = narrator("One.", "Two.", every=3)
    watch(slow, [frame(number) for number in range(10)])
    assert [request.frames[-1].number for request in scripted(slow).asked] == [0, 3, 6, 9]


def test_what_was_said_last_is_not_said_again_and_what_was_said_before_it_once_it_is_sure() -> None:
    told = watch(narrator("A man.", "A man.", "A dog.", "A man.", "A man."), [frame(number) for number in range(5)])
    assert sentences(told) == ["A man.", "A dog.", "A man."]


def test_several_frames_are_shown_oldest_first_and_never_more_than_asked() -> None:
    several = narrator("One.", "Two.", "Three.", "Four.", frame_count=3)
    watch(several, [frame(number) for number in range(4)])
    shown = [[each.number for each in request.frames] for request in scripted(several).asked]
    assert shown == [[0], [0, 1], [0, 1, 2], [1, 2, 3]]


def test_two_sentences_of_one_description_are_told_one_by_one() -> None:
    told = watch(narrator("A man sits. He reads."), [frame(0)])
    assert sentences(told) == ["A man sits.", "He reads."]


def test_a_sentence_cut_at_the_limit_is_a_notice_and_not_a_sentence() -> None:
    told = watch(narrator("A man sits on a chair.", max_tokens=3), [frame(0)])
    assert kinds(told) == [("doubt", "The model did not finish its sentence about this picture.")]


def test_whole_sentences_before_the_limit_are_told() -> None:
    told = watch(narrator("A man sits. He reads a book.", max_tokens=5), [frame(0)])
    assert kinds(told) == [("scene", "A man sits.")]


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
    assert [type(each) for each in told] == [PartialSentence, Status]
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


def counts(told: Sequence[RunEvent]) -> list[tuple[int, int]]:
    return [(each.frames_seen, each.frames_described) for each in told if isinstance(each, Status)]


def still(count: int, fps: float) -> list[AnyFrame]:
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
    counters = Counters()
    counters.saw(frame(0))
    for drafted, accepted in ((10, 7), (0, 0), (15, 15)):
        counters.spent(Cost(drafted=drafted, draft_accepted=accepted))
    status = counters.status()
    assert (status.drafted, status.draft_accepted) == (25, 22)


def passing(number: int, *, is_overwritten: bool, copies: list[int]) -> FrameView:
    own = frame(number)

    def copied() -> Pixels | None:
        copies.append(number)
        return None if is_overwritten else own.pixels

    return FrameView(own.pixels, own.seen_at, own.media_s, number, copied)


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
    watched = narrator("It is 12:45.", "It is 12:45.", "It is 12:46.", "It is 12:46.")
    told = watch(watched, [frame(second, scene=1) for second in range(150)])
    assert [request.frames[-1].number for request in scripted(watched).asked] == [0, 60, 120, 121]  # twice, to be sure
    assert sentences(told) == ["It is 12:45.", "It is 12:46."]


def kinds(told: Sequence[RunEvent]) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in told if isinstance(each, Sentence | Notice)]


def test_quiet_is_explained_after_one_two_and_four_minutes_and_ticks_in_between() -> None:
    told = watch(narrator("A man."), [frame(second, scene=1) for second in range(0, 301)])
    assert [each.text for each in told if isinstance(each, Notice)] == [
        "No change for 1 minute.",
        "No change for 2 minutes.",
        "Still watching.",
        "No change for 4 minutes.",
        "Still watching.",
    ]


def test_a_quiet_narrator_never_speaks_of_quiet_and_looks_no_more_than_every_five_seconds() -> None:
    still = narrator("A man.", verbosity="quiet")
    notices = [each.kind for each in watch(still, [frame(n, scene=1) for n in range(130)]) if isinstance(each, Notice)]
    assert notices == ["looking", "looking"]
    moving = narrator("One.", "Two.", verbosity="quiet")
    watch(moving, [frame(number) for number in range(11)])
    assert [request.frames[-1].number for request in scripted(moving).asked] == [0, 5, 10]


def test_a_brief_narrator_tells_two_sentences_of_a_still_scene_and_a_full_one_all() -> None:
    four = "A man sits. A dog lies beside him. A lamp is lit. A window is open."
    assert len(sentences(watch(narrator(four), [frame(0)]))) == 2
    full = narrator(four, verbosity="full")
    assert len(sentences(watch(full, [frame(0)]))) == 4
    assert (scripted(full).asked[0].prompt, scripted(full).asked[0].max_tokens) == (LONG_PROMPT, 192)


def test_a_change_is_told_as_one_and_the_first_scene_is_not() -> None:
    told = watch(narrator("A man.", "A dog."), [frame(0), frame(1)])
    assert kinds(told) == [("scene", "A man."), ("change", "A dog.")]


@pytest.mark.parametrize("nonsense", ["", "...", "a man, a man, a man, a man, a man, a man, a man, a man"])
def test_what_cannot_be_trusted_is_a_notice_once_and_never_a_sentence(nonsense: str) -> None:
    told = watch(narrator(nonsense, nonsense, "A man.", nonsense), [frame(number) for number in range(4)])
    assert [kind for kind, _ in kinds(told)] == ["doubt", "scene", "doubt"]


def test_a_model_that_repeats_itself_is_cut_where_it_begins_to() -> None:
    looping = narrator("A man sits. " + "He reads a book. " * 40, max_tokens=400)
    told = watch(looping, [frame(0)])
    assert sentences(told)[0] == "A man sits."
    assert scripted(looping).cancelled == 1


@dataclass
class Ordering:
    """A source before some of whose frames people ask something."""

    frames_: Sequence[Frame]
    orders: CommandQueue
    given: dict[int, Sequence[QueuedCommand]]
    banner: Banner = field(default=Banner("a list"))

    def frames(self, _stop: Event) -> Generator[AnyFrame | Notice]:
        for each in self.frames_:
            for order in self.given.get(each.number, ()):
                self.orders.put(order)
            yield each


def ordered(
    narrator: Narrator, count: int, given: dict[int, Sequence[QueuedCommand]], scene: int | None = None
) -> list[RunEvent]:
    frames = [frame(number, scene) for number in range(count)]
    return list(narrator.watch(Ordering(frames, narrator.queue, given), Event()))


def test_nothing_is_looked_at_while_stopped_and_the_newest_frame_when_it_goes_on() -> None:
    stopped = narrator("One.", "Two.", "Three.")
    ordered(stopped, 8, {2: [Pause(True)], 6: [Pause(False)]})
    assert [request.frames[-1].number for request in scripted(stopped).asked] == [0, 1, 6, 7]


def test_a_question_is_answered_about_the_frame_at_which_it_began() -> None:
    asked = narrator("A man.", "Red.", "A dog.")
    told = ordered(asked, 8, {1: [BeginQuestion()], 5: [Ask("What colour?")]})
    question = scripted(asked).asked[1]
    assert (question.prompt, [each.number for each in question.frames]) == ("What colour?", [1])
    (answer,) = (each for each in told if isinstance(each, Sentence) and each.kind == "answer")
    assert (answer.text, answer.about, answer.frame.number) == ("Red.", "What colour?", 1)
    assert [each for each in told if isinstance(each, Mute)] == [Mute(False)]
    assert scripted(asked).asked[2].frames[-1].number == 5  # then it goes on, with what is there now


def test_a_question_that_is_given_up_costs_nothing_but_silence() -> None:
    given_up = narrator("One.", "Two.", "Three.")
    ordered(given_up, 6, {1: [BeginQuestion()], 4: [CancelQuestion()]})
    assert [request.frames[-1].number for request in scripted(given_up).asked] == [0, 5]  # 4 looks like 0


def test_an_answer_while_stopped_does_not_start_the_narration() -> None:
    stopped = narrator("One.", "Red.")
    told = ordered(stopped, 6, {1: [Pause(True)], 2: [BeginQuestion()], 3: [Ask("What colour?")]})
    assert len(scripted(stopped).asked) == 2
    assert not [each for each in told if isinstance(each, Mute)]


def test_more_is_a_long_description_of_the_frame_that_was_described_last() -> None:
    curious = narrator("A man.", "A man sits at a desk. He wears a hat.")
    told = ordered(curious, 4, {3: [DescribeMore()]}, scene=1)
    request = scripted(curious).asked[1]
    assert (request.prompt, request.frames[-1].number, request.max_tokens) == (LONG_PROMPT, 0, 192)
    assert [text for kind, text in kinds(told) if kind == "answer"] == ["A man sits at a desk.", "He wears a hat."]


def test_before_anything_is_described_there_is_nothing_to_say_more_of() -> None:
    told = ordered(narrator("A man."), 1, {0: [DescribeMore()]})
    assert kinds(told)[0] == ("nothing yet", "Nothing has been described yet.")


def test_a_question_leaves_a_description_unfinished_and_the_scene_is_described_afterwards() -> None:
    interrupted, asked = narrator("one two three four five.", "Red.", "A dog."), []
    source = Ordering([frame(n, scene=1) for n in range(4)], interrupted.queue, {2: [Ask("What colour?")]})
    for happening in interrupted.watch(source, Event()):
        if isinstance(happening, PartialSentence) and not asked:
            interrupted.queue.put(BeginQuestion())
            asked.append(happening)
    assert scripted(interrupted).cancelled == 1
    assert [request.prompt for request in scripted(interrupted).asked] == ["What?", "What colour?", "What?"]


def test_what_is_watched_for_is_told_when_it_begins_and_when_it_ends_with_the_time_of_day() -> None:
    watched = narrator("No.", "Yes.", "Yes.", "Yes.", "No.", "No.", watches=("a cat",), is_narrating=False)
    told = watch(watched, [frame(number) for number in range(6)])
    (begins, ends) = (each for each in told if isinstance(each, Sentence))
    assert (begins.kind, begins.about, ends.kind) == ("alert", "a cat", "change")
    assert re.fullmatch(r"A cat: since \d\d:\d\d:\d\d\.", begins.text)
    assert re.fullmatch(r"A cat: no longer, since \d\d:\d\d:\d\d, after 3 seconds\.", ends.text)
    assert {request.prompt for request in scripted(watched).asked} == {"Is there a cat?"}


def test_a_doubtful_answer_is_asked_again_soon_even_if_nothing_changes() -> None:
    doubtful = narrator("No.", "Yes.", "Yes.", watches=("a cat",), is_narrating=False)
    frames = [frame(0, scene=0), *(frame(number, scene=1) for number in range(1, 6))]
    assert len([each for each in watch(doubtful, frames) if isinstance(each, Sentence)]) == 1
    assert len(scripted(doubtful).asked) == 3  # once it is sure, a still scene is not asked about


def test_a_model_that_says_neither_yes_nor_no_is_told_of_once() -> None:
    vague = narrator("A cat.", watches=("a cat",), is_narrating=False)
    told = watch(vague, [frame(number) for number in range(3)])
    assert [kind for kind, _ in kinds(told)] == ["doubt"]


def test_watching_goes_on_beside_the_narration_about_the_same_frame() -> None:
    both = narrator("Yes.", "A man.", "Yes.", "A dog.", watches=("a cat",))
    told = watch(both, [frame(0), frame(1)])
    assert [kind for kind, _ in kinds(told)] == ["scene", "alert", "change"]  # an alert waits for no description
    assert [request.frames[-1].number for request in scripted(both).asked] == [0, 0, 1, 1]


def test_a_watch_takes_a_long_answer_by_its_first_word_and_hears_no_more_of_it() -> None:
    chatty = narrator(
        "Yes, there is a person standing at the door in a coat.", watches=("a person",), is_narrating=False
    )
    told = watch(chatty, [frame(0), frame(1)])
    assert [kind for kind, _ in kinds(told)] == ["alert"]
    assert scripted(chatty).cancelled == 2


def test_a_description_that_cannot_be_trusted_asks_for_another_look() -> None:
    told = watch(narrator("", "A man."), [frame(number, scene=1) for number in range(4)])
    assert [kind for kind, _ in kinds(told)] == ["doubt", "scene"]


def test_a_cut_sentence_without_any_whole_one_is_a_notice_whatever_full_stops_are_in_it() -> None:
    told = watch(narrator("A sign says 3.5 tons and", max_tokens=5), [frame(0)])
    assert [kind for kind, _ in kinds(told)] == ["doubt"]


def test_no_quiet_is_told_of_while_a_new_sentence_is_held() -> None:
    told = watch(narrator("It is 12:45.", "It is 12:46.", "It is 12:46."), [frame(n, scene=1) for n in range(70)])
    assert kinds(told) == [("scene", "It is 12:45."), ("change", "It is 12:46.")]


def test_quiet_begins_anew_when_it_goes_on_after_a_stop() -> None:
    told = ordered(narrator("A man."), 75, {50: [Pause(True)], 70: [Pause(False)]}, scene=1)
    assert [each.kind for each in told if isinstance(each, Notice)] == ["looking"]


def test_quiet_is_told_of_too_where_something_moves_and_nothing_is_new() -> None:
    told = watch(narrator("A man."), [frame(second, scene=1 + second // 30 % 2) for second in range(130)])
    assert [each.text for each in told if isinstance(each, Notice)] == [
        "No change for 1 minute.",
        "No change for 2 minutes.",
    ]


def test_a_question_in_the_dark_is_told_why_there_is_no_answer_and_no_model_is_asked() -> None:
    blind = narrator("A man.", "Red.")
    dark = [
        replace(frame(0), number=n, media_s=n / 10, pixels=np.full((48, 64, 3), 3, np.uint8)) for n in range(20, 60)
    ]
    source = Ordering([frame(0), *dark], blind.queue, {50: [BeginQuestion()], 55: [Ask("What colour?")]})
    told = list(blind.watch(source, Event()))
    assert len(scripted(blind).asked) == 1
    blinded, reply = (each for each in told if isinstance(each, Notice))
    assert (blinded.kind, reply.kind) == ("covered", "no answer")
    assert reply.text == blinded.text
    assert Mute(False) in told


def test_a_question_that_began_before_it_was_dark_is_answered() -> None:
    asked = narrator("A man.", "Red.")
    dark = [
        replace(frame(0), number=n, media_s=n / 10, pixels=np.full((48, 64, 3), 3, np.uint8)) for n in range(20, 60)
    ]
    told = list(
        asked.watch(
            Ordering([frame(0), frame(0), *dark], asked.queue, {0: [BeginQuestion()], 55: [Ask("Who?")]}), Event()
        )
    )
    assert [text for kind, text in kinds(told) if kind == "answer"] == ["A man."]


def test_a_stop_or_another_question_leaves_an_answer_unfinished() -> None:
    for order in (Pause(True), BeginQuestion()):
        interrupted = narrator("A man.", "one two three four five six.", "Red.")
        source, told = (
            Ordering([frame(0, 1), frame(1, 1), frame(2, 1)], interrupted.queue, {1: [Ask("What?")]}),
            [],
        )
        for happening in interrupted.watch(source, Event()):
            told.append(happening)
            if isinstance(happening, PartialSentence) and happening.text == "one two":
                interrupted.queue.put(order)
        assert "one two three four five six." not in sentences(told)
        assert Mute(False) not in told


def test_several_orders_at_once_never_end_a_silence_that_is_wanted() -> None:
    for orders in ([BeginQuestion(), Ask("Who?"), BeginQuestion()], [Ask("Who?"), Pause(True)]):
        told = ordered(narrator("A man.", "Red.", "Blue."), 3, {1: orders}, scene=1)
        assert Mute(False) not in told


def test_a_question_that_never_comes_is_given_up_after_a_minute() -> None:
    clock, waiting = iter(range(1000)), narrator("A man.")
    only(waiting).controls.now = lambda: float(next(clock)) * 5
    told = ordered(waiting, 40, {2: [BeginQuestion()]})
    assert Mute(False) in told
    assert "No question entered. Narration resumed." in [text for _, text in kinds(told)]


def test_an_answer_says_nothing_twice() -> None:
    repeating = narrator("A man.", "He reads a book. He reads a book. He sits.")
    told = ordered(repeating, 2, {1: [Ask("What?")]}, scene=1)
    assert [text for kind, text in kinds(told) if kind == "answer"] == ["He reads a book.", "He sits."]


def test_a_second_look_takes_the_place_of_the_first_among_several_frames() -> None:
    several = narrator("One.", "", "Two.", frame_count=2)
    watch(several, [frame(0), frame(1), replace(frame(1), number=2, media_s=2.0)])
    assert [[each.number for each in request.frames] for request in scripted(several).asked] == [[0], [0, 1], [0, 2]]


def test_what_keeps_the_camera_from_seeing_is_told_again_after_one_two_and_four_minutes() -> None:
    dark = [
        replace(frame(0), number=n, media_s=n / 5, pixels=np.full((48, 64, 3), 3, np.uint8)) for n in range(5, 1500)
    ]
    told = watch(narrator("A man."), [frame(0), *dark])
    notices = [each for each in told if isinstance(each, Notice)]
    assert len({each.kind for each in notices}) == 1
    assert [each.text.partition(":")[0] for each in notices[1:]] == [
        "Still, for 1 minute",
        "Still, for 2 minutes",
        "Still, for 4 minutes",
    ]


def test_what_is_asked_during_the_last_frame_of_a_clip_is_answered() -> None:
    last = narrator("A man.", "Red.")
    told = []
    for happening in last.watch(Listed([frame(0)]), Event()):
        told.append(happening)
        if isinstance(happening, Sentence) and happening.kind == "scene":
            last.queue.put(Ask("What colour?"))
    assert [text for kind, text in kinds(told) if kind == "answer"] == ["Red."]


def test_several_questions_are_answered_one_after_the_other() -> None:
    asked = narrator("A man.", "Red.", "Blue.", "A dog.")
    told = ordered(asked, 4, {2: [Ask("What colour?"), Ask("And that?")]}, scene=1)
    assert [text for kind, text in kinds(told) if kind == "answer"] == ["Red.", "Blue."]
    silences = [told.index(each) for each in told if isinstance(each, Mute)]
    assert len(silences) == 1  # it ends behind the last answer
    assert [each.question for each in told if isinstance(each, Answered)] == ["What colour?", "And that?"]


def test_a_question_that_comes_during_an_answer_waits_for_its_end() -> None:
    asked = narrator("A man.", "one two three four five six.", "Blue.")
    source, told = Ordering([frame(n, 1) for n in range(3)], asked.queue, {1: [Ask("What?")]}), []
    for happening in asked.watch(source, Event()):
        told.append(happening)
        if isinstance(happening, PartialSentence) and happening.text == "one two":
            asked.queue.put(Ask("Who?"))
    assert [text for kind, text in kinds(told) if kind == "answer"] == ["one two three four five six.", "Blue."]


def test_a_question_asked_while_it_is_left_is_kept_for_who_comes_next() -> None:
    left, stop = narrator("A man.", "Red."), Event()
    for happening in left.watch(Ordering([frame(0), frame(1)], left.queue, {}), stop):
        if isinstance(happening, Sentence):
            left.queue.put(Ask("What colour?"))
            stop.set()
    assert list(left.queue.waiting[""]) == [Ask("What colour?")]
    assert len(scripted(left).asked) == 1


def test_a_question_that_has_begun_goes_on_with_who_comes_next() -> None:
    left, stop = narrator("A man."), Event()
    source = Ordering([frame(n) for n in range(4)], left.queue, {1: [BeginQuestion()]})
    told = []
    for happening in left.watch(source, stop):
        told.append(happening)
        if only(left).controls.is_listening:
            stop.set()
    assert list(left.queue.waiting[""]) == [BeginQuestion()]  # or nobody would ever end the silence


def test_more_is_told_to_be_at_its_end() -> None:
    told = ordered(narrator("A man.", "A man sits."), 4, {3: [DescribeMore()]}, scene=1)
    assert [each for each in told if isinstance(each, Answered)] == [Answered()]
