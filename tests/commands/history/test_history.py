"""Looking back as a user does: a real run, its log and its thumbnails, and what history makes of them."""

import json
import os
import signal
from pathlib import Path

import cv2
import pytest

from app.outputs.log import thumbnails_of
from tests.commands.history.logs import line, write
from tests.running import ROOT, SLOW_S, Ended, environment, records, run, run_until, sentences, start
from tests.waiting import until


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a looksay that remembers its logs in a folder of its own."""
    for folder in ("app", "models"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    return dict(environment(PYTHONPATH=str(tmp_path), PYTHONSAFEPATH="1"))  # safe: not the app of this folder


def narrate(log: Path, home: dict[str, str], *more: str) -> Ended:
    ended = run_until(lambda told: len(sentences(told)) >= 2, log, "demo", *more, env=home)
    assert ended.code == 130, ended.err
    return ended


@pytest.mark.long
def test_what_a_run_has_said_is_found_again_without_naming_its_log(tmp_path: Path, home: dict[str, str]) -> None:
    ended = narrate(tmp_path / "day.jsonl", home)
    shown = run("history", env=home)
    sentences = [each[21:] for each in shown.out.splitlines() if "  notice: " not in each]
    assert (shown.code, shown.err) == (0, "")
    assert sentences == ended.sentences
    assert sentences
    assert run("history", "--find", sentences[0].upper(), "--since", "10m", env=home).out
    assert run("history", "--since", "2100-01-01", env=home).err == "notice: No matching entries.\n"


@pytest.mark.long
def test_thumbnails_are_kept_listed_and_wiped(tmp_path: Path, home: dict[str, str]) -> None:
    log = tmp_path / "day.jsonl"
    narrate(log, home, "--thumbnails")
    rows = [json.loads(each) for each in run("history", "--json", env=home).out.splitlines()]
    pictures = [row["thumbnail"] for row in rows if row["event"] == "sentence"]
    assert pictures
    assert all(max(cv2.imread(each).shape) == 320 for each in pictures)
    assert {each.name for each in thumbnails_of(log).iterdir()} == {os.path.basename(each) for each in pictures}
    wiped = json.loads(run("history", "--wipe", "--json", env=home).out)
    assert wiped["removed"] == [str(thumbnails_of(log)), str(log)]
    assert wiped["thumbnails"] == len(set(pictures))
    assert wiped["forgotten"]
    assert [each.name for each in tmp_path.rglob("*") if "day" in each.name] == []
    assert run("history", env=home).code == 1


def test_thumbnails_without_a_log_are_a_wrong_command_line(home: dict[str, str]) -> None:
    ended = run("demo", "--seconds", "1", "--thumbnails", env=home)
    assert (ended.code, ended.out) == (2, "")
    assert "--log" in ended.err


@pytest.mark.long
def test_the_log_of_a_killed_run_is_read_and_no_run_appears_to_hold_it(tmp_path: Path, home: dict[str, str]) -> None:
    log = tmp_path / "day.jsonl"
    process = start("demo", "--log", str(log), env=home)
    until(lambda: process.poll() is not None or '"sentence"' in (log.read_text() if log.exists() else ""), SLOW_S)
    busy = run("history", "--wipe", env=home)
    assert (busy.code, busy.out) == (1, "")
    assert "still writes" in busy.err
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SLOW_S)
    assert len(run("history", env=home).out.splitlines()) == len(records(log))
    assert run("history", "--wipe", env=home).code == 0


def test_without_a_log_there_is_nothing_to_look_back_at_and_that_is_explained(home: dict[str, str]) -> None:
    ended = run("history", env=home)
    assert (ended.code, ended.out) == (1, "")
    assert [each.split(":")[0] for each in ended.err.splitlines()] == ["error", "hint"]


def test_a_reader_that_leaves_ends_it_quietly_and_letters_stay_letters(tmp_path: Path, home: dict[str, str]) -> None:
    log = write(tmp_path / "a.jsonl", *[line(f"Grüße {number}.") for number in range(20_000)])
    process = start("history", "--log", str(log), env=home)
    assert process.stdout
    assert process.stdout.readline().endswith("Grüße 0.\n")
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=SLOW_S)
    assert (process.returncode, err) == (0, "")


def test_wiping_takes_neither_words_nor_times(tmp_path: Path, home: dict[str, str]) -> None:
    log = write(tmp_path / "a.jsonl", line())
    for more in (("--find", "red"), ("--since", "10m")):
        assert run("history", "--wipe", "--log", str(log), *more, env=home).code == 2
    assert log.exists()


def test_a_full_disk_behind_standard_output_is_explained_and_nothing_more_is_said(
    tmp_path: Path, home: dict[str, str]
) -> None:
    log = write(tmp_path / "a.jsonl", *[line()] * 5000)
    with open("/dev/full", "w") as full:
        ended = run("history", "--log", str(log), env=home, stdout=full)
    assert ended.code == 1
    assert [each.split(":")[0] for each in ended.err.splitlines()] == ["error", "hint"]


def test_history_loads_nothing_heavy(tmp_path: Path, home: dict[str, str]) -> None:
    log = write(tmp_path / "a.jsonl", line())
    ended = run("history", "--log", str(log), env={**home, "PYTHONPROFILEIMPORTTIME": "1"})
    loaded = {each.rsplit("|", 1)[-1].strip() for each in ended.err.splitlines() if each.startswith("import time:")}
    assert "app.commands.history" in loaded
    assert not loaded & {"numpy", "cv2", "mlx", "rich", "transformers", "PIL"}
