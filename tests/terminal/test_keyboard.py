"""Keys typed on a real terminal: what is asked for, what is shown, and what mode the terminal is left in."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.terminal.keyboard import Keys
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
