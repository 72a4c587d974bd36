"""The terminal, seen as a person sees it: a real pseudo-terminal, and what is on its screen."""

import io
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from app.terminal.live import QUESTION_HINT, Region, align_right, fill_rows, fit
from tests import needs
from tests.terminal.emulator import FeedSession
from tests.terminal.stage import ROOT
from tests.waiting import LIMIT_S, until

LONG = "A kitchen with a wooden table, four chairs, a bowl of green apples, a window over a garden and a grey cat."


def without_clock(lines: list[str]) -> list[str]:
    return [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in lines]


def test_a_sentence_grows_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with FeedSession(tmp_path) as terminal:
        terminal.tell(["grow", "A red"])
        (line,) = terminal.wait_for("A red")
        assert re.fullmatch(r"A red▏ \d+\.\d s ago", line)
        terminal.tell(["grow", "A red circle"])
        terminal.wait_for("A red circle")
        terminal.tell(["say", "A red circle."], ["status"])
        said, seen, how = terminal.wait_for("fps")
        assert re.fullmatch(r"\d\d:\d\d:\d\d  A red circle\.", said)
        assert re.fullmatch(r"described \d+\.\d s ago", seen)
        assert how == "12 descriptions · 30 fps · delay 0.31 s"
        assert not terminal.emulator.has_cursor
        said, total = terminal.finish()
        assert said.endswith("A red circle.")
        assert re.fullmatch(r"Done: 12 descriptions( in \d+ s)?; delay 0\.31 s\.", total)
        assert terminal.emulator.has_cursor
        assert terminal.child.returncode == 0


def test_the_age_ticks_while_nothing_happens(tmp_path: Path) -> None:
    with FeedSession(tmp_path) as terminal:
        terminal.tell(["say", "A red circle."])
        terminal.wait_for("described 0.3 s ago")
        terminal.wait_for("described 0.9 s ago")


