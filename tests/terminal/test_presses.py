"""What each key asks for, by tables and by random typing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events import (
    Ask,
    BeginQuestion,
    CancelQuestion,
    ChangeVerbosity,
    DescribeMore,
    Mute,
    Notice,
    Pause,
    QuestionDraft,
    RepeatLast,
)
from app.live.wishes import GOING_ON, LONGEST, STOPPED, End, Wish
from app.terminal.presses import ALL_KEYS, COMMANDS, Presses

STOP: list[Wish] = [Mute(True), Pause(True), STOPPED]
GO_ON: list[Wish] = [Mute(False), Pause(False), GOING_ON]
ENTER, ESC, BACKSPACE, CTRL_U, CTRL_W = "\r", "\x1b", "\x7f", "\x15", "\x17"
KEYS = st.text(st.sampled_from([*"amrq+-=?/ wW7é中", ENTER, "\n", ESC, BACKSPACE, "\b", CTRL_U, CTRL_W, "\t", "\x00"]))


def typed(keys: str, presses: Presses | None = None) -> list[Wish]:
    presses = presses or Presses()
    return [wish for key in keys for wish in presses.take(key)]


@pytest.mark.parametrize(
    ("key", "wishes"),
    [
        (" ", STOP),
        ("a", [Mute(True), BeginQuestion(), QuestionDraft("")]),
        ("w", [Mute(True), BeginQuestion(), QuestionDraft("w")]),
        ("A", [Mute(True), BeginQuestion(), QuestionDraft("A")]),
        ("M", [Mute(True), BeginQuestion(), QuestionDraft("M")]),
        ("7", [Mute(True), BeginQuestion(), QuestionDraft("7")]),
        ("é", [Mute(True), BeginQuestion(), QuestionDraft("é")]),
        ("m", [DescribeMore()]),
        ("r", [RepeatLast()]),
        ("+", [ChangeVerbosity(1)]),
        ("=", [ChangeVerbosity(1)]),
        ("-", [ChangeVerbosity(-1)]),
        ("?", [ALL_KEYS]),
        ("q", [End()]),
        *((key, []) for key in (ENTER, "\n", ESC, BACKSPACE, "\t", CTRL_U, "\x04", "/", ".", "\x00")),
    ],
)
def test_a_key_by_itself(key: str, wishes: list[Wish]) -> None:
    assert typed(key) == wishes


@pytest.mark.parametrize(
    ("keys", "question"),
    [
        ("awhat is on the table?", "what is on the table?"),
        ("What is it?", "What is it?"),
        ("a  two  words ", "two  words"),
        ("amore", "more"),
        ("aquit + - ? a", "quit + - ? a"),
        ("acup" + BACKSPACE + "t", "cut"),
        ("acup\bt", "cut"),
        ("a" + BACKSPACE + "x", "x"),
        ("awrong" + CTRL_U + "right", "right"),
        ("aone two" + CTRL_W + "three", "one three"),
        ("aone two  " + CTRL_W + "three", "one three"),
        ("aone" + CTRL_W + CTRL_W + "x", "x"),
        ("ax\ty\x00\x07z", "xyz"),
        ("a" + "x" * (LONGEST + 5), "x" * LONGEST),
    ],
)
def test_a_question_is_edited_and_asked(keys: str, question: str) -> None:
    presses = Presses()
    wishes = typed(keys + ENTER, presses)
    assert wishes[:2] == [Mute(True), BeginQuestion()]
    assert wishes[-2:] == [Ask(question), QuestionDraft(question, is_over=True)]
    assert all(isinstance(wish, QuestionDraft) and not wish.is_over for wish in wishes[2:-2])
    assert presses.question is None


@pytest.mark.parametrize("keys", ["a" + ESC, "awhat" + ESC, "a" + ENTER, "a   " + ENTER, "ax" + BACKSPACE + "\n"])
def test_a_question_given_up_or_left_empty_lets_the_narration_go_on(keys: str) -> None:
    assert typed(keys)[-3:] == [CancelQuestion(), QuestionDraft("", is_over=True), Mute(False)]


def test_asking_works_while_stopped_and_leaves_it_stopped() -> None:
    presses = Presses()
    typed(" ", presses)
    assert typed("awhat" + ENTER, presses)[-2:] == [Ask("what"), QuestionDraft("what", is_over=True)]
    assert typed("a" + ESC, presses)[-2:] == [CancelQuestion(), QuestionDraft("", is_over=True)]
    assert presses.is_held
    assert typed(" ", presses) == GO_ON


def test_what_changes_nothing_tells_nothing() -> None:
    assert typed("a" + BACKSPACE + CTRL_U + CTRL_W + "\t") == [Mute(True), BeginQuestion(), QuestionDraft("")]


def test_the_help_names_every_key() -> None:
    """`=` is a plus without its shift key, and needs no name."""
    assert isinstance(ALL_KEYS, Notice)
    for key in (*"a", *COMMANDS):
        assert key in "=?" or f" {key} " in ALL_KEYS.text, key


@given(KEYS)
def test_every_question_begun_is_asked_or_given_up_exactly_once(keys: str) -> None:
    presses, is_listening = Presses(), False
    for wish in typed(keys + ESC, presses):
        match wish:
            case BeginQuestion():
                assert not is_listening
                is_listening = True
            case Ask() | CancelQuestion():
                assert is_listening
                is_listening = False
            case QuestionDraft():
                assert wish.is_over is not is_listening
    assert not is_listening


@given(KEYS)
def test_after_escape_or_enter_no_question_is_open(keys: str) -> None:
    for end in (ESC, ENTER, "\n"):
        presses = Presses()
        typed(keys + end, presses)
        assert presses.question is None


@given(KEYS)
def test_the_last_silence_told_is_what_a_person_wants(keys: str) -> None:
    """Silent while stopped, while a question is typed, and until its answer, which ends it; else not."""
    presses = Presses()
    silences = [wish.is_on for wish in typed(keys, presses) if isinstance(wish, Mute)]
    if presses.is_held or presses.question is not None:
        assert silences[-1] is True
    assert typed(ESC + "a" + ESC, presses)[-1] == (QuestionDraft("", is_over=True) if presses.is_held else Mute(False))


@given(st.text())
def test_no_text_breaks_it_and_a_question_is_always_printable(keys: str) -> None:
    for wish in typed(keys):
        if isinstance(wish, Ask):
            assert wish.question.strip() == wish.question != ""
            assert wish.question.isprintable()
            assert len(wish.question) <= LONGEST
