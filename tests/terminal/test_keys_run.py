"""The keys of a live run: the demo on a terminal of its own, with the real model."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import records
from tests.terminal.emulator import TerminalSession
from tests.waiting import until

DEMO = (sys.executable, "-m", "app", "demo", "--no-speak", "--log")
PAUSE_S = 3.0
"""Longer than a scene of the demo stays."""
HUB = {"HF_HUB_OFFLINE": "1"}


def sentences(log: Path) -> list[dict[str, Any]]:
    return [line for line in records(log) if line["event"] == "sentence"] if log.exists() else []


def pauses(log: Path) -> list[float]:
    """When narration was paused and resumed."""
    return [line["seen_at"] for line in records(log) if line["kind"] in ("stopped", "going on")]


def age_s(terminal: TerminalSession) -> float:
    """How long ago the newest frame was described, as the terminal shows it; 0: none was."""
    ages = re.findall(r"(\d+\.\d) s ago", "\n".join(terminal.look()))
    return float(ages[-1]) if ages else 0.0


def wait(
    terminal: TerminalSession, log: Path, *, kind: tuple[str, ...] = ("scene", "change"), after: int = 0
) -> dict[str, Any]:
    """The first sentence of these kinds about a frame after this one."""
    found: list[dict[str, Any]] = []

    def is_there() -> bool:
        terminal.look()
        found[:] = [each for each in sentences(log) if each["kind"] in kind and each["frames_seen"] > after]
        return bool(found)

    until(is_there)
    return found[0]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "x.jsonl"


@pytest.fixture
def terminal(log: Path) -> Iterator[TerminalSession]:
    with TerminalSession((*DEMO, str(log)), **HUB) as terminal:
        until(lambda: age_s(terminal))
        yield terminal


@pytest.mark.long
def test_space_pauses_the_narration_and_resumes_it(terminal: TerminalSession, log: Path) -> None:
    terminal.type(" ")
    terminal.wait_for("paused – Space resumes")
    paused_s = age_s(terminal)
    until(lambda: age_s(terminal) > paused_s + PAUSE_S)
    terminal.type(" ")
    terminal.wait_until_gone("Space resumes")
    until(lambda: len(pauses(log)) == 2)
    paused_at, resumed_at = pauses(log)
    until(lambda: terminal.look() and sentences(log)[-1]["seen_at"] > resumed_at)
    assert resumed_at - paused_at > PAUSE_S - 0.2  # the screen shows tenths of a second, and a little late
    assert not [each for each in sentences(log) if paused_at < each["seen_at"] < resumed_at]
    terminal.type("q")
    assert terminal.end() == 0
    assert terminal.mode == terminal.found
    assert terminal.emulator.has_cursor


def test_a_question_is_answered_and_then_the_narration_goes_on(terminal: TerminalSession, log: Path) -> None:
    terminal.type("a")
    terminal.wait_for("Ask: ▏")
    terminal.type("What is there?\r")
    answer = wait(terminal, log, kind=("answer",))
    assert answer["about"] == "What is there?"
    terminal.wait_for(f"Answer: {answer['text']}")
    wait(terminal, log, after=answer["frames_seen"])
    terminal.type("q")
    assert terminal.end() == 0


def test_the_key_that_ends_is_heard_while_the_model_loads(log: Path) -> None:
    with TerminalSession((*DEMO, str(log)), **HUB) as terminal:
        terminal.wait_for("Keys:")
        terminal.type("q")
        assert terminal.end() == 0
        assert terminal.mode == terminal.found
        assert not sentences(log)


@pytest.mark.long
def test_ctrl_c_leaves_the_terminal_as_it_was(terminal: TerminalSession) -> None:
    terminal.type("What")
    terminal.wait_for("Ask: What")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert terminal.mode == terminal.found
    assert terminal.emulator.has_cursor
