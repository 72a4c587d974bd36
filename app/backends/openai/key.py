"""The key that a server wants to be shown: from a file that only its owner can read, or from the environment.

It is never taken from the command line, which every user of a machine can read, and it has no text form that could get
into a log.
"""

import os
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from app.errors import UsageError
from app.files import read_private, readable

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
        return ApiKey(_fit(read_private(file), readable(file)))
    given = _from_environment()
    return ApiKey(_fit(given, f"the variable {VARIABLE}") if given else "")


@cache
def _from_environment() -> str:
    """Popped, for what is started from here need not know it; remembered, for it is asked for again."""
    return os.environ.pop(VARIABLE, "")


def _fit(text: str, where: str) -> str:
    """The key in this text, if it is one."""
    found = text.strip()
    if not FIT.fullmatch(found):
        raise UsageError(
            f"{where} holds no key: it must be letters, digits or signs without a space", "write the key there, alone"
        )
    return found
