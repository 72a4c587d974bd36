"""`looksay describe`: pictures on request, each in one line.

Sentences go to `out` and everything else to `err`. A picture that cannot be read or described is an error on `err`
and never a line of text; the others go on.
"""

import errno
import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TextIO

from app.errors import Explained, ModelError, OutputError
from app.flow import Cost, Describer, Frame, Piece, Request
from app.harmless import harmless
from app.outputs.screen import leave, put
from app.pictures import Picture, called, expand, picture

if TYPE_CHECKING:
    from rich.progress import Progress

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of every picture."""

    prompt: str
    question: str | None = None
    """Asked instead of the prompt."""
    max_tokens: int = 64

    def request(self, seen: Picture, number: int) -> Request:
        frame = Frame(seen.pixels, time.monotonic(), 0.0, number)
        return Request((frame,), self.question or self.prompt, self.max_tokens)


@dataclass(frozen=True, slots=True)
class Described:
    name: str
    text: str
    """One line."""
    cost: Cost


@dataclass(frozen=True, slots=True)
class Undescribed:
    name: str
    error: Explained


class Unread(Exception):
    """Nobody reads the sentences any more."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where results are written, and in which form."""

    out: TextIO
    err: TextIO
    is_json: bool = False


def run(whats: Sequence[str], task: Task, describer: Callable[[], Describer], page: Page) -> int:
    """Describe every picture that `whats` name. Returns the exit code: 0, 1 if any failed, 130 if interrupted.

    The describer is asked for once a picture has been read, used on this thread, and left open. With more than one
    picture, and for a folder, each line begins with the picture's name. Ends early and quietly when nobody reads
    `out` any more (`… | head -1`).

    Raises:
        OutputError: `out` cannot be written to, a full disk for example.
    """
    failures = 0
    try:
        names = [name for what in whats for name in expand(what)]
        has_names = len(names) > 1 or names != list(whats)
        with progress(len(names), page.err) as bar, closing(results(names, task, describer)) as described:
            for result in described:
                failures += isinstance(result, Undescribed)
                with paused(bar):
                    write(record(result, task) if page.is_json else line(result, has_names), result, page)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Unread:
        pass
    return 1 if failures else 0


def results(
    names: Sequence[str], task: Task, describer: Callable[[], Describer]
) -> Generator[Described | Undescribed]:
    """Read and describe one picture after the other. A model that does not load ends it; a picture never does."""
    for number, what in enumerate(names):
        try:
            seen = picture(what)
        except Explained as error:
            yield Undescribed(called(what), error)
            continue
        eyes = describer()
        try:
            yield described(seen.name, task.request(seen, number), eyes)
        except Explained as error:
            yield Undescribed(seen.name, error)


def described(name: str, request: Request, describer: Describer) -> Described:
    """The whole description, in one line; an ellipsis where the limit of tokens cut it.

    Raises:
        ModelError: the model failed, or said nothing.
    """
    said, piece = "", Piece("", Cost())
    with closing(describer.describe(request)) as pieces:
        for piece in pieces:
            said += piece.text
    text = harmless(said)
    if not text:
        raise ModelError(
            f"the model said nothing about {name}",
            'ask it something: ./run.sh describe PICTURE --ask "What is in the picture?"',
        )
    is_cut = piece.cost.tokens >= request.max_tokens and text[-1] not in ".!?"
    return Described(name, text + "…" if is_cut else text, piece.cost)


def line(result: Described | Undescribed, has_names: bool) -> str:
    """The sentence for `out`; nothing for a failure."""
    if isinstance(result, Undescribed):
        return ""
    return f"{result.name}: {result.text}" if has_names else result.text


def record(result: Described | Undescribed, task: Task) -> str:
    """One JSON object, failures too: `error` and `hint` in the place of `text`."""
    asked = {"question": task.question} if task.question else {}
    if isinstance(result, Undescribed):
        told: dict[str, object] = {"error": result.error.message, "hint": result.error.remedy}
    else:
        told = {"text": result.text, **asdict(result.cost)}
    return json.dumps({"picture": result.name, **asked, **told}, ensure_ascii=False)


def write(text: str, result: Described | Undescribed, page: Page) -> None:
    """Write what there is to write; the border where failures to write are translated."""
    if isinstance(result, Undescribed):
        print(result.error, file=page.err, flush=True)
    try:
        if text:
            put(text, page.out)
    except OSError as failure:
        leave(page.out)
        if failure.errno in (errno.EPIPE, errno.EIO):  # the reader, or the terminal itself, is gone
            raise Unread from failure
        raise OutputError(
            f"standard output cannot be written to: {failure.strerror or failure}",
            "make room there, or send the sentences elsewhere",
        ) from failure


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
