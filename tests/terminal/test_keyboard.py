"""Keys typed on a real terminal: what is asked for, what is shown, and what mode the terminal is left in."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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
from app.terminal.keyboard import COMMANDS, HELP, KeyBindings, Keyboard, KeyDecoder
from tests import needs
from tests.terminal.emulator import TerminalSession
from tests.terminal.stage import ROOT
from tests.waiting import LIMIT_S, until

FEED = (sys.executable, "-m", "tests.terminal.keys_feed")
CTRL_C, CTRL_Z = "\x03", "\x1a"


@pytest.fixture
def terminal() -> Iterator[TerminalSession]:
    with TerminalSession(FEED) as terminal:
        terminal.wait_for("Keys:")
        until(lambda: terminal.is_cbreak)
        yield terminal


def test_keys_become_orders_in_order_and_are_not_echoed(terminal: TerminalSession) -> None:
    terminal.type("mr+-\x1b[Am")
    text = "\n".join(terminal.wait_for("ChangeVerbosity(steps=-1)"))
    orders = [
        "DescribeMore()",
        "RepeatLast()",
        "ChangeVerbosity(steps=1)",
        "ChangeVerbosity(steps=-1)",
        "DescribeMore()",
    ]
    until(lambda: [line[2:] for line in terminal.look() if line.endswith(")")] == orders)
    assert "mr+" not in text


def test_a_question_is_seen_while_it_is_typed_and_its_answer_is_marked(terminal: TerminalSession) -> None:
    terminal.type("awhat is on the t")
    hint = "Enter sends, Esc cancels"
    row = "Ask: what is on the t▏".ljust(97 - len(hint)) + hint
    assert row in terminal.wait_for(row)
    terminal.type("\x17tray\r")
    terminal.wait_for("  Answer: what is on the tray: yes.")
    shown = terminal.wait_until_gone("Ask:")
    assert "· Asked: what is on the tray" in shown


def test_escape_cancels_a_question_and_its_line_goes(terminal: TerminalSession) -> None:
    terminal.type("What")
    terminal.wait_for("Ask: What")
    terminal.type("\x1b")
    terminal.wait_for("CancelQuestion()")
    shown = terminal.wait_until_gone("Ask:")
    assert not [line for line in shown if "Asked" in line]


def test_the_status_line_says_that_narration_is_paused(terminal: TerminalSession) -> None:
    terminal.type(" ")
    shown = terminal.wait_for("paused – Space resumes")
    assert shown[-1].startswith("paused – Space resumes · 12 descriptions")
    terminal.type(" ")
    assert terminal.wait_until_gone("Space resumes")[-1].startswith("12 descriptions")


def test_the_key_that_ends_ends_and_the_terminal_is_as_before(terminal: TerminalSession) -> None:
    terminal.type("q")
    assert terminal.end() == 0
    assert terminal.mode == terminal.found
    assert terminal.emulator.has_cursor


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_the_terminal_is_as_before_after_a_signal(terminal: TerminalSession, number: signal.Signals) -> None:
    """SIGUSR1: the program leaves at once, without closing anything."""
    terminal.type("awhat")
    terminal.wait_for("Ask: what")
    terminal.child.send_signal(number)
    assert terminal.end() == (0 if number == signal.SIGTERM else 7)
    assert terminal.mode == terminal.found


def test_ctrl_c_stays_a_signal_also_in_a_question(terminal: TerminalSession) -> None:
    terminal.type("awhat")
    terminal.wait_for("Ask: what")
    terminal.type(CTRL_C)
    assert terminal.end() == 0
    assert terminal.mode == terminal.found


def test_plain_lines_echo_a_question_and_redraw_nothing() -> None:
    with TerminalSession(FEED, NO_COLOR="1") as terminal:
        terminal.wait_for("Keys:")
        terminal.type("a")
        terminal.wait_for("BeginQuestion()")
        terminal.type("what iz")
        terminal.wait_for("ask: what iz")
        terminal.type("\x7fs it?\r")
        terminal.wait_for("what is it?: yes.")
        terminal.type("q")
        assert terminal.end() == 0
        assert "\x1b" not in terminal.raw
        assert "ask: what iz\b \bs it?\r\n" in terminal.raw


@needs.tool("tmux", even_in_ci=True)
def test_keys_are_heard_in_a_terminal_program_with_arrows_and_pastes_in_between(tmp_path: Path) -> None:
    base = ["tmux", "-f", "/dev/null", "-S", str(tmp_path / "tmux")]

    def tmux(*words: str) -> str:
        return subprocess.run([*base, *words], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S).stdout

    tmux("new-session", "-d", "-x", "100", "-y", "24", shlex.join(FEED))
    try:
        until(lambda: "Keys:" in tmux("capture-pane", "-p"))
        tmux("send-keys", "Up", "F1", "F5", "S-Left", "M-q", "Home", "r", "Down")
        until(lambda: "RepeatLast()" in tmux("capture-pane", "-p"))
        tmux("send-keys", "-l", "awhat is this?")
        until(lambda: "Ask: what is this?▏" in tmux("capture-pane", "-p"))
        tmux("send-keys", "Escape")
        until(lambda: "CancelQuestion()" in tmux("capture-pane", "-p"))
        assert "What" not in tmux("capture-pane", "-p")
        tmux("send-keys", "q")
        until(lambda: not tmux("list-sessions"))
    finally:
        tmux("kill-server")


@needs.tool("bash")
class TestUnderAShell:
    """Job control, by a shell that has it."""

    @pytest.fixture
    def shell(self) -> Iterator[TerminalSession]:
        with TerminalSession(["bash", "--norc", "--noediting", "-i"], PS1="$ ", FEED=shlex.join(FEED)) as terminal:
            terminal.wait_for("$")
            terminal.found = terminal.mode
            yield terminal

    def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(self, shell: TerminalSession) -> None:
        shell.type("eval $FEED\n")
        shell.wait_for("Keys:")
        until(lambda: shell.is_cbreak)
        shell.type(CTRL_Z)
        shell.wait_for("Stopped")
        until(lambda: shell.look() and shell.mode == shell.found)
        assert shell.emulator.has_cursor
        shell.type("echo he''re\n")
        shell.wait_for("here")
        shell.type("fg\n")
        until(lambda: shell.look() and shell.is_cbreak)
        shell.type("m")
        shell.wait_for("DescribeMore()")
        shell.type("q")
        shell.wait_for("over")
        until(lambda: shell.look() and shell.mode == shell.found)

    def test_a_job_stopped_and_sent_to_the_background_goes_on_there_without_keys(self, shell: TerminalSession) -> None:
        shell.type("eval $FEED\n")
        shell.wait_for("Keys:")
        until(lambda: shell.is_cbreak)
        shell.type(CTRL_Z)
        shell.wait_for("Stopped")
        shell.type("bg\n")
        shell.type("jobs; echo li''sted\n")
        shown = shell.wait_for("listed")
        assert [line for line in shown if "Running" in line]
        assert shell.mode == shell.found
        shell.type("kill %1; wait; echo do''ne\n")
        shell.wait_for("done")
        assert shell.mode == shell.found

    def test_a_job_begun_in_the_background_reads_keys_once_brought_to_the_front(self, shell: TerminalSession) -> None:
        shell.type("eval $FEED &\n")
        shell.wait_for("12 descriptions")
        shell.type("jobs; echo li''sted\n")
        shown = shell.wait_for("listed")
        assert [line for line in shown if "Running" in line]
        assert not [line for line in shown if "Keys:" in line]
        assert shell.mode == shell.found
        shell.type("fg\n")
        shell.wait_for("Keys:")
        until(lambda: shell.look() and shell.is_cbreak)
        shell.type("q")
        shell.wait_for("over")
        until(lambda: shell.look() and shell.mode == shell.found)


def test_what_is_no_terminal_is_not_read() -> None:
    read, write = os.pipe()
    with Keyboard(pytest.fail, pytest.fail, pytest.fail, read).open():
        os.write(write, b"q")
    assert os.read(read, 10) == b"q"
    os.close(read)
    os.close(write)


def test_a_terminal_that_is_not_the_one_we_were_started_in_is_left_alone() -> None:
    master, terminal = os.openpty()
    with Keyboard(pytest.fail, pytest.fail, pytest.fail, terminal).open():
        os.write(master, b"m\n")
    assert os.read(terminal, 10) == b"m\n"
    os.close(master)
    os.close(terminal)


ESC = "\x1b"
SWALLOWED = {
    "up": "\x1b[A",
    "up in application mode": "\x1bOA",
    "shift+up": "\x1b[1;2A",
    "alt+up, as some say it": "\x1b\x1b[A",
    "home": "\x1b[1~",
    "delete": "\x1b[3~",
    "F1": "\x1bOP",
    "F1 of the Linux console": "\x1b[[A",
    "F5": "\x1b[15~",
    "shift+tab": "\x1b[Z",
    "a paste": "\x1b[200~quit q\r\x1b[31m q\x1b[201~",
    "alt+q": "\x1bq",
    "focus": "\x1b[I",
    "an answer about colours": "\x1b]11;rgb:0000/0000/0000\x07",
    "another, ended otherwise": "\x1b]11;rgb:0000/0000/0000\x1b\\",
    "where the cursor is": "\x1b[24;80R",
}


@pytest.mark.parametrize("codes", SWALLOWED.values(), ids=SWALLOWED)
def test_other_keys_are_swallowed(codes: str) -> None:
    decoder = KeyDecoder()
    assert decoder.feed(f"m{codes}r".encode()) == ["m", "r"]
    assert not decoder.is_waiting


def test_escape_is_a_key_once_nothing_follows() -> None:
    decoder = KeyDecoder()
    assert decoder.feed(b"a\x1b") == ["a"]
    assert decoder.is_waiting
    assert decoder.flush() == [ESC]
    assert not decoder.is_waiting
    assert decoder.flush() == []


def test_the_beginning_of_a_sequence_is_dropped_when_nothing_follows() -> None:
    decoder = KeyDecoder()
    assert decoder.feed(b"\x1b[20") == []
    assert decoder.flush() == []
    assert decoder.feed(b"m") == ["m"]


def test_characters_are_whole_and_broken_ones_no_keys() -> None:
    decoder = KeyDecoder()
    snow = "雪".encode()
    assert decoder.feed(b"\xc3") == []
    assert decoder.feed(b"\xa9" + snow[:2]) == ["é"]
    assert decoder.feed(snow[2:] + b"\xff\xfeq") == ["雪", "q"]


@given(st.lists(st.binary(max_size=8)))
def test_any_bytes_become_single_characters_and_silence_ends_every_wait(reads: list[bytes]) -> None:
    decoder = KeyDecoder()
    for data in reads:
        assert all(len(key) == 1 for key in decoder.feed(data))
    assert all(key == ESC for key in decoder.flush())
    assert not decoder.is_waiting


@given(st.text(st.characters(exclude_characters=ESC, codec="utf-8")), st.data())
def test_text_comes_through_whole_however_it_is_cut(text: str, data: st.DataObject) -> None:
    raw, decoder, keys = text.encode(), KeyDecoder(), ""
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        keys, raw = keys + "".join(decoder.feed(raw[:size])), raw[size:]
    assert keys == text


ENTER, ESC, BACKSPACE, CTRL_U, CTRL_W = "\r", "\x1b", "\x7f", "\x15", "\x17"
KEYS = st.text(st.sampled_from([*"amrq+-=?/ wW7é中", ENTER, "\n", ESC, BACKSPACE, "\b", CTRL_U, CTRL_W, "\t", "\x00"]))


def typed(keys: str, bindings: KeyBindings | None = None) -> list[Command | Notice]:
    bindings = bindings or KeyBindings()
    return [wish for key in keys for wish in bindings.press(key)]


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
        ("?", [HELP]),
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
    bindings = KeyBindings()
    wishes = typed(keys + ENTER, bindings)
    assert wishes[0] == BeginQuestion()
    assert wishes[-1] == Ask(question)
    assert all(isinstance(wish, EditQuestion) for wish in wishes[1:-1])
    assert bindings.question is None


def test_the_help_names_every_key() -> None:
    """`=` is plus without Shift, and needs no name."""
    names = {" ": "Space:", "+": "Plus and", "-": "minus:"}
    for key in (*"a", *COMMANDS):
        assert key in "=?" or names.get(key, f" {key.upper()}:") in HELP.text, key


@given(KEYS)
def test_every_question_begun_is_asked_or_cancelled_exactly_once(keys: str) -> None:
    bindings, is_listening = KeyBindings(), False
    for wish in typed(keys + ESC, bindings):
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


@given(st.text())
def test_no_text_breaks_it_and_a_question_is_always_printable(keys: str) -> None:
    for wish in typed(keys):
        if isinstance(wish, Ask):
            assert wish.question.strip() == wish.question != ""
            assert wish.question.isprintable()
            assert len(wish.question) <= LONGEST_QUESTION
