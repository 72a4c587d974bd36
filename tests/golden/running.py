"""Live runs to wait for facts in, and drawn clips for them to see.

Nothing here or beside it imports the program: the golden tests know commands, flags, texts, exit codes and log keys.
"""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.running import SLOW_S, start

Picture = NDArray[np.uint8]
"""BGR, height×width×3."""

SIZE = (640, 480)
"""Width and height of every picture."""
GROUND = (120, 120, 120)
RED = (40, 35, 210)
BLUE = (215, 80, 40)
"""BGR, as the demo model learned them."""

RED_LEFT = "A red circle is on the left."
BLUE_RIGHT = "A blue square is on the right."
BOTH = "A red circle is left of a blue square."
EMPTY = "The scene is empty."


def picture(*, red: bool = False, blue: bool = False) -> Picture:
    """A grey ground with a red circle on the left, a blue square on the right, both, or neither."""
    pixels = np.full((SIZE[1], SIZE[0], 3), GROUND, np.uint8)
    if red:
        cv2.circle(pixels, (130, 240), 70, RED, -1, cv2.LINE_AA)
    if blue:
        cv2.rectangle(pixels, (450, 180), (570, 300), BLUE, -1)
    return pixels


def write_still(path: Path, pixels: Picture) -> Path:
    assert cv2.imwrite(str(path), pixels)
    return path


def write_clip(path: Path, scenes: Sequence[tuple[Picture, float]], fps: int = 10) -> Path:
    """A Motion JPEG video of these pictures, each shown for so many seconds."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, SIZE)
    assert writer.isOpened()
    for pixels, seconds in scenes:
        for _ in range(round(seconds * fps)):
            writer.write(pixels)
    writer.release()
    return path


def records(log: Path) -> list[dict[str, Any]]:
    """What has been logged so far; the run may still be writing the last line."""
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def sentences(log: Path) -> list[str]:
    return [record["text"] for record in records(log) if record["event"] == "sentence"]


def notice_kinds(log: Path) -> set[str]:
    return {record["kind"] for record in records(log) if record["event"] == "notice"}


@dataclass(frozen=True)
class Live:
    """A run in progress. Its output goes to files, so that reading never blocks."""

    process: subprocess.Popen[str]
    folder: Path

    @property
    def out(self) -> str:
        return (self.folder / "stdout.txt").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "stderr.txt").read_text()

    @property
    def lines(self) -> list[str]:
        """The complete lines of standard output."""
        return [line.rstrip("\n") for line in self.out.splitlines(keepends=True) if line.endswith("\n")]

    @property
    def descendants(self) -> set[int]:
        """Process ids of its children, their children and so on."""
        parents = _parents()
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {self.process.pid}

    def wait_for(self, fact: Callable[[], Any]) -> Any:
        """Wait until `fact()` is true; fail when the run ends before, or after `SLOW_S`."""
        until = time.monotonic() + SLOW_S
        while True:
            has_ended = self.process.poll() is not None
            if found := fact():
                return found
            assert not has_ended, f"ended with {self.process.returncode}\n{self.out}\n{self.err}"
            assert time.monotonic() < until, f"not within {SLOW_S} s\n{self.out}\n{self.err}"
            time.sleep(0.05)

    def wait_for_line(self, text: str) -> None:
        self.wait_for(lambda: text in self.lines)

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SLOW_S)


@contextmanager
def live(folder: Path, *argv: str) -> Iterator[Live]:
    """`./run.sh ARGV`, killed at the end if it still runs."""
    folder.mkdir(exist_ok=True)
    with (folder / "stdout.txt").open("w") as out, (folder / "stderr.txt").open("w") as err:
        process = start(*argv, stdout=out, stderr=err)
    try:
        yield Live(process, folder)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(SLOW_S)


def wait_until_gone(pids: set[int]) -> None:
    """Wait until none of these processes runs; an ended one that nobody has collected counts as gone."""
    until = time.monotonic() + SLOW_S
    while left := pids & _parents().keys():
        assert time.monotonic() < until, f"still running after {SLOW_S} s: {sorted(left)}"
        time.sleep(0.05)


def _parents() -> dict[int, int]:
    """The parent of every process that has not ended."""
    listed = subprocess.run(["ps", "-Ao", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}
