"""Headers of GGUF files: read without their data, and refused with a code and the exact reason."""

import os
import struct
import tracemalloc
from pathlib import Path

import pytest

from app.models.corrupt_file import MOST_BYTES, CorruptFile
from app.models.gguf import MOST_KEYS, MOST_TENSORS, Array, Header, Tensor, read_header
from tests.fixtures.gguf_files import ARRAY, Gguf, Short, Signed, text, value

GOOD = Gguf(
    {"general.architecture": "llama", "llama.block_count": 2, "is_small": True, "scale": 0.5, "split.no": Short(1)},
    {"a": (2, 3), "b": (4,)},
)


def refusal(path: Path) -> CorruptFile:
    with pytest.raises(CorruptFile) as caught:
        read_header(path)
    assert caught.value.sentence.isprintable()
    assert caught.value.hint
    return caught.value


def raw(path: Path, *parts: bytes, tensors: int = 0, keys: int = 0, version: int = 3) -> Path:
    """A file with this head and whatever parts come after it."""
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + b"".join(parts))
    return path


def entry(name: str, *shape: int, kind: int = 0, offset: int = 0) -> bytes:
    """One line of the table of tensors."""
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


@pytest.mark.parametrize("version", [2, 3])
def test_keys_and_tensors_are_read_as_they_were_written(tmp_path: Path, version: int) -> None:
    header = read_header(Gguf(GOOD.keys, GOOD.tensors, version).write(tmp_path / "m.gguf"))
    assert header.keys == GOOD.keys
    assert header.tensors == {"a": Tensor((2, 3), 0, 0), "b": Tensor((4,), 0, 32)}
    assert header.data_start == -(-len(GOOD.header()) // 32) * 32


def test_of_arrays_only_the_length_is_kept(tmp_path: Path) -> None:
    keys = {"words": ["a", "", "ccc"], "kinds": [Signed(1)] * 5, "bits": [True, False]}
    assert read_header(Gguf(keys).write(tmp_path / "m.gguf")).keys == {
        "words": Array(3),
        "kinds": Array(5),
        "bits": Array(2),
    }


def test_words_are_found_in_the_vocabulary_and_nowhere_else(tmp_path: Path) -> None:
    keys = {"tokenizer.ggml.merges": ["<merged>"], "tokenizer.ggml.tokens": ["<image>", "x<row>", "né"], "a": "<text>"}
    path = Gguf(keys).write(tmp_path / "m.gguf")
    assert read_header(path, ("<image>", "<row>", "né", "<merged>", "<text>")).known_words == {"<image>", "né"}


def test_gigabytes_of_data_are_not_read(tmp_path: Path) -> None:
    """Sparse: the file has its size and no data."""
    path = Gguf(GOOD.keys, {"big": (1024, 1024, 1280)}).write(tmp_path / "m.gguf")
    assert path.stat().st_size > 5 * 2**30
    assert read_header(path).tensors["big"].shape == (1024, 1024, 1280)


def traced(path: Path, *words: str) -> tuple[Header, int]:
    """The header, and the most bytes that reading it held at once."""
    tracemalloc.start()
    try:
        header = read_header(path, words)
        return header, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_vocabulary_of_150_000_words_is_never_built(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(150_000)]
    keys = {"tokenizer.ggml.tokens": words, "tokenizer.ggml.merges": [f"{word} x" for word in words]}
    header, peak = traced(Gguf(keys, {"a": (32,)}).write(tmp_path / "m.gguf"), "word149999", "word150000")
    assert header.known_words == {"word149999"}
    assert peak < 1_000_000


@pytest.mark.long
def test_the_largest_header_that_is_read_takes_less_than_64_mb(tmp_path: Path) -> None:
    """As many keys and tensors as there may be, with names as long, in letters that Python keeps in four bytes each."""
    value_of_text = struct.pack("<IQ", 8, 1028) + "😀".encode() * 2 + b"\xff" * 1020
    keys = b"".join(text(f"{number:04}".rjust(62, "😀")[-63:]) + value_of_text for number in range(MOST_KEYS))
    names = (f"{number:05}" + "😀" * 14 for number in range(MOST_TENSORS))
    tensors = b"".join(entry(name, 2**13, 2**14, 2**15, 2**15, kind=999, offset=2**32) for name in names)
    path = raw(tmp_path / "m.gguf", keys, tensors, tensors=MOST_TENSORS, keys=MOST_KEYS)
    os.truncate(path, 2**33)
    header, peak = traced(path)
    assert (len(header.keys), len(header.tensors)) == (MOST_KEYS, MOST_TENSORS)
    assert peak < 64 * 2**20


def test_quantized_tensors_are_counted_by_their_blocks(tmp_path: Path) -> None:
    """Q8_0: 34 bytes for 32 elements."""
    path = raw(tmp_path / "m.gguf", entry("a", 64, kind=8), tensors=1)
    os.truncate(path, 64 + 67)
    assert refusal(path).sentence == "m.gguf is cut off: 131 bytes are there, and 132 are due in all"
    os.truncate(path, 64 + 68)
    assert read_header(path).data_start == 64


def test_what_a_cut_file_lacks_is_told_to_the_byte(tmp_path: Path) -> None:
    path = GOOD.write(tmp_path / "m.gguf")
    due = read_header(path).data_start + 32 + 16
    os.truncate(path, due - 1)
    assert refusal(path).code == "truncated"
    assert f"{due - 1:,} bytes are there, and {due:,} are due in all" in refusal(path).sentence


def test_a_file_cut_anywhere_in_its_header_is_told_from_a_spoilt_one(tmp_path: Path) -> None:
    whole = GOOD.header()
    for length in range(4, len(whole)):
        path = tmp_path / "m.gguf"
        path.write_bytes(whole[:length])
        assert refusal(path).code == "truncated"


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (b"", "empty", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "lfs-pointer", "Git LFS"),
        (b"\n<!doctype html><html></html>", "html-page", "web page"),
        (struct.pack("<Q", 2) + b"{}", "not-gguf", "safetensors"),
        (b"tjgg" + bytes(40), "not-gguf", "2023"),
        (b"PK\x03\x04" + bytes(40), "not-gguf", "zip"),
        (b"\x80\x02}q\x00.", "not-gguf", "pickle"),
        (b'{"error": "gated"}', "not-gguf", "JSON"),
        (b"hello", "not-gguf", "hell"),
        (b"GG", "not-gguf", "GG"),
    ],
)
def test_other_kinds_of_files_are_named(tmp_path: Path, content: bytes, code: str, word: str) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    assert refusal(path).code == code
    assert word in refusal(path).sentence


