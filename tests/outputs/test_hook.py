"""A command for every alert, with real child processes: no shell, one at a time, and never the end of a run."""

import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import subprocesses
from app.errors import UsageError
from app.events import Notice
from app.outputs import hook
from app.outputs.hook import Hook
from tests.terminal.stage import ROOT, StandIn, is_running, notice, sentence
from tests.waiting import LIMIT_S, until

NOTED = """#!/bin/sh
# Notes its arguments, one a line, then waits for the file .go.
{ echo "began $$"; for each; do echo "| $each"; done; } >> "$0.log"
while [ ! -e "$0.go" ]; do sleep 0.02; done
echo "ended $$" >> "$0.log"
"""


class Bench:
    """A stand-in program, the command that runs it, and what it warned of."""

    def __init__(self, folder: Path, script: str = NOTED) -> None:
        self.program, self.warned = StandIn(folder, script, "notify"), list[Notice]()
        self.opened = list[Hook]()

    def opens(self, words: str = "{text}", limit_s: float = LIMIT_S) -> Hook:
        self.opened.append(Hook(f"{self.program.file} {words}", self.warned.append, limit_s))
        return self.opened[-1]

    def lines(self, start: str) -> list[str]:
        return [line.removeprefix(start) for line in self.program.log if line.startswith(start)]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """The end of a run leaves a command so long that a busy machine cuts none short."""
    monkeypatch.setattr(hook, "CLOSE_S", LIMIT_S)
    bench = Bench(tmp_path)
    yield bench
    bench.program.let_go()
    for each in bench.opened:
        each.close()


def alert(command: Hook, text: str = "A person at the door.") -> None:
    command.tell(sentence(text, "alert"))


SHELLISH = "$(touch hacked); `id` && rm -rf * | > 'x' \"y\" \\"


@pytest.mark.parametrize(
    ("words", "text", "given"),
    [
        ("{text}", "A person: since 12:00:01.", ["A person: since 12:00:01."]),
        ("-t 'it is {text}!' {text}", "A cat", ["-t", "it is A cat!", "A cat"]),
        ("no place", "A cat", ["no", "place"]),
        ("'{\"x\": {}, {0}, {text!r}}' {{text}}", "A", ['{"x": {}, {0}, {text!r}}', "{A}"]),
        ("{text}", SHELLISH, [SHELLISH]),
        ("{text}", "two\nlines\x00and\x1b[2J", ["two linesand[2J"]),
        ("{text}", "{text}", ["{text}"]),
    ],
)
def test_the_text_takes_its_places_whole_and_no_shell_reads_it(
    bench: Bench, words: str, text: str, given: list[str]
) -> None:
    bench.program.let_go()
    command = bench.opens(words)
    alert(command, text)
    command.close()
    assert bench.lines("| ") == given
    assert bench.warned == []


def test_only_alerts_start_it(bench: Bench) -> None:
    bench.program.let_go()
    command = bench.opens()
    for kind in ("scene", "change", "answer"):
        command.tell(sentence("Something.", kind))  # type: ignore[arg-type]
    command.tell(notice("error", "Something."))
    command.close()
    assert bench.program.log == []


def test_one_runs_at_a_time_and_the_newest_waits(bench: Bench) -> None:
    command = bench.opens()
    alert(command, "One.")
    until(lambda: bench.lines("| "))
    for text in ("Two.", "Three.", "Four."):
        alert(command, text)
    assert [each.kind for each in bench.warned] == ["command", "command"]
    assert [text in each.text for text, each in zip(("Two.", "Three."), bench.warned, strict=True)] == [True, True]
    assert "was skipped, as it was still busy with an earlier alert." in bench.warned[0].text
    bench.program.let_go()
    command.close()
    assert [line.split()[0] for line in bench.program.log] == ["began", "|", "ended", "began", "|", "ended"]
    assert bench.lines("| ") == ["One.", "Four."]


