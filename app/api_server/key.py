"""The key that a client must show: made anew, or from a file that only its owner can read, or from the environment.

It is never taken from the command line, which every user of a machine can read.
"""

import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import UsageError
from app.files import explain, read_private, readable

VARIABLE = "LOOKSAY_KEY"
FIT = re.compile(r"[!-~]{16,200}")
"""Printable, without a space, and too long to be guessed."""


@dataclass(frozen=True, slots=True)
class Key:
    secret: str = field(repr=False)
    file: Path | None = None
    """Where it lies, if it was read from there."""
    is_given: bool = False
    """Whether the user knows it already, so that it need not be shown."""

    def opens(self, header: bytes) -> bool:
        """Whether the header is `Bearer` and this key; it takes as long for any other."""
        kind, _, shown = header.partition(b" ")
        return hmac.compare_digest(shown.strip(), self.secret.encode()) and kind.lower() == b"bearer"


def key(file: Path | None) -> Key:
    """The key in the file, which is made if it is not there; else that of the environment; else a new one.

    Raises:
        UsageError: the file can be read by others or not at all, or what is in it is no key.
    """
    if file is not None:
        return Key(kept(file), file, is_given=True)
    if given := os.environ.pop(VARIABLE, ""):  # popped: what is started from here need not know it
        return Key(fit(given, f"the variable {VARIABLE}"), is_given=True)
    return Key(new())


def new() -> str:
    return "looksay-" + secrets.token_urlsafe(24)


def kept(file: Path) -> str:
    """The key in the file; a new one is written there first if there is none, for its owner's eyes only."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
            opened.write(new() + "\n")
    except FileExistsError:
        pass
    except OSError as failure:
        raise UsageError(*explain(failure, file, "key file", "written")) from failure
    return fit(read_private(file), readable(file))


def fit(text: str, where: str) -> str:
    """The key in this text, if it is one."""
    found = text.strip()
    if not FIT.fullmatch(found):
        raise UsageError(
            f"{where} holds no key: it must be 16 to 200 letters, digits or signs without a space",
            "leave it out, and looksay makes one",
        )
    return found
