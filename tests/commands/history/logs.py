"""Logs to look back at, written as a run writes them."""

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.commands.history import HistoryArgs, show_history
from app.events import RunEvent
from app.outputs.log import Log, thumbnails_of
from app.outputs.thumbnails import Thumbnails
from tests.terminal.stage import notice, sentence

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def line(text: str = "A red circle.", at: datetime | None = NOON, **more: object) -> str:
    """A record with no more than what history needs."""
    time = {"time": at.isoformat(timespec="milliseconds")} if at else {}
    return json.dumps({"event": "sentence", "kind": "scene", "text": text, **time, **more}, ensure_ascii=False)


def write(path: Path, *lines: str | bytes) -> Path:
    """A file with these lines."""
    path.write_bytes(b"".join((each if isinstance(each, bytes) else each.encode()) + b"\n" for each in lines))
    return path


def keep(path: Path, *happenings: RunEvent, thumbnails: bool = False) -> Path:
    """What a run writes that is told this."""
    folder = thumbnails_of(path) if thumbnails else None
    outputs = [Log(path, pytest.fail, thumbnails=folder), *([Thumbnails(folder, pytest.fail)] if folder else [])]
    for each in happenings or (
        notice("ready", "Looking.", ""),
        sentence("A red circle."),
        sentence("A dog.", number=1),
    ):
        for output in outputs:
            output.tell(each)
    for output in outputs:
        output.close()
    return path


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class History:
    """What a user sees of `./run.sh history`."""

    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)

    def of(self, path: Path, **wanted: object) -> list[str]:
        assert show_history(HistoryArgs(str(path), **wanted), self.out, self.err) == 0
        return self.out.getvalue().splitlines()

    @property
    def remarks(self) -> list[str]:
        return self.err.getvalue().splitlines()


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