def test_what_it_prints_is_not_on_our_stdout_and_it_can_read_nothing(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.program.file.write_text('#!/bin/sh\necho loud; echo louder >&2; cat; echo "read" >> "$0.log"\n')
    command = bench.opens()
    alert(command)
    command.close()
    assert bench.program.log == ["read"]
    assert capfd.readouterr() == ("", "")


FAILING = {
    "failed: exit code 3: no such device": "#!/bin/sh\necho 'first' >&2\necho 'no such device' >&2\nexit 3\n",
    "failed: exit code 7": "#!/bin/sh\nexit 7\n",
    "failed: ended by signal 9": "#!/bin/sh\nkill -9 $$\n",
    "could not be started: Exec format error": "\x00\x01",
    "could not be started: No such file or directory": "#!/none/sh\n",
}


@pytest.mark.parametrize(("reason", "script"), FAILING.items(), ids=FAILING)
def test_a_failure_is_told_with_the_command_to_try_and_the_next_alert_starts_it_again(
    bench: Bench, reason: str, script: str
) -> None:
    bench.program.file.write_text(script)
    command = bench.opens()
    for count in (1, 2):
        alert(command, "It's a person.")
        until(lambda count=count: len(bench.warned) == count)
    assert {each.kind for each in bench.warned} == {"command"}
    assert bench.warned[0].text == f"The command {bench.program.file} {reason}. The alert was: It's a person."
    typed = bench.warned[0].hint.removeprefix("Try it in a terminal: ")
    assert shlex.split(typed) == [str(bench.program.file), "It's a person."]


STUCK = '#!/bin/sh\nsleep 600 &\necho "began $!" >> "$0.log"\necho "began $$" >> "$0.log"\nwait\n'


def test_one_that_takes_too_long_is_ended_with_all_that_it_started(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(subprocesses, "time", SimpleNamespace(monotonic=lambda: now[0]))
    bench.program.file.write_text(STUCK)
    alert(bench.opens(limit_s=1.0))
    until(lambda: len(bench.program.pids()) == 2)
    assert bench.warned == []
    now[0] += 1.1
    until(lambda: bench.warned)
    assert "was stopped after 1 s." in bench.warned[0].text
    assert len(bench.program.pids()) == 2
    for pid in bench.program.pids():
        until(lambda pid=pid: not is_running(pid))


def test_what_a_command_leaves_running_on_purpose_is_left_alone(bench: Bench) -> None:
    bench.program.file.write_text('#!/bin/sh\nsleep 600 &\necho "began $!" >> "$0.log"\n')
    command = bench.opens()
    alert(command)
    command.close()
    (left,) = bench.program.pids()
    assert is_running(left)
    os.kill(left, signal.SIGKILL)


def test_the_last_alert_of_a_run_has_its_command_too(bench: Bench) -> None:
    bench.program.let_go()
    command = bench.opens()
    alert(command)
    command.close()
    assert bench.lines("| ") == ["A person at the door."]


def test_the_end_of_a_run_does_not_wait_for_ever(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "CLOSE_S", 0.1)
    bench.program.file.write_text(STUCK)
    command = bench.opens()
    alert(command)
    until(lambda: len(bench.program.pids()) == 2)
    command.close()
    command.close()
    alert(command)
    until(lambda: not command.worker.thread.is_alive())
    assert not is_running(bench.program.pids()[1])
    assert ["was stopped as looksay quits." in each.text for each in bench.warned] == [True]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "name of a program"),
        ("   ", "name of a program"),
        ("{text}", "name of a program"),
        ("say-{text} x", "name of a program"),
        ("say 'it is", "No closing quotation"),
        ("no-such-program-here {text}", "no program 'no-such-program-here'"),
        (f"{ROOT}/README.md {{text}}", "no program"),
        (f"{ROOT} {{text}}", "no program"),
        ("~/x {text}", "no program"),
    ],
)
def test_what_cannot_be_run_is_refused_at_the_start(typed: str, message: str) -> None:
    with pytest.raises(UsageError, match="--then") as failure:
        Hook(typed, pytest.fail)
    assert message in failure.value.message
    assert failure.value.hint
    assert failure.value.exit_code == 2


