"""Child processes: real ones, waited for, killed with their helpers, and explained."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path
from threading import Event, Thread

import pytest

from app import subprocesses
from tests.terminal.stage import is_running
from tests.waiting import LIMIT_S, until

HELPED = ("sh", "-c", "sleep 600 & echo $! > $0; wait")
"""Starts a helper, writes its process id to a file, and waits for it."""


def pid_in(file: Path) -> int:
    until(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


def test_a_child_that_ends_is_waited_for() -> None:
    child = subprocesses.start(("sh", "-c", "exit 3"))
    assert subprocesses.wait(child, Event(), LIMIT_S)
    assert subprocesses.how_ended(child.returncode) == "exit code 3"


def test_waiting_ends_when_it_is_stopped_or_after_the_limit_and_the_child_goes_on() -> None:
    child, stop = subprocesses.start(("sleep", "600")), Event()
    assert not subprocesses.wait(child, stop, 0.0)
    ended = list[bool]()
    waiting = Thread(target=lambda: ended.append(subprocesses.wait(child, stop, LIMIT_S)))
    waiting.start()
    stop.set()
    waiting.join()
    assert ended == [False]
    assert child.poll() is None
    subprocesses.kill(child)
    assert subprocesses.how_ended(child.returncode) == "ended by signal 9"


def test_a_child_is_killed_with_its_helpers_and_may_have_ended_before(tmp_path: Path) -> None:
    child = subprocesses.start((*HELPED, str(tmp_path / "pid")))
    helper = pid_in(tmp_path / "pid")
    assert os.getpgid(helper) == child.pid != os.getpgid(0)
    subprocesses.kill(child)
    until(lambda: not is_running(helper))
    subprocesses.kill(child)


def test_a_guarded_child_ends_once_the_pipe_to_it_is_closed(tmp_path: Path) -> None:
    command = subprocesses.guarded(("sh", "-c", "echo $$ > $0; exec sleep 600", str(tmp_path / "pid")))
    child = subprocesses.start(command, stdin=subprocess.PIPE)
    guarded = pid_in(tmp_path / "pid")
    assert child.stdin
    child.stdin.close()
    assert subprocesses.wait(child, Event(), LIMIT_S)
    assert not is_running(guarded)
    assert child.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("written", "last"),
    [
        (b"", ""),
        (b"one\n two \n\n \n", "two"),
        (b"no end", "no end"),
        (b"\xff\x1b[2J\n", "\ufffd[2J"),
        (b"x" * 9000 + b"\nlast\n", "last"),
    ],
    ids=["nothing", "blank lines", "no newline", "control characters", "long"],
)
def test_the_last_line_of_stderr(written: bytes, last: str) -> None:
    with tempfile.TemporaryFile() as stderr:
        stderr.write(written)
        assert subprocesses.last_line(stderr) == last
