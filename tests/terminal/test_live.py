"""The terminal, seen as a person sees it: a real pseudo-terminal, and what is on its screen."""

import io
import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from app.terminal.live import Region, ending, fitted, in_rows, joined, parts
from tests import needs
from tests.terminal.glass import Showing
from tests.terminal.stage import ROOT, status
from tests.waiting import LIMIT_S, until

LONG = "A kitchen with a wooden table, four chairs, a bowl of green apples, a window over a garden and a grey cat."


def without_clock(lines: list[str]) -> list[str]:
    return [re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in lines]


def test_a_sentence_grows_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with Showing(tmp_path) as showing:
        showing.tell(["grow", "A red"])
        (line,) = showing.wait_for("A red")
        assert re.fullmatch(r"A red▏ \d+\.\d s ago", line)
        showing.tell(["grow", "A red circle"])
        showing.wait_for("A red circle")
        showing.tell(["say", "A red circle."], ["status"])
        said, seen, how = showing.wait_for("tok/s")
        assert re.fullmatch(r"\d\d:\d\d:\d\d  A red circle\.", said)
        assert re.fullmatch(r"seen \d+\.\d s ago", seen)
        assert how == "12 of 240 frames described · 30 fps · first word 0.21 s · 45 tok/s · 1.2 GB"
        assert not showing.glass.has_cursor
        said, total = showing.end()
        assert said.endswith("A red circle.")
        assert total.startswith("12 of 240 frames described; median")
        assert showing.glass.has_cursor
        assert showing.child.returncode == 0


def test_the_age_ticks_while_nothing_happens(tmp_path: Path) -> None:
    with Showing(tmp_path) as showing:
        showing.tell(["say", "A red circle."])
        showing.wait_for("seen 0.3 s ago")
        showing.wait_for("seen 0.9 s ago")


