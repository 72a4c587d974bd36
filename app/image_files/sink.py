"""The file of `describe --to`: one JSON line a picture, written at once; a later run skips the pictures that are in it.

A picture is identified by its path, size and time of change; a fetched one by its address. Failed pictures are tried
again the next time. Only a last line that was cut off is ever removed from the file.
"""

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from app.errors import OutputError
from app.files import explain, readable, user_path
from app.image_files.find import is_remote
from app.image_files.inputs import Question
from app.jsonfile import as_line

HEAD = b'{"picture": '
"""What every line begins with."""
NOT_OURS = "name another file, which need not exist yet; this one was left as it is"


class Captions:
    """Held by one process at a time."""

    def __init__(self, path: str | Path, asked: Mapping[str, Any]) -> None:
        """Open the file, or make it. `asked`: the question and model that all lines must have.

        Raises:
            OutputError: it cannot be written, is in use, is no such file, or holds answers to another question.
        """
        self.path = user_path(path)
        self.asked = dict(asked)
        self.described: set[str] = set()
        self.failed: dict[str, str] = {}
        """Errors of those that failed."""
        self.file = self.open_locked()
        try:
            with os.fdopen(os.dup(self.file), "rb") as file:
                whole = self.read_lines(file)
            self.repair_end(whole)
        except BaseException:
            self.close()
            raise

    def open_locked(self) -> int:
        try:
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
        except OSError as failure:
            raise OutputError(*explain(failure, self.path, verb="written")) from failure
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise OutputError(f"{readable(self.path)} is not a plain file", NOT_OURS)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as failure:
            os.close(file)
            raise OutputError(
                f"{readable(self.path)} is being written by another looksay", "wait until it ends, or name another file"
            ) from failure
        except OSError:  # not every disk has locks
            pass
        return file

    def read_lines(self, file: BinaryIO) -> int:
        """Read what is there; return how many bytes of it are whole lines."""
        whole = 0
        for number, line in enumerate(file, start=1):
            if line.endswith(b"\n"):
                whole += len(line)
            elif parse_line(line) is None and is_torn(line, is_first=whole == 0):
                break
            if line.strip():
                self.remember(line, number)
        return whole

    def remember(self, line: bytes, number: int) -> None:
        """Remember one line. Raises OutputError for one that is not of `describe --to`."""
        found = parse_line(line)
        if found is None:
            raise OutputError(
                f"line {number} of {readable(self.path)} is not one that describe --to has written", NOT_OURS
            )
        if found["asked"] != self.asked:
            raise self.different_options(found["asked"])
        mark = json.dumps(found["of"], sort_keys=True)
        if "text" in found:
            self.described.add(mark)
        else:
            self.failed[mark] = found["error"]

    def repair_end(self, whole: int) -> None:
        """Remove a last line that was cut off, or end it if only its end is missing."""
        size = os.fstat(self.file).st_size
        if size > whole:
            last = os.pread(self.file, size - whole, whole)
            if parse_line(last):
                self.append(b"\n")
            else:
                os.ftruncate(self.file, whole)

    def remaining(self, questions: Sequence[Question]) -> list[Question]:
        """The questions that are not described yet, each once."""
        marks: dict[str, Question] = {}
        for number, each in enumerate(questions):
            marks.setdefault(self.mark(each) or str(number), each)
        return [each for mark, each in marks.items() if mark not in self.described]

    def write(self, question: Question, result: Mapping[str, Any]) -> None:
        """Write a result, on disk when this returns; a failure that is there already is not written twice.

        Raises:
            OutputError: it cannot be written.
        """
        mark = self.mark(question)
        if mark and "error" in result and self.failed.get(mark) == result["error"]:
            return
        of = json.loads(mark) if mark else {}
        self.append(as_line({**result, "of": of, "asked": self.asked}).encode() + b"\n")

    def append(self, data: bytes) -> None:
        """Write all of it or nothing."""
        size, written = os.fstat(self.file).st_size, 0
        try:
            while written < len(data):
                written += os.write(self.file, data[written:])
            os.fsync(self.file)
        except OSError as failure:
            with suppress(OSError):
                os.ftruncate(self.file, size)
            message, hint = explain(failure, self.path, verb="written")
            raise OutputError(message, f"{hint}; the same command continues where it stopped") from failure

    def mark(self, question: Question) -> str:
        """A JSON key that identifies a picture in a later run; empty for standard input."""
        (what,) = question
        if what == "-":
            return ""
        if is_remote(what):
            return json.dumps({"sha256": hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()})
        return json.dumps(file_identity(what), sort_keys=True)

    def different_options(self, asked: Mapping[str, Any]) -> OutputError:
        """The error for a file whose lines were written with other options."""
        before, now = ({name: repr(value) for name, value in each.items()} for each in (asked, self.asked))
        names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        changes = ", ".join(f"{name} {before.get(name, 'none')} (now {now.get(name, 'none')})" for name in names)
        return OutputError(
            f"{readable(self.path)} was written with different options: {changes}",
            "name another file, or use the same options; this one was left as it is",
        )

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


def file_identity(what: str) -> dict[str, Any]:
    """Path, size and time of change of a file."""
    path = os.path.abspath(os.path.expanduser(what))
    found: dict[str, Any] = {"path": os.fsencode(path).decode("utf-8", "backslashreplace")}
    with suppress(OSError, ValueError):
        now = os.stat(path)
        found |= {"size": now.st_size, "modified_s": round(now.st_mtime, 6)}
    return found


def parse_line(line: bytes) -> dict[str, Any] | None:
    """A line that `describe --to` wrote; None for any other."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_ours = (
        isinstance(found, dict)
        and isinstance(found.get("picture"), str)
        and isinstance(found.get("of"), dict)
        and isinstance(found.get("asked"), dict)
        and any(isinstance(found.get(name), str) for name in ("text", "error"))
    )
    return found if is_ours else None


def is_torn(line: bytes, *, is_first: bool) -> bool:
    """Whether it is the beginning of such a line; after a power failure there may be only zeros in it."""
    rest = line.rstrip(b"\0")
    return rest.startswith(HEAD) or (HEAD.startswith(rest) and not (is_first and rest == b""))
