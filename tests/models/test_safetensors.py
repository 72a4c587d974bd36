"""Headers of safetensors files: read without their data, and refused with a code and the exact reason."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from app.models.corrupt_file import CorruptFile
from app.models.safetensors import MOST_BYTES, Header, Tensor, read_header

ROOT = Path(__file__).parents[2]
GOOD = {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]}}  # fmt: skip


def write(path: Path, header: Any, data: int = 32, length: int | None = None) -> Path:
    """A file with this header (an object, or text as it stands) and `data` bytes after it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + bytes(data))
    return path


def changed(**change: Any) -> dict[str, Any]:
    return {**GOOD, "b": {**GOOD["b"], **change}}


def refusal(path: Path) -> CorruptFile:
    with pytest.raises(CorruptFile) as caught:
        read_header(path)
    assert caught.value.sentence.isprintable()
    assert caught.value.hint
    return caught.value


def test_names_types_and_shapes_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", {"__metadata__": {"format": "mlx"}, **GOOD})
    assert read_header(path) == Header({"a": Tensor("F32", (2, 3)), "b": Tensor("BF16", (4,))}, {"format": "mlx"})


def test_a_file_of_many_gigabytes_is_read_like_a_small_one(tmp_path: Path) -> None:
    """A file with a hole: reading that would take minutes."""
    size = 40 * 2**30
    path = write(tmp_path / "m.safetensors", {"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}, 0)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + size)
    assert read_header(path).tensors["a"].shape == (size,)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "empty", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "lfs-pointer", "pointer"),
        (b"\n <!DOCTYPE html><html>", "html-page", "web page"),
        (b"<html><body>Not found", "html-page", "web page"),
        (b'{"error": "Repository not found"}', "not-safetensors", "JSON"),
        (b"PK\x03\x04" + bytes(100), "not-safetensors", "zip"),
        (b"\x80\x02}q\x00." + bytes(100), "not-safetensors", "pickle"),
        (b"GGUF\x03\0\0\0" + bytes(100), "not-safetensors", "GGUF"),
        (bytes(4096), "not-safetensors", "no header begins"),
        (b"\x10\0\0", "truncated", "3 bytes"),
    ],
)
def test_what_is_not_safetensors_is_called_by_its_name(tmp_path: Path, content: bytes, code: str, words: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    spoilt = refusal(path)
    assert spoilt.code == code
    assert words in spoilt.sentence


def test_a_cut_file_is_told_to_the_byte(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", GOOD)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    assert f"{len(whole) - 7:,} bytes are there, and {len(whole):,} are due" in refusal(path).sentence
    path.write_bytes(whole[:60])
    assert "60 bytes are there" in refusal(path).sentence
    assert refusal(path).code == "truncated"


def test_bytes_after_the_last_tensor_are_told(tmp_path: Path) -> None:
    spoilt = refusal(write(tmp_path / "m.safetensors", GOOD, data=37))
    assert spoilt.code == "trailing-bytes"
    assert "5 bytes after" in spoilt.sentence


@pytest.mark.parametrize(
    "header",
    [
        b'{"a": ',
        b'{"a": [1, 2]}',
        b'{"a": NaN}',
        b'{"a": \xff\xfe}',
        b'{"a":' * 30_000,
        b'{"a":' + b"[" * 200_000,
        b'{"a":' + b"9" * 100_000 + b"}",
        b'{"__metadata__": {"format": 1}}',
        b'{"__metadata__": []}',
        b'{"\\ud800": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}, "a": 1}',
        changed(dtype="F99"),
        changed(dtype=[[]]),
        changed(shape=4),
        changed(shape=[4.0]),
        changed(shape=[True] * 4),
        changed(shape=[-4]),
        changed(shape=[5]),
        changed(shape=[2**70]),
        changed(shape=[1] * 100),
        changed(data_offsets=[24]),
        changed(data_offsets=[32, 24]),
        changed(data_offsets=[0, 8]),
        changed(data_offsets=[26, 34]),
        changed(data_offsets=["24", "32"]),
        changed(data_offsets=[2**64, 2**64 + 8]),
        {**GOOD, "b": {"dtype": "BF16", "shape": [4]}},
        {**GOOD, "b": {**GOOD["b"], "more": 1}},
    ],
)
def test_a_spoilt_header_is_refused(tmp_path: Path, header: Any) -> None:
    assert refusal(write(tmp_path / "m.safetensors", header)).code == "header-spoilt"


@pytest.mark.parametrize("length", [MOST_BYTES + 1, 2**40, 2**64 - 1])
def test_a_header_of_absurd_length_is_not_even_read(tmp_path: Path, length: int) -> None:
    assert refusal(write(tmp_path / "m.safetensors", GOOD, length=length)).code == "header-spoilt"


def test_a_header_of_nothing_but_brackets_is_refused_before_it_grows(tmp_path: Path) -> None:
    spoilt = refusal(write(tmp_path / "m.safetensors", b'{"a":[' + b"[]," * 150_000 + b"[]]}"))
    assert "values" in spoilt.sentence