@pytest.mark.parametrize("width", [40, 23])
def test_what_is_wider_than_the_window_leaves_no_residue(tmp_path: Path, width: int) -> None:
    with Showing(tmp_path, width=width, height=12) as showing:
        for end in range(5, len(LONG), 25):
            showing.tell(["grow", LONG[:end]], ["status"], ["grow", LONG[:end]])
            showing.wait_for(LONG[:end].split()[-1])
        showing.tell(["say", LONG], ["say", "The cat."], ["status"])
        showing.wait_for("The cat.")
        shown = showing.wait_for("12 of 240")
        rows = -(-len("00:00:00  " + LONG) // width)
        assert "".join(line.ljust(width) for line in shown[:rows]).rstrip().endswith(LONG)
        assert without_clock(shown[rows:])[0] == "The cat."
        assert shown[rows + 1].startswith("seen ")
        assert len(shown) == rows + 3


def test_the_window_is_measured_and_an_exported_width_not_believed(tmp_path: Path) -> None:
    with Showing(tmp_path, width=40, COLUMNS="200", LINES="90") as showing:
        showing.tell(["status"], ["grow", LONG])
        shown = showing.wait_for("cat.")
        assert len(shown) == 4 + 1
        assert max(map(len, shown)) < 40


def test_a_long_growing_sentence_in_a_low_window_shows_its_end(tmp_path: Path) -> None:
    with Showing(tmp_path, width=30, height=4) as showing:
        showing.tell(["status"], ["grow", LONG])
        shown = showing.wait_for("cat.")
        assert len(shown) == 3
        assert "A kitchen" not in shown[0]


def test_many_sentences_scroll_and_stay_whole_and_in_order(tmp_path: Path) -> None:
    with Showing(tmp_path, height=6) as showing:
        for number in range(40):
            showing.tell(["grow", f"Number {number}"], ["say", f"Number {number}."], ["status", 240, number])
        lines = without_clock(showing.end())
        assert lines[:-1] == [f"Number {number}." for number in range(40)]


def test_a_notice_looks_different_and_has_its_remedy_below_it(tmp_path: Path) -> None:
    with Showing(tmp_path) as showing:
        showing.tell(["notice", "loading", "Loading.", ""], ["notice", "camera lost", "It is gone.", "Plug it in."])
        assert showing.end() == ["· Loading.", "! It is gone.", "  Plug it in."]


def test_a_long_notice_breaks_between_words_and_its_remedy_stays_one_line(tmp_path: Path) -> None:
    with Showing(tmp_path, width=24) as showing:
        showing.tell(["notice", "error", "The camera does not answer any more.", "sudo apt-get install espeak-ng"])
        assert showing.end() == ["! The camera does not", "  answer any more.", "  sudo apt-get install", "  espeak-ng"]
        assert re.search(r"\n  sudo apt-get install +espeak-ng", re.sub(r"\x1b\[[0-9;]*m|\r", "", showing.raw))


@pytest.mark.parametrize("kind", ["dark", "covered", "blurred", "frozen", "camera lost"])
def test_what_keeps_the_camera_from_seeing_stands_out(tmp_path: Path, kind: str) -> None:
    with Showing(tmp_path) as showing:
        showing.tell(["notice", kind, "Nothing can be seen.", ""])
        assert showing.end() == ["! Nothing can be seen."]


def test_what_is_for_the_ear_alone_is_not_shown(tmp_path: Path) -> None:
    with Showing(tmp_path) as showing:
        showing.tell(["notice", "looking", "", ""], ["notice", "ready", "Looking.", ""])
        assert showing.end() == ["· Looking."]


def test_answers_alerts_and_what_is_told_again_are_marked(tmp_path: Path) -> None:
    with Showing(tmp_path) as showing:
        showing.tell(["say", "Two cups.", "answer"], ["say", "A person.", "alert"], ["again", "Two cups."])
        shown = without_clock(showing.end())
        assert shown[:3] == ["▸ Two cups.", "▲ A person.", "· again: Two cups."]


def test_a_question_takes_the_place_of_what_grows_and_is_kept_once_asked(tmp_path: Path) -> None:
    with Showing(tmp_path) as showing:
        showing.tell(["status"], ["grow", "A red"])
        showing.wait_for("A red")
        showing.tell(["ask", "what is "])
        seen, question, how = showing.wait_for("what is")
        assert seen.startswith("seen ")
        assert question == "ask ▸ what is ▏".ljust(77 - len("Esc gives up")) + "Esc gives up"
        assert how.startswith("12 of 240")
        showing.tell(["ask", "what is it?", 1], ["say", "A cup.", "answer"])
        shown = showing.wait_for("A cup.")
        assert shown[0] == "· asked: what is it?"
        assert not [line for line in shown if "ask ▸" in line]


@pytest.mark.parametrize(
    ("width", "row"),
    [(22, "A cup▏    Esc gives up"), (20, "A cup▏  Esc gives up"), (19, "A cup▏"), (6, "A cup▏")],
)
def test_the_way_out_of_a_question_is_at_the_right_end_where_there_is_room(width: int, row: str) -> None:
    assert ending(Text("A cup▏"), Text("Esc gives up", "dim"), width).plain == row


def test_an_alert_and_a_warning_differ_without_colour(tmp_path: Path) -> None:
    with Showing(tmp_path) as showing:
        showing.tell(["say", "It is dark.", "alert"], ["notice", "dark", "It is dark.", ""])
        alert, warning = without_clock(showing.end())[:2]
        assert alert[0] != warning[0]


def test_a_question_given_up_leaves_no_line(tmp_path: Path) -> None:
    with Showing(tmp_path) as showing:
        showing.tell(["ask", "what"])
        showing.wait_for("ask ▸ what")
        showing.tell(["ask", "", 1])
        assert showing.end() == []


def test_of_a_long_question_in_a_low_window_the_end_is_seen(tmp_path: Path) -> None:
    with Showing(tmp_path, width=30, height=4) as showing:
        showing.tell(["status"], ["ask", LONG])
        shown = showing.wait_for("cat.▏")
        assert len(shown) == 3
        assert "A kitchen" not in shown[0]


def test_stopped_is_a_state_and_no_line(tmp_path: Path) -> None:
    with Showing(tmp_path) as showing:
        showing.tell(["grow", "A red"], ["notice", "stopped", "Stopped.", ""])
        assert showing.wait_for("stopped")[-1] == "stopped: space goes on"
        showing.tell(["status"])
        assert showing.wait_for("of 240")[-1].startswith("stopped: space goes on · 12 of 240")
        showing.tell(["notice", "going on", "Going on.", ""])
        assert showing.end() == ["12 of 240 frames described"]


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (80, ["  see https://example.com/a/b now"]),
        (12, ["  see       ", "  https://ex", "ample.com/a/", "b           ", "  now"]),
    ],
)
def test_a_remedy_is_one_line_that_fills_its_rows_and_leaves_an_address_whole(columns: int, rows: list[str]) -> None:
    assert in_rows("see https://example.com/a/b now", columns) == "".join(rows)


