"""A safetensors file's header: names, types and shapes of its tensors, held against the file's size.

The format is 8 bytes with the header's length, the header in JSON, then the data without gaps (its description is the
README of github.com/huggingface/safetensors). Nothing after the header is read, so a file of many gigabytes takes as
long as a small one. A hostile header costs at most about 45 MB and raises `CorruptFile` like an ordinary accident.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any, NoReturn

from app.models.corrupt_file import CorruptFile, refuse_placeholders, short

MOST_BYTES = 3_000_000
"""The longest header that is read: room for about 25,000 tensors, where a model of 7 billion has under 3,000."""
MOST_VALUES = 200_000
"""How many values it may hold; a header of nothing but brackets would grow to fifty times its size."""
MOST_DIMENSIONS = 16
BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip
"""Of one element, by dtype."""
FOREIGN = {
    b"PK\x03\x04": "a zip archive, as PyTorch writes its weights",
    b"\x80": "a Python pickle",
    b"GGUF": "a GGUF file, which llama.cpp reads",
    b"\x1f\x8b": "a gzip archive",
    b"{": "a JSON text, such as a server's error message",
}
"""What is found under the name of weights, by its first bytes."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor, without its data."""

    dtype: str
    """As the format spells it, such as `BF16`."""
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    """Free words of the program that wrote it, such as `format`."""


def read_header(path: Path) -> Header:
    """Read the header of one file and hold it against the file's size.

    Raises:
        CorruptFile: `empty`, `lfs-pointer`, `html-page`, `not-safetensors`, `truncated`, `header-spoilt` or
            `trailing-bytes`.
        OSError: the file cannot be opened or read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(512)
        _refuse_other_kinds(path, start, size)
        length = int.from_bytes(start[:8], "little")
        _check_length(path, start, length, size)
        file.seek(8)
        raw = file.read(length)
    entries = _parse(path, raw)
    metadata = _metadata(path, entries.pop("__metadata__", {}))
    spans = {name: _tensor(path, name, entry) for name, entry in entries.items()}
    _check_end(path, size, 8 + length + _data_bytes(path, [span for _, span in spans.values()]))
    return Header({name: tensor for name, (tensor, _) in spans.items()}, metadata)


def _refuse_other_kinds(path: Path, start: bytes, size: int) -> None:
    refuse_placeholders(path, start)
    for magic, kind in FOREIGN.items():
        if start.startswith(magic) and start[8:9] != b"{":
            hint = "take a folder with *.safetensors, or download the file again"
            raise CorruptFile("not-safetensors", f"{path.name} is {kind}, and not safetensors", hint)
    if size < 8:
        sentence = f"{path.name} is cut off: it has {size} bytes, and a header needs more"
        raise CorruptFile("truncated", sentence, f"download {path.name} again")


def _check_length(path: Path, start: bytes, length: int, size: int) -> None:
    """The first bytes decide between a file that was cut and one that never was what it is called."""
    if start[8:9] not in (b"{", b""):
        hint = "take a folder with *.safetensors, or download the file again"
        raise CorruptFile("not-safetensors", f"{path.name} is not safetensors: no header begins at its start", hint)
    if length > MOST_BYTES:
        _refuse(path, f"it announces {length:,} bytes, and no model needs more than {MOST_BYTES:,}")
    if 8 + length > size:
        _refuse_cut(path, size, 8 + length, "for its header alone")


def _parse(path: Path, raw: bytes) -> dict[str, Any]:
    """The header as JSON: one object, without keys that come twice."""
    if sum(map(raw.count, (b",", b"[", b"{"))) > MOST_VALUES:
        _refuse(path, f"it has more than {MOST_VALUES:,} values")
    try:
        entries = json.loads(raw.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        _refuse(path, f"it is no JSON ({short(error)})", error)
    if not isinstance(entries, dict):
        _refuse(path, "it is no JSON object")
    return entries


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _metadata(path: Path, entry: object) -> dict[str, str]:
    """Nothing said is null where MLX wrote the file."""
    if entry is None:
        return {}
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        _refuse(path, "its __metadata__ is not a table of words")
    return entry


def _tensor(path: Path, name: str, entry: object) -> tuple[Tensor, tuple[int, int]]:
    """One tensor, and where its data begin and end: bytes after the header."""
    if not name.isprintable():
        _refuse(path, "a tensor's name cannot be printed")
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        _refuse(path, f"{short(name)} does not say dtype, shape and data_offsets")
    dtype, shape, span = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        shown = short(dtype) if isinstance(dtype, str) else "which is no word"
        _refuse(path, f"{short(name)} has an unknown dtype, {shown}")
    if not _counts(shape) or len(shape) > MOST_DIMENSIONS or not _counts(span) or len(span) != 2:
        _refuse(path, f"the shape or the offsets of {short(name)} are no counts")
    if span[1] - span[0] != -(-prod(shape) * BITS[dtype] // 8):
        _refuse(path, f"the offsets of {short(name)} do not fit {dtype} of shape {short(shape)}")
    return Tensor(dtype, tuple(shape)), (span[0], span[1])


def _counts(entry: object) -> bool:
    """Whole numbers of a size that a disk could hold; True and 1.0 are none."""
    return isinstance(entry, list) and all(type(each) is int and 0 <= each < 2**60 for each in entry)


def _data_bytes(path: Path, spans: list[tuple[int, int]]) -> int:
    """Length of the data, which the tensors must fill without gap or overlap."""
    spans.sort()
    ends = [end for _, end in spans]
    for (begin, end), last in zip(spans, chain([0], ends), strict=False):
        if begin != last:
            _refuse(path, f"data from {begin:,} to {end:,} do not follow on what ends at {last:,}")
    return ends[-1] if ends else 0


def _check_end(path: Path, size: int, due: int) -> None:
    if size < due:
        _refuse_cut(path, size, due, "in all")
    if size > due:
        sentence = f"{path.name} has {size - due:,} bytes after its last tensor ({size:,} instead of {due:,})"
        raise CorruptFile("trailing-bytes", sentence, f"download {path.name} again, into a new file")


def _refuse_cut(path: Path, size: int, due: int, what: str) -> NoReturn:
    sentence = f"{path.name} is cut off: {size:,} bytes are there, and {due:,} are due {what}"
    raise CorruptFile("truncated", sentence, f"download {path.name} again: it stopped too early")


def _refuse(path: Path, why: str, cause: BaseException | None = None) -> NoReturn:
    raise CorruptFile(
        "header-spoilt", f"the header of {path.name} is spoilt: {why}", f"download {path.name} again"
    ) from cause
