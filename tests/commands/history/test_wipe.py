"""Wiping takes all of a log, says what it took, and takes nothing else."""

import io
import json
from pathlib import Path

import pytest

from app.commands.history import find_log, wipe
from app.errors import HistoryError
from app.outputs.log import LONGEST, Log, forget, last_log, remember, thumbnails_of
from tests.commands.history.logs import keep, line, write
from tests.terminal.stage import sentence


@pytest.fixture(autouse=True)
def last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another file remembers the last log, so that a developer's own stays remembered."""
    path = tmp_path / ".cache" / "last_log.json"
    for function in (remember, last_log, forget):
        monkeypatch.setattr(function, "__defaults__", (path,))
    return path


def wiped(log: Path | None) -> dict[str, object]:
    out = io.StringIO()
    assert wipe(str(log) if log else None, out, is_json=True) == 0
    return json.loads(out.getvalue())


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.rglob("*") if each.name != ".cache"}


def test_the_log_its_thumbnails_and_its_memory_go_and_are_named(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl", thumbnails=True)
    remember(log)
    out = io.StringIO()
    wipe(None, out, is_json=False)
    assert out.getvalue().splitlines() == [
        f"removed {log}.thumbnails",
        f"removed {log}",
        "removed 2 thumbnails",
    ]
    assert files(tmp_path) == set()
    with pytest.raises(HistoryError, match="no log yet"):
        find_log(None)


def test_json_says_the_same_in_one_object(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl", thumbnails=True)
    assert wiped(log) == {"removed": [f"{log}.thumbnails", str(log)], "thumbnails": 2, "forgotten": False, "left": []}


def test_the_memory_of_another_log_stays(tmp_path: Path) -> None:
    other = keep(tmp_path / "b.jsonl")
    remember(other)
    assert not wiped(keep(tmp_path / "a.jsonl"))["forgotten"]
    assert last_log() == other


FOREIGN = {
    "a diary": ["Dear diary,", "today it rained."],
    "another log": ['{"level": "info"}', line()],
    "a number": ["12", line()],
    "null": ["null", line()],
    "blanks": ["", " "],
    "half a line": [line()[:-5]],
    "a diary that a log was added to": ["dear diary", line(), line()],
    "a log that a note was added to": [line(), "buy milk"],
    "a log with another's record in it": [line(), '{"event": "sentence", "kind": "level"}', line()],
    "a log with a line that is endless": [line(), line("A" * LONGEST)],
}


@pytest.mark.parametrize("lines", FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_not_looksays_stays(tmp_path: Path, lines: list[str]) -> None:
    log = write(tmp_path / "a.jsonl", *lines)
    thumbnails_of(log).mkdir()
    before = log.read_bytes()
    with pytest.raises(HistoryError, match="not deleted: ") as failure:
        wiped(log)
    assert failure.value.hint
    assert (log.read_bytes(), thumbnails_of(log).is_dir()) == (before, True)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["dear diary", line()], "1 line that looksay did not write"),
        (["dear", "diary", line(), line()[:-5]], "2 lines that looksay did not write"),
        ([""], "no entry that looksay wrote"),
    ],
)
def test_how_much_of_a_file_is_not_looksays_is_told(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(HistoryError, match=said):
        wiped(write(tmp_path / "a.jsonl", *lines))


@pytest.mark.parametrize("torn", [line("Ä").encode().partition(b"\x84")[0], line()[:-5].encode(), line()[:4].encode()])
def test_a_run_that_broke_off_within_a_line_keeps_no_log_from_going(tmp_path: Path, torn: bytes) -> None:
    for lines in ([line(), torn], [line(), torn, line()]):
        log = write(tmp_path / "a.jsonl", *lines)
        log.write_bytes(log.read_bytes().removesuffix(b"\n"))
        wiped(log)
        assert files(tmp_path) == set()


def test_a_log_that_begins_with_a_broken_line_or_is_empty_goes(tmp_path: Path) -> None:
    for lines in ([line()[:-5], line()], []):
        wiped(write(tmp_path / "a.jsonl", *lines))
        assert files(tmp_path) == set()


def test_nothing_else_in_the_folder_of_thumbnails_goes(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl", thumbnails=True)
    folder = thumbnails_of(log)
    (folder / "holiday.jpg").touch()
    (folder / ".DS_Store").touch()
    (folder / "20261121-130000-000-1.jpg.d").mkdir()
    told = wiped(log)
    assert (told["left"], told["thumbnails"]) == ([str(folder)], 2)
    assert files(folder) == {"holiday.jpg", "20261121-130000-000-1.jpg.d"}
    assert not log.exists()


def test_what_only_the_finder_has_touched_goes_whole(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl", thumbnails=True)
    (thumbnails_of(log) / ".DS_Store").touch()
    assert not wiped(log)["left"]
    assert files(tmp_path) == set()


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "20261121-130000-000-1.jpg").touch()
    thumbnails_of(log).symlink_to(elsewhere)
    assert wiped(log)["left"] == [str(thumbnails_of(log))]
    assert len(files(elsewhere)) == 1


def test_a_log_behind_a_link_goes_with_the_link_and_its_memory(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    real, link = tmp_path / "disk" / "real.jsonl", tmp_path / "a.jsonl"
    link.symlink_to(real)
    keep(link, thumbnails=True)
    remember(link)
    told = wiped(None)
    assert told["removed"] == [f"{real}.thumbnails", str(real), str(link)]
    assert told["forgotten"]
    assert files(tmp_path) == {"disk"}


def test_thumbnails_whose_log_is_gone_can_still_be_wiped_and_then_there_is_nothing(tmp_path: Path) -> None:
    log = keep(tmp_path / "a.jsonl", thumbnails=True)
    remember(log)
    log.unlink()
    assert wiped(log) == {"removed": [f"{log}.thumbnails"], "thumbnails": 2, "forgotten": True, "left": []}
    with pytest.raises(HistoryError, match="no such log"):
        wiped(log)


def test_a_log_that_a_run_still_writes_to_stays_until_the_run_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    runs = [Log(path, pytest.fail), Log(path, pytest.fail)]
    runs[0].tell(sentence())
    for run in runs:
        with pytest.raises(HistoryError, match="still writes") as failure:
            wiped(path)
        assert "Ctrl-C" in failure.value.hint
        run.close()
    assert wiped(path)["removed"] == [str(path)]


def test_a_folder_is_never_taken_for_a_log(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="is a folder"):
        wiped(tmp_path)
