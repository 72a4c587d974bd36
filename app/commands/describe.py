"""`./run.sh describe`: pictures and clips on request, one line each.

Sentences go to standard output (or to a file, image_files/sink.py), everything else to standard error. A picture that
cannot be read or described is an error there and never a line of text; the others go on.
"""

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

from app.backends import Engine, engine
from app.cleaning import NoAnswer
from app.config import Settings
from app.errors import ModelError, Outage, UsageError, UserError, stdout_error
from app.events import Chunk, Cost, Notice, Request
from app.files import readable
from app.image_files.clip import MOST, Stretch
from app.image_files.fetch import Limits
from app.image_files.inputs import AS_NAMED, InputOptions, Question, Shown
from app.image_files.sink import Captions
from app.jsonfile import as_line
from app.live.caption_quality import find_loop
from app.live.stall import Outages
from app.models.spoilt import short
from app.protocols import Describer
from app.signals import INTERRUPTED
from app.text import format_time, sanitize, write_line

if TYPE_CHECKING:
    from rich.progress import Progress

LONGEST = 100
"""Characters of a looping description that its error quotes."""
TRIES = 5
LONGEST_S = 60.0
"""Seconds that a server may ask to be left alone; for longer ones nothing is waited for."""


@dataclass(frozen=True, slots=True)
class DescribeArgs:
    """The arguments of `describe` that are no settings."""

    ask: str | None = None
    together: bool = False
    allow_private: bool = False
    moments: int | None = None
    start: float | None = None
    until: Sequence[float | Path] | None = None
    """The end of a stretch, and a file to write to."""

    @classmethod
    def of(cls, given: Namespace) -> Self:
        """Raises UsageError for arguments that contradict each other."""
        args = cls(**{each.name: getattr(given, each.name) for each in fields(cls)})
        args.check()
        return args

    @property
    def end(self) -> float | None:
        return next((each for each in self.until or () if isinstance(each, float)), None)

    @property
    def file(self) -> Path | None:
        return next((each for each in self.until or () if isinstance(each, Path)), None)

    def check(self) -> None:
        if len(self.until or ()) > (self.end is not None) + (self.file is not None):
            raise UsageError("there are two --to of the same kind", "give at most one time and one file")
        if self.end is not None and self.end <= (self.start or 0.0):
            raise UsageError(
                f"--to {format_time(self.end)} is not after --from {format_time(self.start or 0.0)}",
                "give a later time; a file to write to ends in .jsonl",
            )
        if self.file and self.together:
            raise UsageError(
                "--together gives one answer, and a file has one line a picture",
                "leave one of them out; save one answer with --json > FILE",
            )

    def input_options(self, model: str, frames: int) -> InputOptions:
        """For a model that takes so many frames at once.

        Raises:
            UsageError: more are asked for.
        """
        if self.moments and self.moments > frames:
            most = "one frame" if frames == 1 else f"at most {frames} frames"
            raise UsageError(f"{model} can be shown {most} at once", "use a smaller --frames, or another --model")
        stretch = Stretch(self.moments or min(frames, MOST), self.start or 0.0, self.end)
        alone = f"{model} can be shown one frame at once, so a video is judged by a single moment of it"
        note = alone if frames == 1 and not self.moments else ""
        limits = Limits(allow_private=self.allow_private)
        return InputOptions(limits, stretch, note, frames if self.together else 0)

    def record(self) -> dict[str, Any]:
        """What must be the same for all lines of a file."""
        return {"question": self.ask, "frames": self.moments, "from_s": self.start, "to_s": self.end}


def describe_pictures(inputs: Sequence[str], args: DescribeArgs, settings: Settings) -> int:
    """Describe pictures with the model of the settings; it is loaded once a picture has been read.

    Raises as `run`.
    """
    model = engine(settings)
    opened: list[Describer] = []
    writer = ResultWriter(sys.stdout, sys.stderr, settings.json)

    def describer() -> Describer:
        if not opened:
            for warning in model.notes:  # before what they warn of, such as a download
                writer.note(warning)
            opened.append(model.open(settings.model_options, is_trusted=settings.trust_model))
            for warning in opened[0].banner.warnings:
                writer.note(warning)
        return opened[0]

    of_one, of_several = (replace(settings, frames=count).words(model.card.prompt) for count in (1, 2))
    task = Task(of_one, args.ask, settings.max_tokens, of_several)
    options = args.input_options(model.card.name, model.card.frames)
    try:
        with open_captions(args, settings, task, model) as captions:
            return run(inputs, task, describer, writer, options, captions)
    finally:
        for each in opened:
            each.close()


