"""Permissions of files that count for root, too: what CI runs as, and what otherwise may read and write everything."""

import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

VERSION_3 = 0x20080522
OVERRIDE = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Let permissions of files count for this thread and those that it starts."""
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root can be held to permissions on Linux alone")
    before = _capabilities()
    effective, *rest = before
    _set_capabilities(effective & ~OVERRIDE, *rest)
    try:
        yield
    finally:
        _set_capabilities(*before)


def _capabilities() -> tuple[int, ...]:
    """Effective, permitted, inheritable; and the same of the upper 32."""
    found = ctypes.create_string_buffer(24)
    _call("capget", found)
    return struct.unpack("<6I", found.raw)


def _set_capabilities(*words: int) -> None:
    _call("capset", ctypes.create_string_buffer(struct.pack("<6I", *words), 24))


def _call(name: str, data: ctypes.Array[ctypes.c_char]) -> None:
    head = ctypes.create_string_buffer(struct.pack("<Ii", VERSION_3, 0), 8)
    if getattr(ctypes.CDLL(None, use_errno=True), name)(head, data):
        raise OSError(ctypes.get_errno(), name)
