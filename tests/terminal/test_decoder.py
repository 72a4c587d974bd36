"""Bytes to keys: characters whole, Esc alone, and nothing of what other keys send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.terminal.decoder import Decoder

ESC = "\x1b"
SWALLOWED = {
    "up": "\x1b[A",
    "up in application mode": "\x1bOA",
    "shift+up": "\x1b[1;2A",
    "alt+up, as some say it": "\x1b\x1b[A",
    "home": "\x1b[1~",
    "delete": "\x1b[3~",
    "F1": "\x1bOP",
    "F1 of the Linux console": "\x1b[[A",
    "F5": "\x1b[15~",
    "shift+tab": "\x1b[Z",
    "a paste": "\x1b[200~quit q\r\x1b[31m q\x1b[201~",
    "alt+q": "\x1bq",
    "focus": "\x1b[I",
    "an answer about colours": "\x1b]11;rgb:0000/0000/0000\x07",
    "another, ended otherwise": "\x1b]11;rgb:0000/0000/0000\x1b\\",
    "where the cursor is": "\x1b[24;80R",
}


@pytest.mark.parametrize("codes", SWALLOWED.values(), ids=SWALLOWED)
def test_other_keys_are_swallowed(codes: str) -> None:
    decoder = Decoder()
    assert decoder.feed(f"m{codes}r".encode()) == ["m", "r"]
    assert not decoder.is_waiting


@pytest.mark.parametrize("codes", SWALLOWED.values(), ids=SWALLOWED)
def test_they_are_swallowed_also_in_pieces(codes: str) -> None:
    decoder = Decoder()
    assert [key for byte in f"m{codes}r".encode() for key in decoder.feed(bytes([byte]))] == ["m", "r"]


def test_escape_is_a_key_once_nothing_follows() -> None:
    decoder = Decoder()
    assert decoder.feed(b"a\x1b") == ["a"]
    assert decoder.is_waiting
    assert decoder.flush() == [ESC]
    assert not decoder.is_waiting
    assert decoder.flush() == []


def test_escape_held_down_is_many_keys() -> None:
    decoder = Decoder()
    assert [*decoder.feed(b"\x1b" * 5), *decoder.flush()] == [ESC] * 5


def test_the_beginning_of_a_sequence_is_dropped_when_nothing_follows() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x1b[20") == []
    assert decoder.flush() == []
    assert decoder.feed(b"m") == ["m"]


def test_characters_are_whole_and_broken_ones_no_keys() -> None:
    decoder = Decoder()
    snow = "雪".encode()
    assert decoder.feed(b"\xc3") == []
    assert decoder.feed(b"\xa9" + snow[:2]) == ["é"]
    assert decoder.feed(snow[2:] + b"\xff\xfeq") == ["雪", "q"]


@given(st.lists(st.binary(max_size=8)))
def test_any_bytes_become_single_characters_and_silence_ends_every_wait(reads: list[bytes]) -> None:
    decoder = Decoder()
    for data in reads:
        assert all(len(key) == 1 for key in decoder.feed(data))
    assert all(key == ESC for key in decoder.flush())
    assert not decoder.is_waiting


@given(st.text(st.characters(exclude_characters=ESC, codec="utf-8")), st.data())
def test_text_comes_through_whole_however_it_is_cut(text: str, data: st.DataObject) -> None:
    raw, decoder, keys = text.encode(), Decoder(), ""
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        keys, raw = keys + "".join(decoder.feed(raw[:size])), raw[size:]
    assert keys == text