def test_the_sum_at_the_end_breaks_between_words(tmp_path: Path) -> None:
    with Showing(tmp_path, width=40) as showing:
        showing.tell(["say", "A red circle."], ["status"])
        assert showing.end()[1:] == [
            "12 of 240 frames described; median",
            "first word 0.21 s, frame age 0.31 s",
        ]


def test_what_the_camera_reads_is_neither_markup_nor_a_code(tmp_path: Path) -> None:
    evil = "[bold]Sale[/bold] \x1b[2J\x1b]0;owned\x07 :smile:\nnext \x9b5A"
    with Showing(tmp_path) as showing:
        showing.tell(["grow", evil], ["say", evil, "alert"], ["notice", "error", evil, evil])
        said, note, hint = showing.end()[:3]
        plain = "[bold]Sale[/bold] [2J]0;owned :smile: next 5A"
        assert without_clock([said]) == [f"▲ {plain}"]
        assert note == f"! {plain}"
        assert hint == f"  {plain}"
        assert "\x1b]0" not in showing.raw


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_without_colour_there_are_plain_lines_and_no_codes(tmp_path: Path, name: str, value: str) -> None:
    with Showing(tmp_path, **{name: value}) as showing:
        showing.tell(["grow", "A red"], ["status"], ["say", "A red circle."], ["notice"])
        shown = showing.end()
        assert shown[:3] == ["A red circle.", "notice: The camera is gone.", "hint: Plug it in."]
        assert "\x1b" not in showing.raw


def test_a_window_made_narrower_is_counted_in_rows() -> None:
    region = Region(Console(file=io.StringIO(), width=40))
    region.drawn = [79, 40, 0, 41]
    assert region._back() == "\r\x1b[2K" + 5 * "\x1b[1A\x1b[2K"
    region.drawn = []
    assert region._back() == ""


def test_the_status_gives_up_its_end_first() -> None:
    texts = ["12 described", "30 fps", "0.21 s"]
    assert fitted(texts, 80) == "12 described · 30 fps · 0.21 s"
    assert fitted(texts, 22) == "12 described · 30 fps"
    assert fitted(texts, 3) == "12 described"


def test_the_status_tells_how_many_cameras_there_are_and_how_many_drafts_were_right() -> None:
    several = replace(status(), drafted=25, draft_accepted=23, cameras=3)
    assert " · ".join(parts(several)) == (
        "3 cameras · 12 of 240 frames described · 30 fps · first word 0.21 s · drafts 92 % · 45 tok/s · 1.2 GB"
    )
    assert not {"drafts", "cameras"} & set(re.findall("[a-z]+", " ".join(parts(status()))))
    assert fitted(parts(several), 12) == "3 cameras"
    assert "drafts 92 %" in fitted(parts(replace(several, cameras=1)), 77)


def test_a_rate_that_is_not_known_yet_is_not_told() -> None:
    assert not [part for part in parts(replace(status(), camera_fps=0.0)) if "fps" in part]


def test_an_age_that_does_not_fit_goes_below_as_a_whole() -> None:
    lines, age = [Text("A red circle")], Text(" 0.3 s ago")
    assert [each.plain for each in joined(lines, age, 22)] == ["A red circle 0.3 s ago"]
    assert [each.plain for each in joined(lines, age, 21)] == ["A red circle", " 0.3 s ago"]
    assert [each.plain for each in joined([], age, 21)] == [" 0.3 s ago"]


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