@pytest.mark.parametrize("width", [40, 23])
def test_what_is_wider_than_the_window_leaves_no_residue(tmp_path: Path, width: int) -> None:
    with FeedSession(tmp_path, width=width, height=12) as terminal:
        for end in range(5, len(LONG), 25):
            terminal.tell(["grow", LONG[:end]], ["status"], ["grow", LONG[:end]])
            terminal.wait_for(LONG[:end].split()[-1])
        terminal.tell(["say", LONG], ["say", "The cat."], ["status"])
        terminal.wait_for("The cat.")
        shown = terminal.wait_for("12 descriptions")
        rows = -(-len("00:00:00  " + LONG) // width)
        assert "".join(line.ljust(width) for line in shown[:rows]).rstrip().endswith(LONG)
        assert without_clock(shown[rows:])[0] == "The cat."
        assert shown[rows + 1].startswith("described ")
        assert len(shown) == rows + 3


def test_the_window_is_measured_and_an_exported_width_not_believed(tmp_path: Path) -> None:
    with FeedSession(tmp_path, width=40, COLUMNS="200", LINES="90") as terminal:
        terminal.tell(["status"], ["grow", LONG])
        shown = terminal.wait_for("cat.")
        assert len(shown) == 4 + 1
        assert max(map(len, shown)) < 40


def test_a_long_growing_sentence_in_a_low_window_shows_its_end(tmp_path: Path) -> None:
    with FeedSession(tmp_path, width=30, height=4) as terminal:
        terminal.tell(["status"], ["grow", LONG])
        shown = terminal.wait_for("cat.")
        assert len(shown) == 3
        assert "A kitchen" not in shown[0]


def test_many_sentences_scroll_and_stay_whole_and_in_order(tmp_path: Path) -> None:
    with FeedSession(tmp_path, height=6) as terminal:
        for number in range(40):
            terminal.tell(["grow", f"Number {number}"], ["say", f"Number {number}."], ["status", 240, number])
        lines = without_clock(terminal.finish())
        assert lines[:-1] == [f"Number {number}." for number in range(40)]


def test_a_notice_looks_different_and_has_its_remedy_below_it(tmp_path: Path) -> None:
    with FeedSession(tmp_path) as terminal:
        terminal.tell(["notice", "loading", "Loading.", ""], ["notice", "camera lost", "It is gone.", "Plug it in."])
        assert terminal.finish() == ["· Loading.", "! It is gone.", "  Plug it in."]


def test_a_long_notice_breaks_between_words_and_its_remedy_stays_one_line(tmp_path: Path) -> None:
    with FeedSession(tmp_path, width=24) as terminal:
        terminal.tell(["notice", "error", "The camera does not answer any more.", "sudo apt-get install espeak-ng"])
        assert terminal.finish() == [
            "! The camera does not",
            "  answer any more.",
            "  sudo apt-get install",
            "  espeak-ng",
        ]
        assert re.search(r"\n  sudo apt-get install +espeak-ng", re.sub(r"\x1b\[[0-9;]*m|\r", "", terminal.raw))


@pytest.mark.parametrize("kind", ["dark", "covered", "blurred", "frozen", "camera lost"])
def test_what_keeps_the_camera_from_seeing_stands_out(tmp_path: Path, kind: str) -> None:
    with FeedSession(tmp_path) as terminal:
        terminal.tell(["notice", kind, "Nothing can be seen.", ""])
        assert terminal.finish() == ["! Nothing can be seen."]


def test_answers_alerts_and_what_is_told_again_are_marked(tmp_path: Path) -> None:
    with FeedSession(tmp_path) as terminal:
        terminal.tell(["say", "Two cups.", "answer"], ["say", "A person.", "alert"], ["again", "Two cups."])
        shown = without_clock(terminal.finish())
        assert shown[:3] == ["Answer: Two cups.", "Alert: A person.", "· Repeat: Two cups."]


def test_a_question_takes_the_place_of_what_grows_and_is_kept_once_asked(tmp_path: Path) -> None:
    with FeedSession(tmp_path) as terminal:
        terminal.tell(["status"], ["grow", "A red"])
        terminal.wait_for("A red")
        terminal.tell(["ask", "what is "])
        seen, question, how = terminal.wait_for("what is")
        assert seen.startswith("described ")
        assert question == "Ask: what is ▏".ljust(77 - len(QUESTION_HINT)) + QUESTION_HINT
        assert how.startswith("12 descriptions")
        terminal.tell(["ask", "what is it?", 1], ["say", "A cup.", "answer"])
        shown = terminal.wait_for("A cup.")
        assert shown[0] == "· Asked: what is it?"
        assert not [line for line in shown if "Ask:" in line]


@pytest.mark.parametrize(
    ("width", "row"),
    [(22, "A cup▏    Esc cancels."), (20, "A cup▏  Esc cancels."), (19, "A cup▏"), (6, "A cup▏")],
)
def test_the_way_out_of_a_question_is_at_the_right_end_where_there_is_room(width: int, row: str) -> None:
    assert align_right(Text("A cup▏"), Text("Esc cancels.", "dim"), width).plain == row


def test_an_alert_and_a_warning_differ_without_colour(tmp_path: Path) -> None:
    with FeedSession(tmp_path) as terminal:
        terminal.tell(["say", "It is dark.", "alert"], ["notice", "dark", "It is dark.", ""])
        alert, warning = without_clock(terminal.finish())[:2]
        assert alert[0] != warning[0]


def test_a_cancelled_question_leaves_no_line(tmp_path: Path) -> None:
    with FeedSession(tmp_path) as terminal:
        terminal.tell(["ask", "what"])
        terminal.wait_for("Ask: what")
        terminal.tell(["ask", "", 1])
        assert terminal.finish() == []


def test_of_a_long_question_in_a_low_window_the_end_is_seen(tmp_path: Path) -> None:
    with FeedSession(tmp_path, width=30, height=4) as terminal:
        terminal.tell(["status"], ["ask", LONG])
        shown = terminal.wait_for("cat.▏")
        assert len(shown) == 3
        assert "A kitchen" not in shown[0]


def test_paused_is_a_state_and_no_line(tmp_path: Path) -> None:
    with FeedSession(tmp_path) as terminal:
        terminal.tell(["grow", "A red"], ["notice", "stopped", "Stopped.", ""])
        assert terminal.wait_for("paused")[-1] == "paused – Space resumes"
        terminal.tell(["status"])
        assert terminal.wait_for("12")[-1].startswith("paused – Space resumes · 12 descriptions")
        terminal.tell(["notice", "going on", "Going on.", ""])
        (total,) = terminal.finish()
        assert re.fullmatch(r"Done: 12 descriptions( in \d+ s)?\.", total)


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (80, ["  see https://example.com/a/b now"]),
        (12, ["  see       ", "  https://ex", "ample.com/a/", "b           ", "  now"]),
    ],
)
def test_a_remedy_is_one_line_that_fills_its_rows_and_leaves_an_address_whole(columns: int, rows: list[str]) -> None:
    assert fill_rows("see https://example.com/a/b now", columns) == "".join(rows)


