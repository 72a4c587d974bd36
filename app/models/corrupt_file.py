"""Corrupt model files: the exception, what stands in place of a file (LFS pointers, web pages), and bounded reading."""

from mmap import mmap
from pathlib import Path
from struct import Struct
from struct import error as PastTheEnd
from typing import Any, NoReturn


class CorruptFile(Exception):
    """A file or folder that is not what it should be, with what to do about it."""

    def __init__(self, code: str, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.code = code
        """What scripts and tests match, such as `truncated`."""
        self.sentence = sentence
        """Without a full stop."""
        self.hint = hint
        """What a person can type or do."""


def short(content: object, most: int = 80) -> str:
    """For a sentence; what a spoilt file holds may be long, or full of control characters."""
    text = "".join(mark if mark.isprintable() else "?" for mark in str(content)[: most + 1])
    return text if len(text) <= most else text[: most - 1] + "…"


def refuse_placeholders(path: Path, start: bytes) -> None:
    """Judge a file by its first bytes, of which some hundred are enough.

    Raises:
        CorruptFile: `empty`, `lfs-pointer` or `html-page`.
    """
    again = f"download {path.name} again"
    if not start:
        raise CorruptFile("empty", f"{path.name} is empty", again)
    if start.startswith(b"version https://git-lfs"):
        hint = f"run git lfs pull where it was cloned, or {again}"
        raise CorruptFile("lfs-pointer", f"{path.name} is a Git LFS pointer, not the weights that it points to", hint)
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise CorruptFile(
            "html-page", f"{path.name} is a web page, not weights", f"{again}, from the file's own address"
        )


__all__ = ["COUNT", "MOST_BYTES", "SIZE", "Mapped", "PastTheEnd"]

MOST_BYTES = 64 * 2**20
"""The longest header that is read; the largest vocabularies of 2026, with 260,000 words, need about 15 MB."""
COUNT, SIZE = Struct("<I"), Struct("<Q")


class Mapped:
    """A file's first bytes, and a place in them. What runs past their end raises `PastTheEnd` or OverflowError."""

    __slots__ = ("at", "content", "path", "size")

    def __init__(self, path: Path, content: mmap, size: int, at: int) -> None:
        """`size`: bytes of the whole file, of which `content` has at most MOST_BYTES; `at`: where reading begins."""
        self.path, self.content, self.size, self.at = path, content, size, at

    def number(self, form: Struct) -> Any:
        (value,) = form.unpack_from(self.content, self.at)
        self.at += form.size
        return value

    def text(self, most: int) -> str:
        """`most`: bytes that are kept of it."""
        length = self.number(SIZE)
        start = self.at
        self.skip(length)
        return self.content[start : start + min(length, most)].decode("utf-8", "replace")

    def name(self, what: str, most: int) -> str:
        """A text that tells one thing from another; `most` bytes are allowed."""
        (length,) = SIZE.unpack_from(self.content, self.at)
        if not 0 < length <= most:
            self.refuse(f"it has a {what} of {length:,} bytes, where 1 to {most} are possible")
        return self.text(most)

    def skip(self, length: int) -> None:
        self._bound(length)
        self.at += length
        if self.at > len(self.content):
            raise PastTheEnd

    def skip_texts(self, count: int) -> None:
        self._bound(count * SIZE.size)
        content, at, length = self.content, self.at, SIZE.unpack_from
        for _ in range(count):  # a vocabulary's half a million turns: bare, without a call of our own
            at += 8 + length(content, at)[0]
        self.at = at
        self.skip(0)

    def _bound(self, length: int) -> None:
        if length > MOST_BYTES:
            self.refuse(f"it announces {length:,} bytes at once, and no model needs more than {MOST_BYTES:,}")

    def refuse(self, why: str) -> NoReturn:
        again = f"download {self.path.name} again"
        raise CorruptFile("header-spoilt", f"the header of {self.path.name} is spoilt: {why}", again)
