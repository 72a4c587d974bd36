"""Headers gone wrong: bytes of good ones changed at random, and well-formed ones that say hostile things.

Everything follows from the `Random` that is handed in, so that a number is enough to have the same header again.
"""

import json
import struct
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.fixtures.gguf_files import PAIRS, Gguf, text


def shortened(keys: Mapping[str, Any]) -> dict[str, Any]:
    """With arrays of ten: long ones take time and show nothing more."""
    return {key: value[-10:] if isinstance(value, list) else value for key, value in keys.items()}


EXTREMES = (0, 1, 2, 7, 31, 255, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**60, 2**62, 2**63 - 1, 2**63)
EXTREMES = (*EXTREMES, 2**64 - 9, 2**64 - 8, 2**64 - 1)
SMALL = {"token_embd.weight": (8, 4), "blk.0.ffn_up.weight": (8,), "output_norm.weight": (1,)}
GGUFS = [Gguf(shortened(half.keys), SMALL).whole() for pair in PAIRS.values() for half in pair]
TENSORS = {
    f"layer.{number}.weight": {"dtype": "F16", "shape": [4, 8], "data_offsets": [64 * number, 64 * number + 64]}
    for number in range(5)
}


def changed(content: bytes, random: Random) -> bytes:
    """One to three changes, each of any kind."""
    for _ in range(random.randint(1, 3)):
        content = random.choice(CHANGES)(content, random)
    return content


