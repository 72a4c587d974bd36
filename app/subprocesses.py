"""Child processes: start one in a process group of its own, wait for it, kill it with all that it started.

Because of the group, a Ctrl-C in the terminal reaches looksay alone, and helpers that a child has started end with it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import IO

from app.text import sanitize

GUARD = Path(__file__).with_name("parent_death_guard.py")
POLL_S = 0.02
"""How often a child is asked whether it has ended."""
TAIL_BYTES = 4096
"""How much of a child's stderr is searched for its last line."""


def start(
    command: Sequence[str],
    *,
    program: str | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own. `program`: the file to run, if it is not `command[0]`.

    Raises:
        OSError: it cannot be run.
        ValueError: an argument contains a null character.
    """
    return subprocess.Popen(
        command, executable=program, stdin=stdin, stdout=stdout, stderr=stderr, env=env, process_group=0
    )


def guarded(command: Sequence[str]) -> list[str]:
    """The command under parent_death_guard.py, which ends it as soon as its own stdin, a pipe from us, is closed."""
    return [sys.executable, "-I", "-S", str(GUARD), *command]


def wait(child: subprocess.Popen[bytes], stop: Event, limit_s: float) -> bool:
    """Wait until the child ends; False if `stop` is set first, or if it takes longer than `limit_s` seconds."""
    give_up_at = time.monotonic() + limit_s
    while child.poll() is None:
        if stop.wait(POLL_S) or time.monotonic() > give_up_at:
            return child.poll() is not None
    return True


def kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the child's process group and reap the child."""
    with suppress(ProcessLookupError, PermissionError):  # macOS reports the latter for a group that has ended
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def how_ended(returncode: int) -> str:
    """`exit code 3` or `ended by signal 9`."""
    return f"exit code {returncode}" if returncode >= 0 else f"ended by signal {-returncode}"


def last_line(stderr: IO[bytes]) -> str:
    """The last line of a file that is not blank, safe to print; empty if there is none."""
    return next(reversed(last_lines(stderr)), "")


def last_lines(stderr: IO[bytes]) -> list[str]:
    """The last lines of a file, blank ones left out, each safe to print."""
    stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - TAIL_BYTES))
    lines = stderr.read().decode(errors="replace").splitlines()
    return [line for line in map(sanitize, lines) if line]
