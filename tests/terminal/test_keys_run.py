"""The keys of a live run: the demo on a terminal of its own, with the real model."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import records
from tests.terminal.seat import Seat
from tests.waiting import until

DEMO = (sys.executable, "-m", "app", "demo", "--no-speak", "--log")
STILL = 90
"""Frames without a sentence: three seconds of the clip."""
HUB = {"HF_HUB_OFFLINE": "1"}


def sentences(log: Path) -> list[dict[str, Any]]:
    return [line for line in records(log) if line["event"] == "sentence"] if log.exists() else []


def seen(seat: Seat) -> int:
    """How many frames the status line tells of."""
    counts = re.findall(r"of (\d+) frames", "\n".join(seat.look()))
    return int(counts[-1]) if counts else 0


def wait(seat: Seat, log: Path, *, kind: tuple[str, ...] = ("scene", "change"), after: int = 0) -> dict[str, Any]:
    """The first sentence of these kinds about a frame after this one."""
    found: list[dict[str, Any]] = []

    def is_there() -> bool:
        seat.look()
        found[:] = [each for each in sentences(log) if each["kind"] in kind and each["frames_seen"] > after]
        return bool(found)

    until(is_there)
    return found[0]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "x.jsonl"


@pytest.fixture
def seat(log: Path) -> Iterator[Seat]:
    with Seat((*DEMO, str(log)), **HUB) as seat:
        until(lambda: seen(seat))
        yield seat


@pytest.mark.long
def test_space_stops_the_narration_and_space_lets_it_go_on(seat: Seat, log: Path) -> None:
    seat.type(" ")
    seat.wait_for("stopped: space goes on")
    told = seen(seat)
    until(lambda: seen(seat) > told)
    since = seen(seat)
    until(lambda: seen(seat) > since + STILL)
    seat.type(" ")
    assert wait(seat, log, after=since)["frames_seen"] > since + STILL
    seat.type("q")
    assert seat.end() == 0
    assert seat.mode == seat.found
    assert seat.glass.has_cursor


def test_a_question_is_answered_and_then_the_narration_goes_on(seat: Seat, log: Path) -> None:
    seat.type("a")
    seat.wait_for("ask ▸ ▏")
    seat.type("What is there?\r")
    answer = wait(seat, log, kind=("answer",))
    assert answer["about"] == "What is there?"
    seat.wait_for(f"▸ {answer['text']}")
    wait(seat, log, after=answer["frames_seen"])
    seat.type("q")
    assert seat.end() == 0


def test_the_key_that_ends_is_heard_while_the_model_loads(log: Path) -> None:
    with Seat((*DEMO, str(log)), **HUB) as seat:
        seat.wait_for("Keys:")
        seat.type("q")
        assert seat.end() == 0
        assert seat.mode == seat.found
        assert not sentences(log)


@pytest.mark.long
def test_ctrl_c_leaves_the_terminal_as_it_was(seat: Seat) -> None:
    seat.type("What")
    seat.wait_for("ask ▸ What")
    seat.type("\x03")
    assert seat.end() == 130
    assert seat.mode == seat.found
    assert seat.glass.has_cursor
