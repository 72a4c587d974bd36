"""The log keeps all that it is told, and never stands in the way of the run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from app.errors import OutputError
from app.events import Mute, Notice
from app.outputs.log import Log, forget, last_log, remember, thumbnails_of
from app.threads import Worker
from tests.needs import platform
from tests.terminal.stage import ROOT, again, asking, growing, notice, sentence, status
from tests.waiting import LIMIT_S, until


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_all_told_before_close_is_on_disk_after_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    log = Log(path, pytest.fail)
    for number in range(500):
        log.tell(sentence(f"Grüße {number}."))
    log.close()
    assert [row["text"] for row in rows(path)] == [f"Grüße {number}." for number in range(500)]


def test_a_line_is_there_as_soon_as_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    log = Log(path, pytest.fail)
    log.tell(sentence())
    until(lambda: path.read_text().endswith("\n"))
    log.close()


def test_growing_and_status_are_not_recorded_and_notices_are(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    log = Log(path, pytest.fail, now=lambda: 12.5)
    for each in (growing(), status(), notice(), sentence()):
        log.tell(each)
    log.close()
    assert [(row["event"], row["kind"]) for row in rows(path)] == [("notice", "camera lost"), ("sentence", "scene")]
    assert rows(path)[0]["seen_at"] == 12.5


def test_a_second_run_appends_and_mends_a_torn_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"event": "sentence", "kind": "scene", "text": "One."}\n{"event": "sen')
    log = Log(path, pytest.fail)
    log.tell(sentence())
    log.close()
    first, torn, last = path.read_text().splitlines()
    assert (json.loads(first)["event"], torn, json.loads(last)["event"]) == ("sentence", '{"event": "sen', "sentence")


def test_what_people_ask_is_not_written(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.jsonl", pytest.fail)
    for each in (growing(), status(), asking(), asking("what", 1), Mute(True), again(), sentence(), notice()):
        log.tell(each)
    log.close()
    assert [row["event"] for row in rows(tmp_path / "a.jsonl")] == ["sentence", "notice"]


def test_close_ends_the_thread_twice_is_fine_and_telling_afterwards_too(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.jsonl", pytest.fail)
    log.close()
    log.close()
    log.tell(sentence())
    assert not log.worker.thread.is_alive()
    assert log.banner.name.startswith("log ")


def test_a_file_that_cannot_be_opened_is_explained_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, hint in (
        (tmp_path, "name a log in it"),
        (tmp_path / "none" / "a.jsonl", "mkdir -p"),
        (tmp_path / "file" / "a.jsonl", "check the path"),
    ):
        with pytest.raises(OutputError) as failure:
            Log(path, pytest.fail)
        assert hint in failure.value.hint
        assert str(path) in failure.value.message


@platform("linux")
def test_a_log_whose_name_is_not_utf_8_names_its_thumbnails_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"a\xff.jsonl")
    log = Log(path, pytest.fail, thumbnails=thumbnails_of(path))
    log.tell(sentence())
    log.close()
    (row,) = rows(path)
    assert row["thumbnail"].startswith(f"{path.name}.thumbnails/")


FOREIGN = ("My notes.\n", '{\n  "event": "sentence"\n}\n', '{"picture": "a.png"}\n', "\n\nnotes", "\xff", "[]")


@pytest.mark.parametrize("text", FOREIGN)
def test_a_file_that_looksay_did_not_write_stays_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text, encoding="latin-1")
    (tmp_path / "link.jsonl").symlink_to(path)
    for name in ("notes.txt", "link.jsonl"):
        with pytest.raises(OutputError, match="was not written by looksay"):
            Log(tmp_path / name, pytest.fail)
    assert path.read_text(encoding="latin-1") == text


@pytest.mark.parametrize("text", ["", "\n", '{"event": "notice", "kind": "loading", "te'])
def test_what_a_run_may_have_left_is_appended_to(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    log = Log(path, pytest.fail)
    log.tell(sentence())
    log.close()
    assert path.read_text().startswith(text)
    assert json.loads(path.read_text().splitlines()[-1])["event"] == "sentence"


@platform("linux")
def test_a_full_disk_is_told_once_and_never_raised() -> None:
    warned: list[Notice] = []
    log = Log("/dev/full", warned.append)
    for _ in range(20):
        log.tell(sentence())
    log.close()
    assert [each.kind for each in warned] == ["log"]
    assert "No space left" in warned[0].text
    assert warned[0].hint


FILLING = """
import json, resource, sys
from app.outputs.log import Log
from tests.terminal.stage import sentence
from tests.waiting import until
warned = []
log = Log(sys.argv[1], warned.append)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
for number in range(9):
    log.tell(sentence(f"{number}."))
until(lambda: not log.worker.waiting)
until(lambda: warned)
resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
log.tell(sentence("There is room again."))
log.close()
print(len(warned))
"""


def test_a_disk_that_fills_leaves_no_torn_line_and_is_used_again_when_it_has_room(tmp_path: Path) -> None:
    """The limit on a file's size stands in for the disk: a part of a line is written, then an error comes."""
    path = tmp_path / "a.jsonl"
    command = [sys.executable, "-c", FILLING, path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)
    assert (done.stdout, done.stderr) == ("1\n", "")
    texts = [row["text"] for row in rows(path)]
    assert texts[0] == "0."
    assert texts[-1] == "There is room again."
    assert len(texts) < 9


def test_a_disk_that_does_not_answer_does_not_hold_up_the_run(tmp_path: Path) -> None:
    """A pipe that nobody empties stands in for it."""
    path = tmp_path / "slow"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    warned: list[Notice] = []
    log = Log(path, warned.append)
    told = sentence()
    for _ in range(Worker.ROOM + 1000):  # a pipe holds a few hundred lines itself
        log.tell(told)
    assert [each.kind for each in warned] == ["log"]
    os.set_blocking(reader, True)
    drain = Thread(target=lambda: [None for _ in iter(lambda: os.read(reader, 1 << 16), b"")])
    drain.start()
    log.close()
    drain.join()
    os.close(reader)
    assert not log.worker.thread.is_alive()


def test_the_log_written_last_is_remembered_whole_until_it_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = tmp_path / "last.json"
    monkeypatch.chdir(tmp_path)
    for name in ("a.jsonl", "b \udcff.jsonl"):
        Path(name).touch()
        remember(Path(name), last)
        assert last_log(last) == tmp_path / name
    assert not forget(tmp_path / "a.jsonl", last)
    assert forget(tmp_path / name, last)
    assert last_log(last) is None


@pytest.mark.parametrize("spoilt", ["", "[]", '{"log": 3}', '{"log": ""}', "{}"])
def test_a_memory_that_is_spoilt_is_none(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "last.json").write_text(spoilt)
    assert last_log(tmp_path / "last.json") is None


def test_thumbnails_lie_beside_the_log_itself(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "disk" / "real.jsonl")
    assert thumbnails_of(tmp_path / "link.jsonl") == tmp_path / "disk" / "real.jsonl.thumbnails"


