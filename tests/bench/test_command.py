"""How a result is printed, where nobody reads it, nothing can be written, or comparing fails."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from app.bench.command import end_on_signals, put, report
from app.bench.results import Circumstances, assembled
from app.bench.ways import Options
from app.config import Settings
from app.errors import BenchError, OutputError

HERE = {"system": "Linux", "chip": "a chip", "cores": 2, "memory_gb": 8, "device": "the CPU", "model": "demo",
        "max_tokens": 64}  # fmt: skip
RESULT = assembled(Circumstances(HERE, {}, ()), {}, {"rounds": 1, "captions": 1})
OPTIONS = Options(1, 1)
FORMS = [(OPTIONS, Settings()), (Options(1, 1, is_markdown=True), Settings()), (OPTIONS, Settings(json=True))]


def unread() -> TextIO:
    """A pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


@pytest.mark.parametrize(("options", "settings"), FORMS)
def test_it_ends_quietly_where_nobody_reads(
    options: Options, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unread() as out:
        monkeypatch.setattr(sys, "stdout", out)
        put(RESULT, [], options, settings)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize(("options", "settings"), FORMS)
def test_a_full_disk_is_explained(options: Options, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(OutputError, match="No space left"):
            put(RESULT, [], options, settings)


def test_what_was_measured_is_printed_even_where_comparing_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BenchError):
        report({"clips": None}, RESULT, OPTIONS, Settings(json=True))
    assert json.loads(capsys.readouterr().out)["fingerprint"] == HERE


@pytest.fixture
def hangup() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("hangup")
def test_a_second_hang_up_does_not_interrupt_the_cleaning() -> None:
    end_on_signals()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGHUP)


@pytest.mark.usefixtures("hangup")
def test_under_nohup_a_closed_window_ends_nothing() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    end_on_signals()
    signal.raise_signal(signal.SIGHUP)
