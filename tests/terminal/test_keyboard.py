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
from app.terminal.keyboard import ALL_KEYS, COMMANDS, Decoder, Keys, Presses
from tests import needs
from tests.terminal.seat import Seat
from tests.terminal.stage import ROOT
from tests.waiting import LIMIT_S, until

FEED = (sys.executable, "-m", "tests.terminal.keys_feed")
CTRL_C, CTRL_Z = "\x03", "\x1a"


@pytest.fixture
def seat() -> Iterator[Seat]:
    with Seat(FEED) as seat:
        seat.wait_for("Keys:")
        until(lambda: seat.hands_over_keys)
        yield seat


def test_keys_become_orders_in_order_and_are_not_echoed(seat: Seat) -> None:
    seat.type("mr+-\x1b[Am")
    text = "\n".join(seat.wait_for("ChangeVerbosity(steps=-1)"))
    orders = [
        "DescribeMore()",
        "RepeatLast()",
        "ChangeVerbosity(steps=1)",
        "ChangeVerbosity(steps=-1)",
        "DescribeMore()",
    ]
    until(lambda: [line[2:] for line in seat.look() if line.endswith(")")] == orders)
    assert "mr+" not in text


def test_a_question_is_seen_while_it_is_typed_and_its_answer_is_marked(seat: Seat) -> None:
    seat.type("awhat is on the t")
    row = "ask ▸ what is on the t▏".ljust(85) + "Esc gives up"
    assert row in seat.wait_for(row)
    seat.type("\x17tray\r")
    seat.wait_for("  ▸ what is on the tray: yes.")
    shown = seat.wait_until_gone("ask ▸")
    assert "· asked: what is on the tray" in shown


def test_escape_gives_a_question_up_and_its_line_goes(seat: Seat) -> None:
    seat.type("What")
    seat.wait_for("ask ▸ What")
    seat.type("\x1b")
    seat.wait_for("CancelQuestion()")
    shown = seat.wait_until_gone("ask ▸")
    assert not [line for line in shown if "asked" in line]


def test_stopped_is_said_in_the_status_line_until_it_goes_on(seat: Seat) -> None:
    seat.type(" ")
    shown = seat.wait_for("stopped: space goes on")
    assert shown[-1].startswith("stopped: space goes on · 12 of 240 frames")
    seat.type(" ")
    assert seat.wait_until_gone("stopped")[-1].startswith("12 of 240 frames")


def test_the_key_that_ends_ends_and_the_terminal_is_as_before(seat: Seat) -> None:
    seat.type("q")
    assert seat.end() == 0
    assert seat.mode == seat.found
    assert seat.glass.has_cursor


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_the_terminal_is_as_before_after_a_signal(seat: Seat, number: signal.Signals) -> None:
    """SIGUSR1: the program leaves at once, without closing anything."""
    seat.type("awhat")
    seat.wait_for("ask ▸ what")
    seat.child.send_signal(number)
    assert seat.end() == (0 if number == signal.SIGTERM else 7)
    assert seat.mode == seat.found


def test_ctrl_c_stays_a_signal_also_in_a_question(seat: Seat) -> None:
    seat.type("awhat")
    seat.wait_for("ask ▸ what")
    seat.type(CTRL_C)
    assert seat.end() == 0
    assert seat.mode == seat.found


