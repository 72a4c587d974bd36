"""PlainLines lines and JSON lines: sentences alone on standard output, whatever else there is on standard error."""

import io
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from app.errors import OutputError
from app.events import RunEvent
from app.terminal.lines import JsonLines, PlainLines, Summary, wants_plain
from tests.needs import platform
from tests.terminal.stage import ROOT, again, asking, growing, notice, sentence, status
from tests.waiting import LIMIT_S

TOLD: list[RunEvent] = [notice("loading", "Loading.", ""), growing(), sentence(), status(), notice(), sentence("Two.")]


def shown(screen_type: type[PlainLines], told: list[RunEvent]) -> tuple[str, str]:
    out, err, until = io.StringIO(), io.StringIO(), Event()
    screen = screen_type(out, err)
    for each in told:
        screen.tell(each)
    until.set()
    assert screen.run(until)
    screen.close()
    screen.close()
    return out.getvalue(), err.getvalue()


def test_sentences_alone_are_on_standard_output() -> None:
    out, err = shown(PlainLines, TOLD)
    assert out == "A red circle.\nTwo.\n"
    *notices, total = err.splitlines()
    assert notices == ["notice: Loading.", "notice: The camera is gone.", "hint: Plug it in."]
    assert re.fullmatch(r"Done: 12 descriptions( in \d+ s)?; delay 0\.31 s\.", total)


def test_json_lines_are_the_records_of_the_log_and_notices_are_for_people_too() -> None:
    out, err = shown(JsonLines, TOLD)
    assert [(row["event"], row["text"]) for row in map(json.loads, out.splitlines())] == [
        ("notice", "Loading."),
        ("sentence", "A red circle."),
        ("notice", "The camera is gone."),
        ("sentence", "Two."),
    ]
    assert "notice: The camera is gone.\nhint: Plug it in.\n" in err


ASKED: list[RunEvent] = [
    sentence(),
    notice("looking", "", ""),
    asking("what"),
    asking("what", 1),
    sentence("It is.", "answer"),
    again(),
]


class Typewriter(io.StringIO):
    """A terminal that only prints; `lines` is what is on its paper."""

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        rows = [""]
        column = 0
        for one in self.getvalue():
            if one == "\n":
                rows, column = [*rows, ""], 0
            elif one == "\b":
                column -= 1
            else:
                rows[-1], column = rows[-1][:column] + one + rows[-1][column + 1 :], column + 1
        return [row.rstrip() for row in rows]


@pytest.mark.parametrize(
    ("paper", "lines"),
    [
        (Typewriter(), ["A red circle.", "It grows.", "answer: Two cups.", "alert: A person."]),
        (io.StringIO(), ["A red circle.", "It grows.", "Two cups.", "A person."]),
    ],
    ids=["a terminal", "a pipe"],
)
def test_on_a_terminal_alone_answers_and_alerts_are_told_from_narration(paper: io.StringIO, lines: list[str]) -> None:
    screen = PlainLines(paper, io.StringIO())
    texts = {"scene": "A red circle.", "change": "It grows.", "answer": "Two cups.", "alert": "A person."}
    screen.show([sentence(text, kind) for kind, text in texts.items()])  # type: ignore[arg-type]
    assert paper.getvalue().splitlines() == lines


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ([asking(""), asking("w"), asking("wh"), asking("wh", 1)], ["ask: wh", ""]),
        ([asking("wha"), asking("wh"), asking("who"), asking("who", 1)], ["ask: who", ""]),
        ([asking("what ia"), asking("what is", 1)], ["ask: what is", ""]),
        ([asking("what  "), asking("what", 1)], ["ask: what", ""]),
        ([asking("what"), asking("", 1)], ["ask: what (cancelled)", ""]),
        ([asking("what "), asking("", 1)], ["ask: what (cancelled)", ""]),
        ([asking("w"), asking(""), asking("", 1)], ["ask: (cancelled)", ""]),
        ([asking("  "), asking("", 1)], ["ask: (cancelled)", ""]),
        ([asking("", 1)], [""]),
        ([asking("", 1), asking("w")], ["ask: w"]),
        ([asking("what", 1)], ["ask: what", ""]),
        ([asking("what is on the table"), asking("")], ["ask: what is on the table", "ask:"]),
        ([asking("wh"), again("Two."), asking("wha")], ["ask: wh", "repeat: Two.", "ask: wha"]),
        ([asking("wh"), notice("dark", "It is dark.", "")], ["ask: wh", "notice: It is dark.", "ask: wh"]),
    ],
)
def test_a_question_is_echoed_as_it_is_typed_and_other_lines_do_not_break_it(
    told: list[RunEvent], lines: list[str]
) -> None:
    paper = Typewriter()
    screen = PlainLines(io.StringIO(), paper)
    for each in told:
        screen.show([each])
    assert paper.lines == lines


def test_a_question_cancelled_behind_another_line_ends_in_a_line_of_its_own() -> None:
    paper = Typewriter()
    screen = PlainLines(io.StringIO(), paper)
    screen.show([asking("wh")])
    screen.show([notice("dark", "It is dark.", ""), asking("", 1)])
    assert paper.lines == ["ask: wh", "notice: It is dark.", "ask: wh (cancelled)", ""]


