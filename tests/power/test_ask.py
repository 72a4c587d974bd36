"""A program is asked, and whatever goes wrong is silence."""

from pathlib import Path

import pytest

from app.power import ask


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose programs are found first."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def program(folder: Path, script: str) -> None:
    file = folder / "pmset"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_what_it_prints_is_the_answer(programs: Path) -> None:
    program(programs, 'echo "asked for $*"; echo "to stderr" >&2')
    assert ask.answer("pmset", "-g", "batt") == "asked for -g batt\n"


@pytest.mark.parametrize("script", ["echo half an answer; exit 1", "echo half an answer; kill -9 $$", "true"])
def test_a_program_that_fails_has_said_nothing(programs: Path, script: str) -> None:
    program(programs, script)
    assert ask.answer("pmset") == ""


def test_a_program_that_is_not_there_says_nothing() -> None:
    assert ask.answer("looksay-has-no-such-program") == ""


def test_a_file_that_is_no_program_says_nothing(programs: Path) -> None:
    (programs / "pmset").write_text("no program")
    assert ask.answer("pmset") == ""


def test_a_program_that_hangs_is_ended(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "LIMIT_S", 0.3)
    program(programs, f"echo $$ > {programs}/pid; echo begun; exec sleep 1000")
    assert ask.answer("pmset") == ""
    if (programs / "pid").exists():  # a busy machine may not have come that far
        assert not Path(f"/proc/{(programs / 'pid').read_text().strip()}").exists()


def test_rubbish_is_passed_on_as_text(programs: Path) -> None:
    program(programs, r"printf '\377\376\000\033[2J'")
    assert isinstance(ask.answer("pmset"), str)