@contextmanager
def open_captions(args: DescribeArgs, settings: Settings, task: "Task", model: Engine) -> "Iterator[Captions | None]":
    """The file that results go to, if there is one."""
    if args.file is None:
        yield None
        return
    options = {"backend": settings.backend, "model": model.card.name, "prompt": task.prompt, **args.record()}
    limits = {"max_tokens": task.max_tokens, **asdict(settings.model_options)}
    same = {name: value for name, value in {**options, **limits}.items() if value is not None}
    with closing(Captions(args.file, same)) as captions:
        yield captions


# Asking the model


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked about every picture."""

    prompt: str
    question: str | None = None
    """Asked instead of the prompt."""
    max_tokens: int = 64
    of_several: str = ""
    """The prompt for several frames at once, if it is another one."""

    def request(self, shown: Shown) -> Request:
        several = self.of_several if len(shown.frames) > 1 else ""
        return Request(shown.frames, self.question or several or self.prompt, self.max_tokens)


@dataclass(frozen=True, slots=True)
class Described:
    shown: Shown
    text: str
    """One line."""
    cost: Cost


@dataclass(frozen=True, slots=True)
class Undescribed:
    names: tuple[str, ...]
    error: UserError


Results = Generator[tuple[Question, Described | Undescribed]]


def describe(shown: Shown, task: Task, describer: Describer) -> Described:
    """The whole description on one line, with an ellipsis where the limit of tokens cut it.

    Raises:
        ModelError: the model failed, gave no text, or repeated itself.
    """
    request = task.request(shown)
    text, chunk = "", Chunk("", Cost())
    with closing(describer.describe(request)) as chunks:
        for chunk in chunks:
            text += chunk.text
    text, names = sanitize(text), ", ".join(map(readable, shown.names))
    if not text:
        raise ModelError(
            f"the model said nothing about {names}",
            'ask it a question: ./run.sh describe PICTURE --ask "What is in the picture?"',
        )
    if (begins := find_loop(text)) is not None:
        raise ModelError(
            f'the model repeated itself over {names}: "{short(text[:begins], LONGEST)}…"',
            "rephrase the question; with a clip, use fewer frames: --frames 4",
        )
    is_cut = chunk.cost.tokens >= request.max_tokens and text[-1] not in ".!?"
    return Described(shown, text + "…" if is_cut else text, chunk.cost)


@dataclass(slots=True)
class Retries:
    """Tries again while a model elsewhere does not answer; after a picture that failed, only once for the next."""

    tell: Callable[[Notice], None]
    wait: Callable[[float], None] = time.sleep
    outages: Outages = field(default_factory=Outages, init=False)
    is_spent: bool = field(default=False, init=False)
    """The last picture failed after all tries."""

    def call(self, ask: Callable[[], Described]) -> Described:
        """Raises Outage if there is no answer in the end."""
        for attempt in range(TRIES):
            try:
                answer = ask()
            except NoAnswer:  # the same question would be answered alike
                raise
            except Outage as outage:
                if self.is_spent or attempt == TRIES - 1 or outage.wait_s > LONGEST_S:
                    raise
                for notice in self.outages.begin(outage, max(time.monotonic(), self.outages.until)):
                    self.tell(notice)
                self.wait(max(0.0, self.outages.until - time.monotonic()))
            else:
                self.is_spent = False
                for notice in self.outages.end():
                    self.tell(notice)
                return answer
        raise AssertionError("the last try returns or raises")


# The loop


@dataclass(slots=True)
class Count:
    """The results so far."""

    done_before: int = 0
    """In the file already."""
    described: int = field(default=0, init=False)
    failed: int = field(default=0, init=False)

    def add(self, result: Described | Undescribed) -> None:
        if isinstance(result, Undescribed):
            self.failed += 1
        else:
            self.described += 1

    def __str__(self) -> str:
        return f"{self.described} new, {self.done_before} already done, {self.failed} failed"


def run(
    inputs: Sequence[str],
    task: Task,
    describer: Callable[[], Describer],
    writer: "ResultWriter",
    options: InputOptions = AS_NAMED,
    captions: Captions | None = None,
) -> int:
    """Describe every picture of the inputs. Returns the exit code: 0, 1 if any failed, 130 if interrupted.

    The describer is called once a picture has been read, used on this thread, and left open. With several pictures,
    and for a folder, each line begins with a name. With `captions`, lines go there instead, and pictures in it are
    skipped. Ends early and quietly when standard output is no longer read.

    Raises:
        UserError: nothing can be written, the model does not answer any more, or they cannot be shown together.
    """
    questions = options.questions(inputs)
    has_names = needs_names(questions, inputs, options)
    left = captions.left(questions) if captions else questions
    count = Count(len(questions) - len(left))
    try:
        with (
            progress(len(left), writer.err) as bar,
            closing(results(left, task, options, describer, writer)) as answers,
        ):
            for question, result in answers:
                count.add(result)
                with paused(bar):
                    writer.remark(result)
                    if captions:
                        captions.keep(question, record(result, task))
                    elif writer.is_json:
                        writer.write(as_line(record(result, task)))
                    else:
                        writer.write(line(result, has_names=has_names))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenOutput:
        pass
    finally:
        if captions:
            writer.note(f"{readable(captions.path)}: {count}")
    return 1 if count.failed else 0


def needs_names(questions: Sequence[Question], inputs: Sequence[str], options: InputOptions) -> bool:
    """Whether each line must name its picture."""
    return len(questions) > 1 or (questions != [(each,) for each in inputs] and not options.together)


def results(
    questions: Sequence[Question],
    task: Task,
    options: InputOptions,
    describer: Callable[[], Describer],
    writer: "ResultWriter",
) -> Results:
    """Read and describe one after the other. A model that does not load or answer ends it; a picture never does."""
    retries = Retries(writer.tell)
    for question in questions:
        try:
            shown = options.read(question)
        except UserError as error:
            yield question, Undescribed(options.called(question), error)
            continue
        ask = partial(describe, shown, task, describer())
        try:
            yield question, retries.call(ask)
        except NoAnswer as failure:
            yield question, Undescribed(shown.names, failure)
        except Outage as outage:
            if retries.is_spent:
                raise
            retries.is_spent = True
            yield question, Undescribed(shown.names, outage)
        except UserError as error:
            yield question, Undescribed(shown.names, error)


# Writing results


class BrokenOutput(Exception):
    """Standard output is no longer read."""


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """Writes results to `out`, notices and errors to `err`."""

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
        """A result's error, or its notes besides the sentence."""
        if isinstance(result, Undescribed):
            print(result.error, file=self.err, flush=True)
            return
        for note in result.shown.notes:
            self.note(f"{readable(result.shown.names[0])}: {note}")

    def write(self, text: str) -> None:
        """Write a line, unless it is empty.

        Raises:
            BrokenOutput: it is no longer read.
            OutputError: it cannot be written.
        """
        try:
            if text:
                write_line(text, self.out)
        except OSError as failure:
            raise stdout_error(self.out, failure) or BrokenOutput from failure