HUGE = 2**60
HOSTILE = {
    "keys without end": ((), {"keys": HUGE}),
    "tensors without end": ((), {"tensors": HUGE}),
    "as many keys as no file has": ((), {"keys": MOST_KEYS + 1}),
    "version 1": ((), {"version": 1}),
    "version 4": ((), {"version": 4}),
    "big-endian": ((), {"version": 3 << 24}),
    "a key of no letters": ((text(""), value(1)), {"keys": 1}),
    "a key of 300 letters": ((text("k" * 300), value(1)), {"keys": 1}),
    "a key that comes twice": ((text("k"), value(1), text("k"), value(2)), {"keys": 2}),
    "a text longer than any header": ((text("k"), struct.pack("<IQ", 8, HUGE)), {"keys": 1}),
    "an array longer than any header": ((text("k"), struct.pack("<IIQ", ARRAY, 0, MOST_BYTES + 1)), {"keys": 1}),
    "texts without end": ((text("k"), struct.pack("<IIQ", ARRAY, 8, 2**62)), {"keys": 1}),
    "an array of arrays": ((text("k"), struct.pack("<IIQ", ARRAY, ARRAY, 1)), {"keys": 1}),
    "a value of no known type": ((text("k"), struct.pack("<I", 13)), {"keys": 1}),
    "an alignment of 0": ((text("general.alignment"), value(0)), {"keys": 1}),
    "an alignment of 24": ((text("general.alignment"), value(24)), {"keys": 1}),
    "an alignment in words": ((text("general.alignment"), value("32")), {"keys": 1}),
    "a tensor that comes twice": ((entry("a", 1), entry("a", 1)), {"tensors": 2}),
    "a tensor's name of 64 letters": ((entry("a" * 64, 1),), {"tensors": 1}),
    "five dimensions": ((entry("a", 1, 1, 1, 1, 1),), {"tensors": 1}),
    "dimensions without end": ((text("a"), struct.pack("<I", 2**32 - 1)), {"tensors": 1}),
    "a product beyond all disks": ((entry("a", 2**40, 2**40),), {"tensors": 1}),
    "rows that fill no block": ((entry("a", 33, kind=8),), {"tensors": 1}),
    "data between two multiples of 32": ((entry("a", 1, offset=8),), {"tensors": 1}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers_are_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    parts, counts = HOSTILE[name]
    assert refusal(raw(tmp_path / "m.gguf", *parts, bytes(64), **counts)).code == "header-spoilt"


def test_a_header_without_end_in_a_large_file_is_given_up(tmp_path: Path) -> None:
    """A hole of zeros holds as many empty texts as anybody may announce."""
    start = text("k") + struct.pack("<IIQ", ARRAY, 8, MOST_BYTES // 8)
    path = raw(tmp_path / "m.gguf", start, keys=1)
    os.truncate(path, 2 * MOST_BYTES)
    assert "longer than" in refusal(path).sentence


