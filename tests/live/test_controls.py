"""What each command does at once, and what it leaves to the narrator."""

import pytest

from app.events import (
    Ask,
    BeginQuestion,
    CancelQuestion,
    ChangeVerbosity,
    Command,
    DescribeMore,
    EditQuestion,
    Mute,
    Pause,
    QuestionDraft,
    Quit,
    RepeatLast,
    RunEvent,
    SetVoice,
    UpdateSettings,
    VoiceToggled,
)
from app.live.controls import PAUSED, RESUMED, CommandQueue, QueuedCommand, dispatch


def sent(queue: CommandQueue, *commands: Command) -> tuple[list[RunEvent], list[QueuedCommand]]:
    """The events that come of these commands at once, and those that wait for the narrator."""
    events: list[RunEvent] = []
    for command in commands:
        dispatch(command, queue, events.append, pytest.fail)
    return events, list(queue.each())


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
        *((each, [], [each]) for each in (DescribeMore(), RepeatLast(), ChangeVerbosity(1), UpdateSettings({}))),
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
    dispatch(Quit(), CommandQueue(), pytest.fail, lambda: ended.append(True))
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
    assert (queue.is_urgent, queue.is_interrupting) == (is_urgent, is_interrupting)