def line(result: Described | Undescribed, *, has_names: bool) -> str:
    """The sentence, after its picture's name and a clip's moments; empty for a failure."""
    if isinstance(result, Undescribed):
        return ""
    about = ", ".join(filter(None, [readable(result.shown.names[0]) if has_names else "", result.shown.when]))
    if not about:
        return result.text
    return f"{about if has_names else about[0].upper() + about[1:]}: {result.text}"


def record(result: Described | Undescribed, task: Task) -> dict[str, Any]:
    """The JSON object of a result; a failure has `error` and `hint` in place of `text`."""
    names = result.names if isinstance(result, Undescribed) else result.shown.names
    head: dict[str, Any] = {"picture": names[0]} if len(names) == 1 else {"pictures": list(names)}
    if task.question:
        head["question"] = task.question
    if isinstance(result, Undescribed):
        return {**head, "error": result.error.message, "hint": result.error.hint}
    shown = result.shown
    when = {"moments_s": [round(each, 3) for each in shown.moments]} if shown.is_clip else {}
    notes = {"notes": list(shown.notes)} if shown.notes else {}
    return {**head, "text": result.text, **when, **notes, **asdict(result.cost)}


@contextmanager
def progress(total: int, err: TextIO) -> Iterator["Progress | None"]:
    """A progress bar on `err`, if there are several pictures and it is a terminal."""
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
    """Take the bar off the terminal while a line is written; then it advances by one picture."""
    if bar is None:
        yield
        return
    bar.stop()
    yield
    bar.advance(bar.task_ids[0])
    bar.start()
