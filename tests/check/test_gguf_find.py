"""Which two files are meant is plain, or it is explained."""

from pathlib import Path

import pytest

from app.check.gguf_pair import Pair, find_pair
from app.models.corrupt_file import CorruptFile
from tests.fixtures.gguf_files import SMOLVLM, make_pair, make_sharded, shard


def refusal(path: Path) -> CorruptFile:
    with pytest.raises(CorruptFile) as caught:
        find_pair(path)
    assert caught.value.hint
    return caught.value


def test_the_mmproj_beside_the_model_is_taken(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    assert find_pair(text) == Pair(text, mmproj)


def test_a_folder_with_one_pair_is_enough(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    (tmp_path / "README.md").touch()
    assert find_pair(tmp_path) == Pair(text, mmproj)


def test_what_macos_keeps_beside_each_file_is_no_model(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    for each in (text, mmproj):
        each.with_name(f"._{each.name}").write_bytes(b"\0\5\x16\7")
    assert find_pair(tmp_path) == find_pair(text) == Pair(text, mmproj)


def test_an_mmproj_from_elsewhere_wins(tmp_path: Path) -> None:
    text, _ = make_pair("smolvlm", tmp_path)
    elsewhere = tmp_path / "other" / "mmproj.gguf"
    assert find_pair(text, elsewhere).mmproj == elsewhere


def test_a_model_may_be_alone(tmp_path: Path) -> None:
    text = SMOLVLM[0].write(tmp_path / "m.gguf")
    assert find_pair(tmp_path) == Pair(text, None)


def test_any_shard_stands_for_the_whole_model(tmp_path: Path) -> None:
    first, mmproj = make_sharded(tmp_path)
    assert find_pair(shard(first, 3)) == Pair(first, mmproj)
    assert find_pair(tmp_path) == Pair(first, mmproj)


def test_a_number_that_cannot_be_is_part_of_a_name(tmp_path: Path) -> None:
    text = SMOLVLM[0].write(tmp_path / "m-00001-of-00000.gguf")
    assert find_pair(text).text == text


def test_several_models_are_named(tmp_path: Path) -> None:
    make_pair("smolvlm", tmp_path)
    make_pair("lfm2-vl", tmp_path)
    assert refusal(tmp_path).code == "several-models"
    assert "lfm2-vl-Q8_0.gguf, smolvlm-Q8_0.gguf" in refusal(tmp_path).sentence


def test_several_mmprojs_are_named(tmp_path: Path) -> None:
    text, mmproj = make_pair("smolvlm", tmp_path)
    mmproj.with_name("mmproj-smolvlm-Q8_0.gguf").touch()
    assert refusal(text).code == "several-mmprojs"
    assert "mmproj-smolvlm-Q8_0.gguf, mmproj-smolvlm-f16.gguf" in refusal(text).sentence


def test_what_is_missing_is_said_to_be(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone").code == "missing"
    assert refusal(tmp_path).code == "no-gguf"
