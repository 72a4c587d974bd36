"""A GGUF file's header: its keys and its table of tensors, held against the file's size.

The file gguf.md of github.com/ggml-org/ggml describes the format; where llama.cpp's own reader (ggml/src/gguf.cpp)
is stricter, so is this one. A vocabulary of 150,000 words is passed over and searched, never built: the time depends
on the length of the header alone, and no weight is read. A hostile header costs at most about 40 MB and raises
`CorruptFile` like an ordinary accident.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod
from mmap import ACCESS_READ, mmap
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from struct import Struct
from typing import NoReturn

from app.models.corrupt_file import COUNT, MOST_BYTES, SIZE, CorruptFile, Mapped, PastTheEnd, refuse_placeholders, short

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MOST_KEYS, MOST_TENSORS = 2_048, 32_768
"""Real files have some dozens of keys and at most a few thousand tensors."""
MOST_OF_A_KEY, MOST_OF_A_NAME, MOST_DIMENSIONS = 256, 63, 4
"""Bytes of a key and of a tensor's name, and dimensions of a tensor; the last two are llama.cpp's own bounds."""
KEPT = 1_024
"""Of a long text, such as a chat template, this many bytes are kept."""
NUMBERS = {kind: Struct(f"<{form}") for kind, form in zip((*range(8), 10, 11, 12), "BbHhIif?Qqd", strict=True)}
TEXT, ARRAY = 8, 9
VOCABULARY = "tokenizer.ggml.tokens"
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
    40: (64, 36), 41: (128, 18), 42: (64, 18),
}  # fmt: skip
"""Elements and bytes of one block, by the number of its type in ggml.h. A type that is not here is newer than this."""
FOREIGN = {
    b"PK\x03\x04": "a zip archive, as PyTorch writes its weights",
    b"\x80": "a Python pickle",
    b"{": "a JSON text, such as a server's error message",
    **dict.fromkeys((b"tjgg", b"fmgg", b"lmgg", b"algg"), "in a format that llama.cpp gave up in 2023 (GGML)"),
}
"""What is found under the name of a GGUF file, by its first bytes."""


@dataclass(frozen=True, slots=True)
class Array:
    """The value of a key that holds many; they are passed over."""

    count: int


Value = bool | int | float | str | Array


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor, without its data."""

    shape: tuple[int, ...]
    """The innermost dimension first, as GGUF has it: a layer from 8 to 3 is (8, 3)."""
    kind: int
    """The number of its type in ggml.h, such as 8 for Q8_0."""
    offset: int
    """Bytes after the start of the data."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself."""

    keys: Mapping[str, Value]
    tensors: Mapping[str, Tensor]
    known_words: frozenset[str]
    """Those of the words asked for that are in the vocabulary."""
    data_start: int
    """Bytes from the start of the file."""


def read_header(path: Path, words: Collection[str] = ()) -> Header:
    """Read the header of one file and hold it against the file's size. `words`: to be looked for in the vocabulary.

    Raises:
        CorruptFile: `empty`, `lfs-pointer`, `html-page`, `not-gguf`, `truncated` or `header-spoilt`.
        OSError: the file cannot be opened or read.
    """
    about = path.stat()
    if not S_ISREG(about.st_mode):
        _refuse_kind(path, "a folder" if S_ISDIR(about.st_mode) else "no ordinary file")
    size = about.st_size
    with path.open("rb") as file:
        _refuse_other_kinds(path, file.read(512))
        with mmap(file.fileno(), min(size, MOST_BYTES), access=ACCESS_READ) as content:
            header = _read(Mapped(path, content, size, len(MAGIC)), words)
    _check_end(path, header, size)
    return header


