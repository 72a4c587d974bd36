"""Writing to a standard stream: a line at once, whatever it can spell, and what remains when nobody reads it any more.

What a failure to write means is for whoever writes to say.
"""

import os
from contextlib import suppress
from typing import IO, TextIO


def put(line: str, stream: TextIO, end: str = "\n") -> None:
    """Write a line at once; a character that the stream has not becomes `?`."""
    encoding = stream.encoding or "utf-8"
    stream.write(line.encode(encoding, "replace").decode(encoding) + end)
    stream.flush()


def leave(stdout: IO[str]) -> None:
    """Let what Python still wants to write at its end go nowhere, instead of failing once more."""
    with suppress(OSError, ValueError):  # a stream of the tests has no file behind it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stdout.fileno())
        os.close(nowhere)
