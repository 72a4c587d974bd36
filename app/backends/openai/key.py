"""The key that a server wants to be shown: from a file that only its owner can read, or from the environment.

It is never taken from the command line, which every user of a machine can read, and it has no text form that could get
into a log.
"""

import os
import re
import shlex
import stat
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from app.errors import UsageError

VARIABLE = "LOOKSAY_API_KEY"
FIT = re.compile(r"[!-~]{1,2000}")
"""What a header can carry, and nothing that would end it."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    secret: str = field(default="", repr=False)
    """Empty: none is shown."""

    @property
    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}

    def hidden_in(self, text: str) -> str:
        """`text` without the key: some servers repeat it when they refuse it."""
        return text.replace(self.secret, "(the key)") if self.secret else text


def api_key(file: Path | None) -> ApiKey:
    """The key in the file, else that of the environment, else none.

    Raises:
        UsageError: the file can be read by others or not at all, or what is in it is no key.
    """
    if file is not None:
        return ApiKey(_fit(_read(file), str(file)))
    given = _from_environment()
    return ApiKey(_fit(given, f"the variable {VARIABLE}") if given else "")


@cache
def _from_environment() -> str:
    """Popped, for what is started from here need not know it; remembered, for it is asked for again."""
    return os.environ.pop(VARIABLE, "")


def _read(file: Path) -> str:
    """What stands in the file. It is opened first and asked then, so that nobody can put another in its place."""
    try:
        # a pipe in its place would be waited for
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), encoding="ascii") as opened:
            about = os.fstat(opened.fileno())
            if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or about.st_uid != os.geteuid():
                raise UsageError(
                    f"others may read or own {file}, which holds the key",
                    f"chmod 600 {shlex.quote(str(file))}, as its owner",
                )
            return opened.read(4000)
    except (OSError, UnicodeDecodeError) as failure:
        why = getattr(failure, "strerror", None) or "it is no plain text"
        raise UsageError(f"the key cannot be read from {file}: {why}", "give another file") from failure


def _fit(text: str, where: str) -> str:
    """The key in this text, if it is one."""
    found = text.strip()
    if not FIT.fullmatch(found):
        raise UsageError(
            f"{where} holds no key: it must be letters, digits or signs without a space", "write the key there, alone"
        )
    return found
