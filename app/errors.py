"""Failures that can be explained. Each has a hint: what a person can type or do.

    UserError
    ├── UsageError      the command line asks for something that does not exist (exit code 2)
    ├── SourceError     a camera, clip, picture or stream cannot be opened or read
    ├── ModelError      a model is missing, corrupt, unfit or failed
    │   └── Outage      a model elsewhere cannot be reached at the moment; a live run goes on
    ├── OutputError     a log or a voice cannot be written to or started
    ├── HistoryError    a log cannot be read, or is none
    ├── InstallError    a model could not be downloaded or converted
    ├── ScoreError      a clip's truth or a log cannot be used for scoring
    └── BenchError      results cannot be read or compared

Every other exception keeps its traceback: it is a defect of looksay, not of its input.
"""

import errno
from typing import IO

from app.text import discard_output, sanitize


class UserError(Exception):
    """A failure with a hint; printed as `error: …` and `hint: …`, exit code 1."""

    exit_code = 1

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Two lines, whatever a file or a server has put into them."""
        return f"error: {sanitize(self.message)}\nhint: {sanitize(self.hint)}"


class UsageError(UserError):
    exit_code = 2


class SourceError(UserError):
    pass


class ModelError(UserError):
    pass


class Outage(ModelError):
    """A request that a model elsewhere did not answer; it may answer the next one."""

    def __init__(self, message: str, hint: str, wait_s: float = 0.0) -> None:
        super().__init__(message, hint)
        self.wait_s = wait_s
        """Seconds for which it asked not to be called."""


class OutputError(UserError):
    pass


def stdout_error(stdout: IO[str], failure: OSError) -> OutputError | None:
    """What to raise after a failed write to standard output; what still waits to be written is discarded.

    None if the reader of the pipe, or the terminal, is gone (`… | head -1`): the run should end, quietly.
    """
    discard_output(stdout)
    if failure.errno in (errno.EPIPE, errno.EIO):
        return None
    reason = failure.strerror or str(failure)
    return OutputError(f"cannot write to standard output: {reason}", "free some space, or send the output elsewhere")


class HistoryError(UserError):
    pass


class ScoreError(UserError):
    pass


class InstallError(UserError):
    pass


class BenchError(UserError):
    pass