def _flip(content: bytes, random: Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(random.randint(1, 8)):
        if flipped:
            flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _cut(content: bytes, random: Random) -> bytes:
    return content[: random.randint(0, len(content))]


def _insert(content: bytes, random: Random) -> bytes:
    at = random.randint(0, len(content))
    return content[:at] + random.randbytes(random.randint(1, 64)) + content[at:]


def _drop(content: bytes, random: Random) -> bytes:
    at = random.randint(0, len(content))
    return content[:at] + content[at + random.randint(1, 64) :]


def _repeat(content: bytes, random: Random) -> bytes:
    at = random.randint(0, len(content))
    piece = content[at : at + random.randint(1, 256)]
    return content[:at] + piece * random.randint(2, 40) + content[at:]


def _extreme(content: bytes, random: Random) -> bytes:
    """A number of 8 or 4 bytes, most often near the start, where the counts are."""
    at = random.randint(0, min(len(content), random.choice((32, 400, len(content)))))
    raw = struct.pack("<Q", random.choice(EXTREMES))[: random.choice((4, 8))]
    return content[:at] + raw + content[at + len(raw) :]


def _lengthen(content: bytes, random: Random) -> bytes:
    return content + bytes(random.choice((1, 100, 10_000)))


CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (_flip, _cut, _insert, _drop, _repeat, _extreme, _lengthen)


def gguf(random: Random) -> bytes:
    """A GGUF header gone wrong."""
    return changed(random.choice(GGUFS), random) if random.random() < 0.6 else _hostile_gguf(random)


def _hostile_gguf(random: Random) -> bytes:
    keys = [_key(random) for _ in range(random.randint(0, 6))]
    tensors = [_tensor(random) for _ in range(random.randint(0, 6))]
    counts = [_about(len(tensors), random), _about(len(keys), random)]
    version = random.choice((3, 3, 3, 3, 2, 1, 0, 4, 3 << 24))
    start = b"GGUF" + struct.pack("<IQQ", version, *counts)
    return start + b"".join(keys + tensors) + bytes(random.choice((0, 64, 4096)))


def _about(number: int, random: Random) -> int:
    """The number, or one that is far off."""
    return number if random.random() < 0.85 else random.choice(EXTREMES)


def _text(random: Random) -> bytes:
    raw = random.choice(
        (b"", b"a", b"general.alignment", b"tokenizer.ggml.tokens", random.randbytes(random.randint(0, 300)))
    )
    return struct.pack("<Q", _about(len(raw), random)) + raw


def _key(random: Random) -> bytes:
    kind = random.choice((*range(14), 2**31, 2**32 - 1))
    if kind == 8:
        return _text(random) + struct.pack("<I", kind) + _text(random)
    if kind == 9:
        return _text(random) + struct.pack("<I", kind) + _array(random)
    return _text(random) + struct.pack("<I", kind) + random.randbytes(random.choice((1, 2, 4, 8)))


def _array(random: Random) -> bytes:
    kind, count = random.choice((*range(14), 8, 8, 8)), random.randint(0, 20)
    content = b"".join(_text(random) for _ in range(count)) if kind == 8 else random.randbytes(count * 4)
    return struct.pack("<IQ", kind, _about(count, random)) + content


def _tensor(random: Random) -> bytes:
    shape = [random.choice((1, 32, 256, *EXTREMES)) for _ in range(random.randint(0, 5))]
    ends = struct.pack("<IQ", random.choice((0, 1, 8, 12, 31, 999, 2**32 - 1)), random.choice((0, 32, 64, *EXTREMES)))
    return (
        text(f"t{random.randint(0, 3)}")
        + struct.pack(f"<I{len(shape)}Q", _about(len(shape), random) % 2**32, *shape)
        + ends
    )


def safetensors(random: Random) -> bytes:
    """A safetensors header gone wrong."""
    raw = json.dumps(TENSORS).encode() if random.random() < 0.5 else _hostile_json(random)
    whole = struct.pack("<Q", _about(len(raw), random)) + raw + bytes(random.choice((0, 64, 64 * len(TENSORS))))
    return changed(whole, random) if random.random() < 0.6 else whole


def _hostile_json(random: Random) -> bytes:
    draws: tuple[Callable[[Random], bytes], ...] = (_odd_tensors, _bare, _deep, _many)
    return random.choices(draws, weights=(20, 3, 1, 1))[0](random)


def _odd_tensors(random: Random) -> bytes:
    """Tensors with a value or two that none should have."""
    entries = {name: dict(entry) for name, entry in TENSORS.items()}
    for _ in range(random.randint(1, 2)):
        name = random.choice(list(entries))
        field = random.choice(("dtype", "shape", "data_offsets", "extra"))
        entries[name][field] = _odd(random)
    if random.random() < 0.3:
        entries["__metadata__"] = _odd(random)
    return json.dumps(entries).encode("utf-8", "surrogatepass")


def _odd(random: Random, depth: int = 0) -> Any:
    number = random.choice((*EXTREMES, -1, -(2**63), 10**400, 1.5, 1e308, float("nan"), float("inf")))
    plain = (None, True, False, number, str(number), "F16", "BF16", "\ud800", "\x1b[2J", "x" * 500, "")
    if depth > 3 or random.random() < 0.5:
        return random.choice(plain)
    several = [_odd(random, depth + 1) for _ in range(random.randint(0, 4))]
    return several if random.random() < 0.7 else {str(each): each for each in several}


def _deep(random: Random) -> bytes:
    """Brackets within brackets."""
    depth = random.choice((10, 900, 5_000))
    opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}")))
    return opening * depth + b"1" + closing * random.choice((depth, 0))


def _many(random: Random) -> bytes:
    """More values, or longer ones, than anybody needs."""
    count = random.choice((500, 5_000))
    piece = random.choice((b"[],", b"{},", b'"a",', b"1,", b"-0e5,", b'"\\ud800",'))
    return b'{"a":{"dtype":"F16","data_offsets":[0,2],"shape":[' + piece * count + b"1]}}"


def _bare(random: Random) -> bytes:
    choices = (
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b"NaN",
        b"1" * 5_000,
        b'"',
        b'{"a":1,"a":2}',
        b"\xff\xfe{}",
        b'{"":{}}',
    )
    return random.choice(choices)
