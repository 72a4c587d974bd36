"""What each command does at once, and what it leaves to the narrator."""

from collections.abc import Generator
from dataclasses import replace
from threading import Event

import pytest

from app.events import (
    AnyFrame,
    Ask,
    Banner,
    BeginQuestion,
    CancelQuestion,
    ChangeVerbosity,
    Command,
    DescribeMore,
    EditQuestion,
    Mute,
    Notice,
    Pause,
    QuestionDraft,
    Quit,
    Repeated,
    RepeatLast,
    RunEvent,
    SetVoice,
    UpdateSettings,
    VoiceToggled,
)
from app.live.controls import NOTHING_YET, PAUSED, RESUMED, CommandQueue, QueuedCommand
from app.live.narrator import Narrator
from tests.terminal.stage import frame, sentence


class NoFrames:
    """A source that has ended."""

    banner = Banner("no frames")

    def frames(self, _stop: Event) -> Generator[AnyFrame | Notice]:
        yield from ()


def sent(queue: CommandQueue, *commands: Command) -> tuple[list[RunEvent], list[QueuedCommand]]:
    """The events that come of these commands at once, and those that wait for the narrator."""
    events: list[RunEvent] = []
    for command in commands:
        queue.send(command, events.append, pytest.fail)
    return events, list(queue.each(""))


def level(name: str) -> Notice:
    return Notice("verbosity", f"Detail: {name}.")


@pytest.mark.parametrize(
    ("command", "events", "waiting"),
    [
        (Pause(), [Mute(True), PAUSED], [Pause(True)]),
        (Pause(True), [Mute(True), PAUSED], [Pause(True)]),
        (Pause(False), [Mute(False), RESUMED], [Pause(False)]),
        (BeginQuestion(), [Mute(True)], [BeginQuestion()]),
        (EditQuestion("wha"), [QuestionDraft("wha")], []),
        (Ask("what?"), [Mute(True), QuestionDraft("what?", is_over=True)], [Ask("what?")]),
        (CancelQuestion(), [QuestionDraft("", is_over=True), Mute(False)], [CancelQuestion()]),
        (SetVoice(False), [VoiceToggled(False)], []),
        (RepeatLast(), [NOTHING_YET], []),
        (ChangeVerbosity(1), [level("full")], [UpdateSettings({"verbosity": "full"})]),
        *((each, [], [each]) for each in (DescribeMore(), UpdateSettings({}))),
    ],
)
def test_a_command_by_itself(command: Command, events: list[RunEvent], waiting: list[QueuedCommand]) -> None:
    assert sent(CommandQueue(), command) == (events, waiting)


def test_pause_without_a_state_toggles_and_knows_what_was_asked_for_elsewhere() -> None:
    queue = CommandQueue()
    assert sent(queue, Pause(), Pause())[1] == [Pause(True), Pause(False)]
    assert sent(queue, Pause(True), Pause())[1] == [Pause(True), Pause(False)]


def test_a_cancelled_question_leaves_a_paused_run_silent() -> None:
    queue = CommandQueue()
    assert sent(queue, Pause(True), BeginQuestion(), CancelQuestion())[0][-1] == QuestionDraft("", is_over=True)


def test_quit_ends_the_run_at_once() -> None:
    ended: list[bool] = []
    CommandQueue().send(Quit(), pytest.fail, lambda: ended.append(True))
    assert ended == [True]


@pytest.mark.parametrize(
    ("command", "is_urgent", "is_interrupting"),
    [(Pause(True), True, True), (BeginQuestion(), True, True), (Ask("?"), True, False), (DescribeMore(), False, False)],
)
def test_what_leaves_a_description_or_an_answer_unfinished(
    command: QueuedCommand, is_urgent: bool, is_interrupting: bool
) -> None:
    queue = CommandQueue()
    queue.put(command)
    assert (queue.is_urgent(""), queue.is_interrupting("")) == (is_urgent, is_interrupting)


def test_verbosity_changes_by_levels_and_stops_at_the_first_and_the_last() -> None:
    events, waiting = sent(CommandQueue(), *[ChangeVerbosity(1)] * 2, *[ChangeVerbosity(-1)] * 3)
    names = ["full", "full", "brief", "quiet", "quiet"]
    assert events == [level(name) for name in names]
    assert waiting == [UpdateSettings({"verbosity": name}) for name in names]


def test_verbosity_set_on_the_page_is_where_the_keys_go_on() -> None:
    assert sent(CommandQueue(), UpdateSettings({"verbosity": "quiet"}), ChangeVerbosity(1))[0] == [level("brief")]


def test_the_last_sentence_is_repeated_at_once() -> None:
    queue = CommandQueue()
    queue.last_sentence = sentence("A man.", "alert")
    assert sent(queue, RepeatLast()) == ([Repeated(queue.last_sentence)], [])


ALIKE: tuple[QueuedCommand, ...] = (
    *(Pause(True), BeginQuestion(), Ask("What?"), CancelQuestion()),
    UpdateSettings({"every": 1.0}),
)


def test_with_several_cameras_each_gets_the_commands() -> None:
    queue = CommandQueue(["Door", "Yard"])
    for command in ALIKE:
        queue.put(command)
    assert [list(queue.each(name)) for name in ("Door", "Yard")] == [list(ALIKE)] * 2


def test_more_is_for_the_camera_that_spoke_last() -> None:
    queue = CommandQueue(["Door", "Yard"])
    queue.last_sentence = replace(sentence(), frame=replace(frame(0), camera="Yard"))
    queue.put(DescribeMore())
    assert [list(queue.each(name)) for name in ("Door", "Yard")] == [[], [DescribeMore()]]


def test_before_any_camera_has_spoken_there_is_nothing_to_say_more_of() -> None:
    events: list[RunEvent] = []
    CommandQueue(["Door", "Yard"]).send(DescribeMore(), events.append, pytest.fail)
    assert events == [NOTHING_YET]


def test_no_camera_goes_on_while_another_that_works_has_yet_to_answer() -> None:
    queue = CommandQueue(["Door", "Yard"])
    queue.put(Ask("What?"))
    list(queue.each("Door"))
    assert not queue.is_urgent("Door")  # the yard's camera has given no picture yet
    queue.present.add("Yard")
    assert queue.is_urgent("Door")
    assert not queue.is_interrupting("Door")
    list(queue.each("Yard"))
    assert not queue.is_urgent("Door")


def test_the_next_narrator_waits_for_no_camera_that_has_yet_to_give_frames() -> None:
    queue = CommandQueue(["Door", "Yard"])
    queue.present |= {"Door", "Yard"}
    list(Narrator({}, queue).watch(NoFrames(), Event()))  # after a switch of models, say
    queue.put(Ask("What?"))
    list(queue.each("Door"))
    assert not queue.is_urgent("Door")
