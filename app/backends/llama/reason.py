"""Why llama.cpp failed, found in all that it says: one line, for an error. It starts nothing and asks nobody."""

import re

from app.models.corrupt_file import short

TELLING = re.compile(
    r"unknown [a-z]+ (type|architecture)|mismatch between|cannot be used|couldn't bind|not within|failed to seek"
    r"|invalid (magic|argument)|No such file|does this file exist|out of memory|failed to allocate|unable to"
    r"|HTTPLIB failed|failed to (download|resolve)",
    re.IGNORECASE,
)
"""What the line that tells the reason speaks of; the lines after it only say that there was one."""
FAILED = re.compile("error|failed", re.IGNORECASE)
STAMP = re.compile(r"^[\d.]+ [A-Z] +")


def last_words(said: str) -> str:
    """Why it failed, or the last that it said."""
    return failure(said) or told(next(reversed(lines(said)), ""))


def failure(said: str) -> str:
    """The first line that tells a reason, or the last that speaks of a failure; empty if none does."""
    reasons = [line for line in lines(said) if FAILED.search(line) or TELLING.search(line)]
    telling = next((line for line in reasons if TELLING.search(line)), None)
    return told(telling or next(reversed(reasons), ""))


def lines(said: str) -> list[str]:
    return [STAMP.sub("", line.strip()) for line in said.splitlines() if line.strip()]


def told(line: str) -> str:
    return f": {short(line, 200)}" if line else ""
