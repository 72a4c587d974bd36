"""What is agreed on: names, places, and the log that was written last."""

import os
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events import thumbnail_name
from app.outputs.logbook import forget, is_thumbnail, last_log, remember, thumbnails_of
from tests.terminal.stage import frame


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


def test_a_log_at_home_is_remembered_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.jsonl").touch()
    remember(Path("~/a.jsonl"), tmp_path / "last.json")
    assert last_log(tmp_path / "last.json") == tmp_path / "a.jsonl"


def test_a_pipe_is_not_remembered(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    remember(tmp_path / "pipe", tmp_path / "last.json")
    assert last_log(tmp_path / "last.json") is None


@pytest.mark.parametrize("spoilt", ["", "[]", '{"log": 3}', '{"log": ""}', "{}"])
def test_a_memory_that_is_spoilt_is_none(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "last.json").write_text(spoilt)
    assert last_log(tmp_path / "last.json") is None


def test_thumbnails_lie_beside_the_log_itself(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "disk" / "real.jsonl")
    assert thumbnails_of(tmp_path / "link.jsonl") == tmp_path / "disk" / "real.jsonl.thumbnails"


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)), st.integers(0), st.text())
def test_every_name_that_is_given_is_known_again(at: datetime, number: int, camera: str) -> None:
    assert is_thumbnail(name_at(at, number, camera))


def test_a_later_frame_comes_later_in_a_listing() -> None:
    names = [name_at(datetime(2026, 11, day, 9, 0, 0, ms * 1000), 7) for day in (1, 11, 21) for ms in (0, 9, 100)]
    assert names == sorted(names)


def name_at(at: datetime, number: int, camera: str = "") -> str:
    seen_at = at.timestamp() - time.time() + time.monotonic()
    return thumbnail_name(replace(frame(number), seen_at=seen_at, camera=camera))


@pytest.mark.parametrize("name", ["", "a.jpg", "../20261121-090000-100-7.jpg", "20261121-090000-100-7.jpg\n", "x.png"])
def test_no_other_name_is(name: str) -> None:
    assert not is_thumbnail(name)
