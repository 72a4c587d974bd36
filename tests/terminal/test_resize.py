"""A window that is made narrower and wider again, in a real terminal program: tmux."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from tests import needs
from tests.terminal.stage import ROOT
from tests.waiting import LIMIT_S, until

LONG = "A kitchen with a wooden table, four chairs, a bowl of green apples, a window over a garden and a grey cat."
STEPS = '["say", "Before."]\n' * 12 + f'["say", "Last."]\n["status"]\n["grow", "{LONG}"]\n'
"""Twelve lines first: tmux moves the uppermost rows out of everybody's reach when it breaks lines."""
STATUS = {
    60: "12 of 240 frames described · 30 fps · first word 0.21 s",
    33: "12 of 240 frames described",
    25: "12 of 240 frames desc…",
    80: "12 of 240 frames described · 30 fps · first word 0.21 s · 45 tok/s · 1.2 GB",
}
"""What the last line says once it has been drawn for this width."""
TMUX_S = 0.3
"""tmux tells a program of a new width at most every 250 ms; until then the program cannot know."""


class Window:
    """The feed program in a tmux of its own."""

    def __init__(self, folder: Path) -> None:
        os.mkfifo(folder / "steps")
        self.base = ["tmux", "-f", "/dev/null", "-S", str(folder / "tmux")]
        program = shlex.join([sys.executable, "-m", "tests.terminal.feed", str(folder / "steps")])
        self.tmux("new-session", "-d", "-x", "80", "-y", "24", program)

    def tmux(self, *words: str) -> str:
        done = subprocess.run([*self.base, *words], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)
        return done.stdout

    def text(self) -> list[str]:
        """With what has scrolled away."""
        return [line for line in self.tmux("capture-pane", "-p", "-S", "-").splitlines() if line.strip()]


def after_resizing(folder: Path) -> list[str]:
    folder.mkdir()
    window = Window(folder)
    try:
        with (folder / "steps").open("w") as steps:
            steps.write(STEPS)
            steps.flush()
            until(lambda: STATUS[80] in window.text())
            for width, status in STATUS.items():
                time.sleep(TMUX_S)
                window.tmux("resize-window", "-x", str(width), "-y", "24")
                until(lambda status=status: window.text()[-1:] == [status])
            return window.text()
    finally:
        window.tmux("kill-server")


@needs.tool("tmux", even_in_ci=True)
def test_a_window_made_narrower_and_wider_again_keeps_no_residue(tmp_path: Path) -> None:
    """Three attempts: a window that changes in the very moment of a draw may keep a row."""
    seen = (after_resizing(tmp_path / str(attempt)) for attempt in range(3))
    assert any(is_tidy(shown) for shown in seen)


def is_tidy(shown: list[str]) -> bool:
    """Thirteen sentences, the growing one on two rows, the status."""
    last, first, second = shown[12], shown[13], shown[14]
    return len(shown) == 16 and last.endswith("Last.") and f"{first} {second}".startswith(LONG)