def _read(file: Mapped, words: Collection[str]) -> Header:
    try:
        _check_version(file)
        tensor_count, key_count = file.number(SIZE), file.number(SIZE)
        if tensor_count > MOST_TENSORS or key_count > MOST_KEYS:
            file.refuse(f"it announces {tensor_count:,} tensors and {key_count:,} keys")
        keys, known = _keys(file, key_count, words)
        alignment = _alignment(file, keys.get("general.alignment", 32))
        tensors = _tensors(file, tensor_count, alignment)
    except (PastTheEnd, OverflowError):  # the latter: of a place beyond 2^63
        _refuse_endless(file)
    return Header(keys, tensors, known, -(-file.at // alignment) * alignment)


def _check_version(file: Mapped) -> None:
    version = file.number(COUNT)
    if version and version & 0xFFFF == 0:
        sentence = f"{file.path.name} is in big-endian order, which llama.cpp does not read on this machine"
        raise CorruptFile("header-spoilt", sentence, "take a conversion for x86 or ARM")
    if version not in VERSIONS:
        file.refuse(f"it is of version {version}, and llama.cpp reads {' and '.join(map(str, VERSIONS))}")


def _keys(file: Mapped, count: int, words: Collection[str]) -> tuple[dict[str, Value], frozenset[str]]:
    """The keys with their values, and those of the words that the vocabulary holds."""
    keys: dict[str, Value] = {}
    known: frozenset[str] = frozenset()
    for _ in range(count):
        key = file.name("key", MOST_OF_A_KEY)
        if key in keys:
            file.refuse(f"the key {short(key)} comes twice")
        kind = file.number(COUNT)
        start = file.at
        keys[key] = _value(file, key, kind)
        if key == VOCABULARY:
            known = frozenset(word for word in words if _holds(file, start, word))
    return keys, known


def _value(file: Mapped, key: str, kind: int) -> Value:
    if kind in NUMBERS:
        return file.number(NUMBERS[kind])  # type: ignore[no-any-return]  # its Struct knows the type, mypy does not
    if kind == TEXT:
        return file.text(KEPT)
    if kind != ARRAY:
        file.refuse(f"the key {short(key)} has a value of the unknown type {kind}")
    return _array(file, key)


def _array(file: Mapped, key: str) -> Array:
    kind, count = file.number(COUNT), file.number(SIZE)
    if kind in NUMBERS:
        file.skip(count * NUMBERS[kind].size)
    elif kind == TEXT:
        file.skip_texts(count)
    else:
        file.refuse(f"the key {short(key)} holds an array of the impossible type {kind}")
    return Array(count)


def _holds(file: Mapped, start: int, word: str) -> bool:
    """Whether the texts between `start` and here hold the word: its length goes before it, so no part can match."""
    raw = word.encode()
    return file.content.find(SIZE.pack(len(raw)) + raw, start, file.at) >= 0


def _alignment(file: Mapped, alignment: Value) -> int:
    if type(alignment) is not int or alignment <= 0 or alignment & (alignment - 1):
        file.refuse(f"its general.alignment, {short(alignment)}, is no power of two")
    return alignment


def _tensors(file: Mapped, count: int, alignment: int) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for _ in range(count):
        name = file.name("tensor name", MOST_OF_A_NAME)
        if name in tensors:
            file.refuse(f"the tensor {short(name)} comes twice")
        tensors[name] = _tensor(file, name)
        if tensors[name].offset % alignment:
            file.refuse(f"the data of {short(name)} do not begin at a multiple of {alignment} bytes")
    return tensors


def _tensor(file: Mapped, name: str) -> Tensor:
    dimensions = file.number(COUNT)
    if dimensions > MOST_DIMENSIONS:
        file.refuse(f"{short(name)} has {dimensions:,} dimensions")
    shape = tuple(file.number(SIZE) for _ in range(dimensions))
    kind = file.number(COUNT)
    if prod(shape) >= 2**60:
        file.refuse(f"{short(name)} has the impossible shape {short(shape)}")
    if shape and shape[0] % BLOCKS.get(kind, (1, 0))[0]:
        file.refuse(f"rows of {shape[0]:,} elements in {short(name)} do not fill whole blocks of type {kind}")
    return Tensor(shape, kind, file.number(SIZE))


def _check_end(path: Path, header: Header, size: int) -> None:
    due = max((header.data_start + each.offset + _bytes(each) for each in header.tensors.values()), default=0)
    if size < due:
        sentence = f"{path.name} is cut off: {size:,} bytes are there, and {due:,} are due in all"
        raise CorruptFile("truncated", sentence, f"download {path.name} again: it stopped too early")


def _bytes(tensor: Tensor) -> int:
    """Of its data; 0 where the type is unknown, so that a new one is no reason to refuse a file."""
    elements, size = BLOCKS.get(tensor.kind, (1, 0))
    return prod(tensor.shape) // elements * size


def _refuse_endless(file: Mapped) -> NoReturn:
    if file.size > len(file.content):
        file.refuse(f"it is longer than {MOST_BYTES:,} bytes, and no model needs that")
    sentence = f"{file.path.name} is cut off: {file.size:,} bytes are there, and its header alone is longer"
    raise CorruptFile("truncated", sentence, f"download {file.path.name} again: it stopped too early")


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    refuse_placeholders(path, start)
    if start.startswith(MAGIC):
        return
    if start[8:9] == b"{":
        _refuse_kind(path, "a safetensors file, for MLX and transformers")
    for magic, kind in FOREIGN.items():
        if start.startswith(magic):
            _refuse_kind(path, kind)
    _refuse_kind(path, f"none of a model's files (it begins with {short(start[:4])})")


def _refuse_kind(path: Path, kind: str) -> NoReturn:
    raise CorruptFile("not-gguf", f"{path.name} is {kind}, and not GGUF", "name a .gguf file, or download it again")