def test_plain_lines_echo_a_question_and_redraw_nothing() -> None:
    with Seat(FEED, NO_COLOR="1") as seat:
        seat.wait_for("Keys:")
        seat.type("a")
        seat.wait_for("BeginQuestion()")
        seat.type("what iz")
        seat.wait_for("ask: what iz")
        seat.type("\x7fs it?\r")
        seat.wait_for("what is it?: yes.")
        seat.type("q")
        assert seat.end() == 0
        assert "\x1b" not in seat.raw
        assert "ask: what iz\b \bs it?\r\n" in seat.raw


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
        until(lambda: "ask ▸ what is this?▏" in tmux("capture-pane", "-p"))
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
    def shell(self) -> Iterator[Seat]:
        with Seat(["bash", "--norc", "--noediting", "-i"], PS1="$ ", FEED=shlex.join(FEED)) as seat:
            seat.wait_for("$")
            seat.found = seat.mode
            yield seat

    def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(self, shell: Seat) -> None:
        shell.type("eval $FEED\n")
        shell.wait_for("Keys:")
        until(lambda: shell.hands_over_keys)
        shell.type(CTRL_Z)
        shell.wait_for("Stopped")
        until(lambda: shell.look() and shell.mode == shell.found)
        assert shell.glass.has_cursor
        shell.type("echo he''re\n")
        shell.wait_for("here")
        shell.type("fg\n")
        until(lambda: shell.look() and shell.hands_over_keys)
        shell.type("m")
        shell.wait_for("DescribeMore()")
        shell.type("q")
        shell.wait_for("over")
        until(lambda: shell.look() and shell.mode == shell.found)

    def test_a_job_stopped_and_sent_to_the_background_goes_on_there_without_keys(self, shell: Seat) -> None:
        shell.type("eval $FEED\n")
        shell.wait_for("Keys:")
        until(lambda: shell.hands_over_keys)
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

    def test_a_job_begun_in_the_background_reads_keys_once_it_is_brought_to_the_front(self, shell: Seat) -> None:
        shell.type("eval $FEED &\n")
        shell.wait_for("12 of 240")
        shell.type("jobs; echo li''sted\n")
        shown = shell.wait_for("listed")
        assert [line for line in shown if "Running" in line]
        assert not [line for line in shown if "Keys:" in line]
        assert shell.mode == shell.found
        shell.type("fg\n")
        shell.wait_for("Keys:")
        until(lambda: shell.look() and shell.hands_over_keys)
        shell.type("q")
        shell.wait_for("over")
        until(lambda: shell.look() and shell.mode == shell.found)


def test_what_is_no_terminal_is_not_read() -> None:
    read, write = os.pipe()
    with Keys(pytest.fail, pytest.fail, pytest.fail, read).open():
        os.write(write, b"q")
    assert os.read(read, 10) == b"q"
    os.close(read)
    os.close(write)


def test_a_terminal_that_is_not_the_one_we_were_started_in_is_left_alone() -> None:
    master, terminal = os.openpty()
    with Keys(pytest.fail, pytest.fail, pytest.fail, terminal).open():
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
    decoder = Decoder()
    assert decoder.feed(f"m{codes}r".encode()) == ["m", "r"]
    assert not decoder.is_waiting


@pytest.mark.parametrize("codes", SWALLOWED.values(), ids=SWALLOWED)
def test_they_are_swallowed_also_in_pieces(codes: str) -> None:
    decoder = Decoder()
    assert [key for byte in f"m{codes}r".encode() for key in decoder.feed(bytes([byte]))] == ["m", "r"]


def test_escape_is_a_key_once_nothing_follows() -> None:
    decoder = Decoder()
    assert decoder.feed(b"a\x1b") == ["a"]
    assert decoder.is_waiting
    assert decoder.flush() == [ESC]
    assert not decoder.is_waiting
    assert decoder.flush() == []


def test_escape_held_down_is_many_keys() -> None:
    decoder = Decoder()
    assert [*decoder.feed(b"\x1b" * 5), *decoder.flush()] == [ESC] * 5


def test_the_beginning_of_a_sequence_is_dropped_when_nothing_follows() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x1b[20") == []
    assert decoder.flush() == []
    assert decoder.feed(b"m") == ["m"]


def test_characters_are_whole_and_broken_ones_no_keys() -> None:
    decoder = Decoder()
    snow = "雪".encode()
    assert decoder.feed(b"\xc3") == []
    assert decoder.feed(b"\xa9" + snow[:2]) == ["é"]
    assert decoder.feed(snow[2:] + b"\xff\xfeq") == ["雪", "q"]


@given(st.lists(st.binary(max_size=8)))
def test_any_bytes_become_single_characters_and_silence_ends_every_wait(reads: list[bytes]) -> None:
    decoder = Decoder()
    for data in reads:
        assert all(len(key) == 1 for key in decoder.feed(data))
    assert all(key == ESC for key in decoder.flush())
    assert not decoder.is_waiting


@given(st.text(st.characters(exclude_characters=ESC, codec="utf-8")), st.data())
def test_text_comes_through_whole_however_it_is_cut(text: str, data: st.DataObject) -> None:
    raw, decoder, keys = text.encode(), Decoder(), ""
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        keys, raw = keys + "".join(decoder.feed(raw[:size])), raw[size:]
    assert keys == text


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
