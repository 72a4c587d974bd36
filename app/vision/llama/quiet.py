"""Keeps what llama.cpp says in this process out of the terminal, and the last of it for an explanation.

Its C code writes to standard error whatever `verbose` says, several lines a frame. And where llama-cpp-python silences
it, it lays the whole process's standard output aside, so that a sentence written meanwhile would be lost: that is put
out of action here.
"""

import ctypes
from collections import deque
from contextlib import nullcontext
from functools import cache
from typing import Any

KEPT = 40
SAID: deque[str] = deque(maxlen=KEPT)
"""The last lines; parts of lines come one by one."""


@cache
def hush() -> object:
    """From now on, in the whole process. Returns what C code calls, which must live on."""
    import llama_cpp
    from llama_cpp import _internals, llama, mtmd_cpp

    hear = llama_cpp.llama_log_callback(heard)
    for hook in (llama_cpp.llama_log_set, mtmd_cpp.mtmd_log_set, mtmd_cpp.mtmd_helper_log_set):
        hook(hear, ctypes.c_void_p(0))
    for module in (_internals, llama):
        module.suppress_stdout_stderr = nothing_laid_aside
    return hear


def heard(_level: int, text: bytes, _data: object) -> None:
    SAID.append(text.decode("utf-8", "replace"))


def nothing_laid_aside(*_: Any, **__: Any) -> "nullcontext[None]":
    return nullcontext()


def said() -> str:
    """What it has said last."""
    return "".join(SAID)
