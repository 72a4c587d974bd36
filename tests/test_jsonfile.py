"""What is kept is there whole, and nothing that can happen to the file stops a start."""

import json
from pathlib import Path

import pytest

from app.jsonfile import as_line, load_cached, save_cached, write_atomically


def test_what_is_kept_is_recalled_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / ".cache" / "kept.json"
    save_cached(path, {"a": [1, "ä"]})
    save_cached(path, {"b": 2})
    assert load_cached(path) == {"b": 2}
    assert [each.name for each in path.parent.iterdir()] == ["kept.json"]


@pytest.mark.parametrize("spoilt", [b"", b"[]", b"3", b"{", b"\xff", b"[" * 100_000])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, spoilt: bytes) -> None:
    (tmp_path / "kept.json").write_bytes(spoilt)
    assert load_cached(tmp_path / "kept.json") == {}
    assert load_cached(tmp_path / "nowhere.json") == {}


def test_where_nothing_can_be_written_keeping_is_silent_and_writing_is_not(tmp_path: Path) -> None:
    (tmp_path / "kept.json").mkdir()
    save_cached(tmp_path / "kept.json", {})
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "kept.json", {})
    assert [each.name for each in tmp_path.iterdir()] == ["kept.json"]


def test_a_line_holds_every_name_of_a_file_as_it_is() -> None:
    record = {"picture": "caf\udce9 \u202f\u202e日本\n.png"}
    assert json.loads(as_line(record).encode()) == record
    assert "日本" in as_line(record)