def test_the_sum_at_the_end_breaks_between_words(tmp_path: Path) -> None:
    with FeedSession(tmp_path, width=22) as terminal:
        terminal.tell(["say", "A red circle."], ["status"])
        first, *rest = terminal.finish()[2:]
        assert first == "Done: 12"
        assert re.fullmatch(r"descriptions( in \d+ s)?; delay 0\.31 s\.", " ".join(rest))


def test_what_the_camera_reads_is_neither_markup_nor_a_code(tmp_path: Path) -> None:
    evil = "[bold]Sale[/bold] \x1b[2J\x1b]0;owned\x07 :smile:\nnext \x9b5A"
    with FeedSession(tmp_path) as terminal:
        terminal.tell(["grow", evil], ["say", evil, "alert"], ["notice", "error", evil, evil])
        said, note, hint = terminal.finish()[:3]
        plain = "[bold]Sale[/bold] [2J]0;owned :smile: next 5A"
        assert without_clock([said]) == [f"Alert: {plain}"]
        assert note == f"! {plain}"
        assert hint == f"  {plain}"
        assert "\x1b]0" not in terminal.raw


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_without_colour_there_are_plain_lines_and_no_codes(tmp_path: Path, name: str, value: str) -> None:
    with FeedSession(tmp_path, **{name: value}) as terminal:
        terminal.tell(["grow", "A red"], ["status"], ["say", "A red circle."], ["notice"])
        shown = terminal.finish()
        assert shown[:3] == ["A red circle.", "notice: The camera is gone.", "hint: Plug it in."]
        assert "\x1b" not in terminal.raw


def test_a_window_made_narrower_is_counted_in_rows() -> None:
    region = Region(Console(file=io.StringIO(), width=40))
    region.drawn = [79, 40, 0, 41]
    assert region._clear_codes() == "\r\x1b[2K" + 5 * "\x1b[1A\x1b[2K"
    region.drawn = []
    assert region._clear_codes() == ""


def test_the_status_gives_up_its_end_first() -> None:
    texts = ["12 described", "30 fps", "0.21 s"]
    assert fit(texts, 80) == "12 described · 30 fps · 0.21 s"
    assert fit(texts, 22) == "12 described · 30 fps"
    assert fit(texts, 3) == "12 described"


LONG = "A kitchen with a wooden table, four chairs, a bowl of green apples, a window over a garden and a grey cat."
STEPS = '["say", "Before."]\n' * 12 + f'["say", "Last."]\n["status", 240, 123456]\n["grow", "{LONG}"]\n'
"""Twelve lines first: tmux moves the uppermost rows out of everybody's reach when it breaks lines."""
STATUS = {
    40: "123456 descriptions · 30 fps",
    25: "123456 descriptions",
    20: "123456 descripti…",
    80: "123456 descriptions · 30 fps · delay 0.31 s",
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
