"""The thread that asks: nobody waits for it, and it ends when it is told to."""

import threading
from threading import Event

import pytest

from app.conditions import Conditions
from app.power.sensor import PowerSensor

LONG_S = 60.0
"""Waits that only end a test that has failed."""


def test_the_newest_answer_is_kept() -> None:
    answers, all_taken = [Conditions(), Conditions(True), Conditions(heat="hot")], Event()

    def ask() -> Conditions:
        if len(answers) > 1:
            return answers.pop(0)
        all_taken.set()
        return answers[0]

    sensor = PowerSensor(ask, period_s=0.001)
    assert all_taken.wait(LONG_S)
    sensor.close()
    assert sensor.conditions == Conditions(heat="hot")


def test_nobody_waits_for_an_answer_that_takes_long() -> None:
    go, begun = Event(), Event()

    def slow() -> Conditions:
        begun.set()
        go.wait(LONG_S)
        return Conditions(True)

    sensor = PowerSensor(slow)
    assert begun.wait(LONG_S)
    assert sensor.conditions == Conditions()
    go.set()
    sensor.close()
    assert sensor.conditions == Conditions(True)


def test_closing_twice_ends_the_thread_at_once_whatever_the_period() -> None:
    sensor = PowerSensor(Conditions, period_s=10_000)
    sensor.close()
    sensor.close()
    assert "power" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("platform", ["darwin", "linux"])
def test_it_asks_the_running_system_unless_told_whom(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, systems = Event(), {"darwin": "macos", "linux": "linux"}

    def answer() -> Conditions:
        asked.set()
        return Conditions()

    def other() -> Conditions:
        raise AssertionError("the other system was asked")

    for name, system in systems.items():
        monkeypatch.setattr(f"app.power.{system}.conditions", answer if name == platform else other)
    monkeypatch.setattr("sys.platform", platform)
    sensor = PowerSensor()
    assert asked.wait(LONG_S)
    sensor.close()
