"""What macOS's programs say, as their sources print it: here stand-ins say it, no Mac has."""

from pathlib import Path

import pytest

from app.conditions import Conditions, Heat
from app.power import macos

AC = "Now drawing from 'AC Power'\n -InternalBattery-0 (id=4653155)\t100%; charged; 0:00 remaining present: true\n"
BATTERY = "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=4653155)\t72%; discharging; 3:15 remaining\n"
NOTES = (
    "Note: No thermal warning level has been recorded\n"
    "Note: No performance warning level has been recorded\n"
    "Note: No CPU power status has been recorded\n"
)
LIMITED = (
    "Note: No thermal warning level has been recorded\n"
    "Note: No performance warning level has been recorded\n"
    "2026-01-05 10:00:00 +0100 CPU Power notify\n"
    "\tCPU_Scheduler_Limit \t= 100\n"
    "\tCPU_Available_CPUs \t= 8\n"
    "\tCPU_Speed_Limit \t= {}\n"
)
WARNED = "2026-01-05 10:00:00 +0100 Thermal Warning Level = {}\n"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (AC, False),
        (BATTERY, True),
        ("Now drawing from 'UPS Power'\n", True),
        ("Now drawing from 'AC Power'\n", False),  # a Mac without a battery
        ("", False),
        ("pmset: unknown argument\n", False),
        (" -InternalBattery-0 (id=1)\t72%; discharging;", False),
    ],
)
def test_the_power_source_is_read_from_the_first_line(said: str, expected: bool) -> None:
    assert macos.is_on_battery(said) is expected


@pytest.mark.parametrize(("level", "expected"), [(0, "cool"), (1, "warm"), (2, "hot"), (3, "hot"), (4, "hot")])
def test_the_thermal_pressure_tells_on_apple_silicon(level: int, expected: Heat) -> None:
    assert macos.heat(f"{macos.PRESSURE} {level}\n", NOTES) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", "cool"),
        (NOTES, "cool"),
        (LIMITED.format(100), "cool"),
        (LIMITED.format(72), "hot"),
        (WARNED.format(0), "cool"),
        (WARNED.format(5), "hot"),
        ("Error:Failed to get thermal warning level with error code 0xe00002c7\n", "cool"),
        ("CPU_Speed_Limit = slow", "cool"),
    ],
)
def test_the_limits_tell_where_the_pressure_does_not(said: str, expected: Heat) -> None:
    assert macos.heat("", said) == expected
    assert macos.heat(f"{macos.PRESSURE} 0\n", said) == expected


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH that matters."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def program(folder: Path, name: str, answers: dict[str, str]) -> None:
    """A stand-in that answers its last argument as it was told to."""
    for question, text in answers.items():
        (folder / f"{name}.{question}").write_text(text)
    file = folder / name
    file.write_text('#!/bin/sh\ncat "$0.$2"\n')
    file.chmod(0o755)


def test_the_programs_are_asked(programs: Path) -> None:
    program(programs, "pmset", {"batt": BATTERY, "therm": NOTES})
    program(programs, "notifyutil", {macos.PRESSURE: f"{macos.PRESSURE} 1\n"})
    assert macos.conditions() == Conditions(is_on_battery=True, heat="warm")


def test_without_the_programs_it_is_plugged_and_cool() -> None:
    assert macos.conditions() == Conditions()


def test_rubbish_is_plugged_and_cool(programs: Path) -> None:
    rubbish = "\x00\x1b[2J = Now drawing CPU_Speed_Limit\n" * 1000
    program(programs, "pmset", {"batt": rubbish, "therm": rubbish})
    program(programs, "notifyutil", {macos.PRESSURE: rubbish})
    assert macos.conditions() == Conditions()
