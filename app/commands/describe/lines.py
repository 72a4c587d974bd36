"""What is written about a picture: a line of text, or a JSON object; failures on `err` in any case."""

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TextIO

from app.commands.describe.task import Described, Task, Undescribed
from app.errors import OutputError
from app.events import Notice
from app.text import discard_output, sanitize, write_line

if TYPE_CHECKING:
    from rich.progress import Progress


class Unread(Exception):
    """Nobody reads the sentences any more."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where results are written, and in which form."""

    out: TextIO
    err: TextIO
    is_json: bool = False

    def note(self, text: str) -> None:
        print(f"notice: {sanitize(text)}", file=self.err, flush=True)

    def tell(self, notice: Notice) -> None:
        self.note(notice.text)
        if notice.hint:
            print(f"hint: {sanitize(notice.hint)}", file=self.err, flush=True)

    def remark(self, result: Described | Undescribed) -> None:
        """What is to be said of a result besides the sentence."""
        if isinstance(result, Undescribed):
            print(result.error, file=self.err, flush=True)
            return
        for note in result.shown.notes:
            self.note(f"{result.shown.names[0]}: {note}")

    def write(self, text: str) -> None:
        """Write what there is to write; the border where failures to write are translated."""
        try:
            if text:
                write_line(text, self.out)
        except OSError as failure:
            discard_output(self.out)
            if failure.errno in (errno.EPIPE, errno.EIO):  # the reader, or the terminal itself, is gone
                raise Unread from failure
            raise OutputError(
                f"standard output cannot be written to: {failure.strerror or failure}",
                "make room there, or send the sentences elsewhere",
            ) from failure


def line(result: Described | Undescribed, *, has_names: bool) -> str:
    """The sentence for `out`, behind its picture's name and a clip's moments; nothing for a failure."""
    if isinstance(result, Undescribed):
        return ""
    about = ", ".join(filter(None, [result.shown.names[0] if has_names else "", result.shown.when]))
    return (
        f"{about[0].upper() + about[1:] if about and not has_names else about}: {result.text}" if about else result.text
    )


def record(result: Described | Undescribed, task: Task) -> dict[str, Any]:
    """Of a JSON object, failures too: `error` and `hint` in the place of `text`."""
    asked = {"question": task.question} if task.question else {}
    if isinstance(result, Undescribed):
        told: dict[str, Any] = {"error": result.error.message, "hint": result.error.hint}
        return {**named(result.names), **asked, **told}
    shown = result.shown
    when = {"moments_s": [round(each, 3) for each in shown.moments]} if shown.is_clip else {}
    notes = {"notes": list(shown.notes)} if shown.notes else {}
    return {**named(shown.names), **asked, "text": result.text, **when, **notes, **asdict(result.cost)}


def named(names: tuple[str, ...]) -> dict[str, Any]:
    return {"picture": names[0]} if len(names) == 1 else {"pictures": list(names)}


def as_json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)


@contextmanager
def progress(total: int, err: TextIO) -> Iterator["Progress | None"]:
    """A bar on `err`, if there is more than one picture and a person to see it."""
    if total < 2 or not err.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), "pictures", TimeRemainingColumn())
    with Progress(
        *columns,
        console=Console(file=err),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bar:
        bar.add_task("", total=total)
        bar.refresh()
        yield bar


@contextmanager
def paused(bar: "Progress | None") -> Iterator[None]:
    """Take the bar off the terminal while a line is written; it returns one picture further."""
    if bar is None:
        yield
        return
    bar.stop()
    yield
    bar.advance(bar.task_ids[0])
    bar.start()
