"""What has changed since it was installed is told, and by name."""

import json
import os
from pathlib import Path

import pytest

from app.errors import ModelError
from app.store.lock import Entry, entries, marks, verify, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installed model."""
    folder = tmp_path / ".models" / "small"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(bytes(1000))
    write("small", entry(folder), tmp_path)
    return folder


def entry(folder: Path) -> Entry:
    return Entry("someone/small", "0123abcd", "pinned", {"bits": 4, "mlx": "0.32.4"}, marks(folder))


def test_what_is_written_is_what_is_read(folder: Path, tmp_path: Path) -> None:
    assert entries(tmp_path) == {"small": entry(folder)}


def test_an_untouched_folder_is_as_trusted_as_it_was(folder: Path, tmp_path: Path) -> None:
    assert verify(folder, tmp_path) == "pinned"


def test_a_folder_elsewhere_is_not_locked(tmp_path: Path) -> None:
    assert verify(tmp_path, tmp_path) == "not locked"


def test_one_changed_byte_is_found_and_its_file_named(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").write_bytes(bytes(999) + b"\1")
    with pytest.raises(ModelError, match=r"small/model\.safetensors has changed") as failure:
        verify(folder, tmp_path)
    assert "./install.sh --model small" in failure.value.remedy


def test_a_shorter_file_is_found(folder: Path, tmp_path: Path) -> None:
    os.truncate(folder / "model.safetensors", 10)
    with pytest.raises(ModelError, match=r"model\.safetensors has changed"):
        verify(folder, tmp_path)


def test_a_missing_file_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        verify(folder, tmp_path)


def test_an_added_file_is_named_also_in_a_folder_below(folder: Path, tmp_path: Path) -> None:
    (folder / "code").mkdir()
    (folder / "code" / "model.py").write_text("import os")
    with pytest.raises(ModelError, match=r"code/model\.py does not belong there"):
        verify(folder, tmp_path)


def test_a_dangling_link_counts_as_a_file(folder: Path, tmp_path: Path) -> None:
    (folder / "extra.json").symlink_to("nowhere")
    with pytest.raises(ModelError, match=r"extra\.json does not belong"):
        verify(folder, tmp_path)


def test_what_the_mac_puts_into_every_folder_does_no_harm(folder: Path, tmp_path: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"Bud1")
    assert verify(folder, tmp_path) == "pinned"


def test_losing_the_lock_file_does_not_turn_verifying_off(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".models" / "lock.json").unlink()
    with pytest.raises(ModelError, match="was not recorded at install"):
        verify(folder, tmp_path)


SPOILT = ("", "{", "[]", '{"small": 3}', '{"small": {"files": {}}}', '{"small": {"files": []}}')


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_spoilt_lock_file_is_explained(spoilt: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".models" / "lock.json").write_text(spoilt)
    with pytest.raises(ModelError, match=r"lock\.json cannot be read") as failure:
        verify(folder, tmp_path)
    assert "./install.sh" in failure.value.remedy


def test_a_spoilt_lock_file_is_begun_anew_by_the_next_installation(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".models" / "lock.json").write_text("{")
    write("small", entry(folder), tmp_path)
    assert verify(folder, tmp_path) == "pinned"


def test_a_second_model_leaves_the_first_locked(folder: Path, tmp_path: Path) -> None:
    write("other", entry(folder), tmp_path)
    assert set(entries(tmp_path)) == {"small", "other"}


def test_the_lock_file_is_one_json_object_and_nothing_is_left_beside_it(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / ".models" / "lock.json"
    assert json.loads(path.read_text())["small"]["files"]["config.json"]["size"] == 2
    assert sorted(each.name for each in path.parent.iterdir()) == ["lock.json", folder.name]
