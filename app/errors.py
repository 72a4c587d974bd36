"""Failures that can be explained. Each carries a remedy that a person can type or do.

    UserError
    ├── UsageError      the command line asks for something that is not there (exit code 2)
    ├── SourceError     a camera, clip, picture or stream cannot be opened or read
    ├── ModelError      a model is missing, spoilt, unfit or failed
    │   └── Outage      it runs elsewhere, and cannot be asked at the moment; a live run goes on
    ├── OutputError     a log or a voice cannot be written to or started
    ├── HistoryError    a log cannot be read, or is none
    ├── InstallError    fetching or converting a model did not work
    ├── ScoreError      a clip's truth or a log cannot be scored by
    └── BenchError      results cannot be read or compared

Everything else keeps its traceback: it is a defect of looksay, not of what it was given.
"""

from app.text import sanitize


class UserError(Exception):
    """A failure with a remedy; printed as `error: …` and `hint: …`, exit code 1."""

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
    """A question that a model elsewhere did not answer; it may answer the next one."""

    def __init__(self, message: str, hint: str, wait_s: float = 0.0) -> None:
        super().__init__(message, hint)
        self.wait_s = wait_s
        """Seconds for which it asked to be left alone."""


class OutputError(UserError):
    pass


class HistoryError(UserError):
    pass


class ScoreError(UserError):
    pass


class InstallError(UserError):
    pass


class BenchError(UserError):
    pass
