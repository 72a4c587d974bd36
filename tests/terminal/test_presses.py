"""What each key asks for, by tables and by random typing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events import (
    LONGEST_QUESTION,
    Ask,
    BeginQuestion,
    CancelQuestion,
    ChangeVerbosity,
    Command,
    DescribeMore,
    EditQuestion,
    Notice,
    Pause,
    Quit,
    RepeatLast,
)
from app.terminal.presses import ALL_KEYS, COMMANDS, Presses

ENTER, ESC, BACKSPACE, CTRL_U, CTRL_W = "\r", "\x1b", "\x7f", "\x15", "\x17"
KEYS = st.text(st.sampled_from([*"amrq+-=?/ wW7é中", ENTER, "\n", ESC, BACKSPACE, "\b", CTRL_U, CTRL_W, "\t", "\x00"]))


def typed(keys: str, presses: Presses | None = None) -> list[Command | Notice]:
    presses = presses or Presses()
    return [wish for key in keys for wish in presses.take(key)]


@pytest.mark.parametrize(
    ("key", "commands"),
    [
        (" ", [Pause()]),
        ("a", [BeginQuestion(), EditQuestion("")]),
        ("w", [BeginQuestion(), EditQuestion("w")]),
        ("A", [BeginQuestion(), EditQuestion("A")]),
        ("M", [BeginQuestion(), EditQuestion("M")]),
        ("7", [BeginQuestion(), EditQuestion("7")]),
        ("é", [BeginQuestion(), EditQuestion("é")]),
        ("m", [DescribeMore()]),
        ("r", [RepeatLast()]),
        ("+", [ChangeVerbosity(1)]),
        ("=", [ChangeVerbosity(1)]),
        ("-", [ChangeVerbosity(-1)]),
        ("?", [ALL_KEYS]),
        ("q", [Quit()]),
        *((key, []) for key in (ENTER, "\n", ESC, BACKSPACE, "\t", CTRL_U, "\x04", "/", ".", "\x00")),
    ],
)
def test_a_key_by_itself(key: str, commands: list[Command | Notice]) -> None:
    assert typed(key) == commands


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
        ("a" + "x" * (LONGEST_QUESTION + 5), "x" * LONGEST_QUESTION),
    ],
)
def test_a_question_is_edited_and_asked(keys: str, question: str) -> None:
    presses = Presses()
    wishes = typed(keys + ENTER, presses)
    assert wishes[0] == BeginQuestion()
    assert wishes[-1] == Ask(question)
    assert all(isinstance(wish, EditQuestion) for wish in wishes[1:-1])
    assert presses.question is None


@pytest.mark.parametrize("keys", ["a" + ESC, "awhat" + ESC, "a" + ENTER, "a   " + ENTER, "ax" + BACKSPACE + "\n"])
def test_a_question_given_up_or_left_empty_lets_the_narration_go_on(keys: str) -> None:
    assert typed(keys)[-1] == CancelQuestion()


def test_what_changes_nothing_tells_nothing() -> None:
    assert typed("a" + BACKSPACE + CTRL_U + CTRL_W + "\t") == [BeginQuestion(), EditQuestion("")]


def test_the_help_names_every_key() -> None:
    """`=` is a plus without its shift key, and needs no name."""
    assert isinstance(ALL_KEYS, Notice)
    for key in (*"a", *COMMANDS):
        name = "space" if key == " " else key
        assert key in "=?" or f" {name} " in ALL_KEYS.text, key


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
            case EditQuestion():
                assert is_listening
    assert not is_listening


@given(KEYS)
def test_after_escape_or_enter_no_question_is_open(keys: str) -> None:
    for end in (ESC, ENTER, "\n"):
        presses = Presses()
        typed(keys + end, presses)
        assert presses.question is None


@given(st.text())
def test_no_text_breaks_it_and_a_question_is_always_printable(keys: str) -> None:
    for wish in typed(keys):
        if isinstance(wish, Ask):
            assert wish.question.strip() == wish.question != ""
            assert wish.question.isprintable()
            assert len(wish.question) <= LONGEST_QUESTION