def test_what_is_told_after_the_run_is_shown_at_the_close() -> None:
    out, until = io.StringIO(), Event()
    until.set()
    screen = PlainLines(out, io.StringIO())
    assert screen.run(until)
    screen.tell(sentence("The last."))
    screen.close()
    assert out.getvalue() == "The last.\n"


def test_a_character_that_the_stream_has_not_does_not_stop_the_run() -> None:
    raw, until = io.BytesIO(), Event()
    screen = PlainLines(io.TextIOWrapper(raw, "ascii"), io.StringIO())
    screen.tell(sentence("Grüße."))
    until.set()
    assert screen.run(until)
    assert raw.getvalue() == b"Gr??e.\n"


class Stream(io.StringIO):
    def __init__(self, is_terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self.is_terminal, self.kind = is_terminal, encoding

    def isatty(self) -> bool:
        return self.is_terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.kind


@pytest.mark.parametrize(
    ("out", "err", "environment", "is_plain"),
    [
        (Stream(True), Stream(True), {"TERM": "xterm"}, False),
        (Stream(False), Stream(True), {"TERM": "xterm"}, True),
        (Stream(True), Stream(False), {"TERM": "xterm"}, True),
        (Stream(True), Stream(True), {"TERM": "xterm", "NO_COLOR": "1"}, True),
        (Stream(True), Stream(True), {"TERM": "xterm", "NO_COLOR": ""}, False),
        (Stream(True), Stream(True), {"TERM": "dumb"}, True),
        (Stream(True), Stream(True), {}, True),
        (Stream(True, "ascii"), Stream(True), {"TERM": "xterm"}, True),
    ],
)
def test_plain_lines_are_chosen_by_the_streams_and_the_wish(
    out: Stream, err: Stream, environment: dict[str, str], is_plain: bool
) -> None:
    assert wants_plain(out, err, environment) is is_plain


def feeding(steps: Path, *flags: str) -> str:
    return shlex.join([sys.executable, "-m", "tests.terminal.feed", str(steps), *flags])


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_reader_that_leaves_ends_the_run_quietly(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """`… | head -1`: one sentence, an answer for the app, no traceback, no complaint at exit."""
    steps, long = tmp_path / "steps", "x" * 200  # more in all than a pipe holds
    steps.write_text("".join(f'["say", "Number {number}. {long}"]\n' for number in range(900)))
    code = tmp_path / "code"
    line = f"({feeding(steps, *flags)}; echo $? > {code}) | head -1"
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)
    assert "Number 0." in done.stdout
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert code.read_text() == "3\n"


def test_a_sentence_is_there_as_soon_as_it_is_told(tmp_path: Path) -> None:
    """A pipe gets every line at once, not when a buffer is full."""
    steps = tmp_path / "steps"
    subprocess.run(["mkfifo", steps], check=True)
    program = shlex.split(feeding(steps))
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout
        with steps.open("w") as told:
            told.write('["say", "One."]\n')
            told.flush()
            assert child.stdout.readline() == "One.\n"
        child.communicate(timeout=LIMIT_S)
    assert child.returncode == 0


@platform("linux")
def test_a_full_disk_behind_standard_output_is_explained() -> None:
    until = Event()
    until.set()
    with open("/dev/full", "w") as full:
        screen = PlainLines(full, io.StringIO())
        screen.tell(sentence())
        with pytest.raises(OutputError, match="No space left"):
            screen.run(until)
        screen.close()


def test_telling_waits_for_nobody_while_nothing_is_drawn() -> None:
    """And is bounded: ten thousand happenings that nobody looks at."""
    screen, told = PlainLines(io.StringIO(), io.StringIO()), sentence()
    for _ in range(10_000):
        screen.tell(told)
    assert len(screen.inbox.lines) == 1000


def test_medians_are_over_frames_not_over_sentences() -> None:
    summary = Summary(lambda: 0.0)
    for number, delay_s in ((0, 0.2), (1, 0.3), (1, 9.0), (1, 9.0), (2, 0.4)):
        summary.add(replace(sentence(number=number, described=number + 1), frame_age_s=delay_s))
    assert summary.line == "Done: 3 descriptions; median delay 0.30 s."


def test_two_cameras_frames_of_the_same_number_are_two() -> None:
    summary = Summary(lambda: 0.0)
    for camera, delay_s in (("Door", 0.1), ("Yard", 0.3), ("Yard", 9.0)):
        one = sentence(number=7)
        summary.add(replace(one, frame=replace(one.frame, camera=camera), frame_age_s=delay_s))
    assert "median delay 0.20 s" in summary.line


@pytest.mark.parametrize(
    ("seconds", "line"),
    [
        (0.4, "Done: 1 description."),
        (27.2, "Done: 1 description in 27 s."),
        (119.0, "Done: 1 description in 119 s."),
        (170.0, "Done: 1 description in 3 min."),
        (7200.0, "Done: 1 description in 2 h."),
        (7500.0, "Done: 1 description in 2 h 5 min."),
    ],
)
def test_the_summary_says_how_long_it_took(seconds: float, line: str) -> None:
    times = iter([100.0, 100.0 + seconds])
    summary = Summary(lambda: next(times))
    for described in (0, 1):
        summary.add(status(described=described))
    assert summary.line == line


