"""`./run.sh describe`: describe pictures and clips on request, one line each.

Sentences go to stdout, or to a file that a later run continues (app/image_files/sink.py); everything else goes to
stderr. A picture that cannot be read or described is an error there, never a sentence, and does not end the others.
"""

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Self, TextIO

from app.backends import engine
from app.cleaning import NoAnswer
from app.config import Settings
from app.errors import ModelError, Outage, UsageError, UserError, stdout_error
from app.events import Chunk, Cost, Notice, Request
from app.files import readable
from app.image_files.clip import MOST, Stretch
from app.image_files.fetch import Limits
from app.image_files.inputs import AS_NAMED, InputFrames, InputOptions, Question
from app.image_files.sink import Captions
from app.jsonfile import as_line
from app.live.caption_quality import find_loop
from app.live.stall import Outages
from app.models.corrupt_file import short
from app.protocols import Describer
from app.signals import INTERRUPTED
from app.text import format_time, sanitize, write_line

LONGEST_QUOTE = 100
"""Characters of a looping description in its error message."""
TRIES = 5
LONGEST_WAIT_S = 60.0
"""A server that asks for a longer pause is given up."""


@dataclass(frozen=True, slots=True)
class DescribeArgs:
    """The arguments of `describe` that are not settings."""

    ask: str | None = None
    """A question, asked instead of the prompt."""
    together: bool = False
    allow_private: bool = False
    moments: int | None = None
    """How many frames of a clip to describe."""
    start: float | None = None
    """Where to start and stop in a clip, in seconds."""
    end: float | None = None
    file: Path | None = None
    """Where results go instead of stdout."""

    @classmethod
    def of(cls, given: Namespace) -> Self:
        """Raises UsageError for arguments that contradict each other."""
        ends = [each for each in given.until or () if isinstance(each, float)]
        files = [each for each in given.until or () if isinstance(each, Path)]
        if len(ends) > 1 or len(files) > 1:
            raise UsageError("--to is given twice", "give at most one time and one file")
        end, file, start = next(iter(ends), None), next(iter(files), None), given.start or 0.0
        if end is not None and end <= start:
            raise UsageError(
                f"--to {format_time(end)} is not after --from {format_time(start)}",
                "give a later time; the name of a file for the results ends in .jsonl",
            )
        if file and given.together:
            raise UsageError(
                "--together cannot be combined with --to FILE, which has one line a picture",
                "leave one of them out; to save a single answer: --json > FILE",
            )
        return cls(given.ask, given.together, given.allow_private, given.moments, given.start, end, file)

    def input_options(self, model: str, frames: int) -> InputOptions:
        """The options for a model that can be shown this many frames at once.

        Raises:
            UsageError: more frames are asked for.
        """
        if self.moments and self.moments > frames:
            most = "one frame" if frames == 1 else f"at most {frames} frames"
            raise UsageError(f"{model} can be shown {most} at once", "use a smaller --frames, or another --model")
        stretch = Stretch(self.moments or min(frames, MOST), self.start or 0.0, self.end)
        note = f"{model} can be shown one frame at once, so a video is described from a single moment"
        has_note = frames == 1 and not self.moments
        limits = Limits(allow_private=self.allow_private)
        return InputOptions(limits, stretch, note if has_note else "", frames if self.together else 0)


def describe_pictures(inputs: Sequence[str], args: DescribeArgs, settings: Settings) -> int:
    """Describe with the model of the settings, loaded once a picture has been read. Returns and raises as `run`."""
    model, writer = engine(settings), ResultWriter(sys.stdout, sys.stderr, settings.json)
    of_one, of_several = (replace(settings, frames=count).words(model.card.prompt) for count in (1, 2))
    task = Task(of_one, args.ask, settings.max_tokens, of_several)
    options = args.input_options(model.card.name, model.card.frames)
    with ExitStack() as stack:

        @cache
        def describer() -> Describer:
            for warning in model.notes:  # before the loading that they warn of, such as a download
                writer.note(warning)
            opened = stack.enter_context(closing(model.open(settings.model_options, is_trusted=settings.trust_model)))
            for warning in opened.banner.warnings:
                writer.note(warning)
            return opened

        captions = None
        if args.file:  # all of its lines must agree in these
            recorded = {
                "backend": settings.backend,
                "model": model.card.name,
                "prompt": task.prompt,
                "question": args.ask,
                "frames": args.moments,
                "from_s": args.start,
                "to_s": args.end,
                "max_tokens": task.max_tokens,
                **asdict(settings.model_options),
            }
            given = {name: value for name, value in recorded.items() if value is not None}
            captions = stack.enter_context(closing(Captions(args.file, given)))
        return run(inputs, task, describer, writer, options, captions)


def run(
    inputs: Sequence[str],
    task: "Task",
    describer: Callable[[], Describer],
    writer: "ResultWriter",
    options: InputOptions = AS_NAMED,
    captions: Captions | None = None,
) -> int:
    """Describe every picture of the inputs. Returns the exit code: 0, 1 if any failed, 130 if interrupted.

    The describer is called once a picture has been read, used on this thread, and left open. With several pictures,
    and for a folder, each line begins with a name. With `captions`, lines go there instead, and pictures that are in it
    are skipped. Ends early and quietly if stdout has lost its reader.

    Raises:
        UserError: nothing can be written, the model cannot be loaded or no longer answers, or the pictures cannot be
            shown together.
    """
    questions = options.questions(inputs)
    has_names = len(questions) > 1 or (questions != [(each,) for each in inputs] and not options.together)
    left = captions.remaining(questions) if captions else questions
    described = failed = 0
    try:
        with (
            progress_bar(len(left), writer.err) as paused,
            closing(results(left, task, options, describer, writer)) as answers,
        ):
            for question, result in answers:
                described, failed = described + isinstance(result, Described), failed + isinstance(result, Failed)
                with paused():
                    if captions:
                        writer.write_notes(result)
                        captions.write(question, record(result, task))
                    elif not writer.write(result, task, has_names=has_names):
                        break
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        if captions:
            already = len(questions) - len(left)
            writer.note(f"{readable(captions.path)}: {described} new, {already} already done, {failed} failed")
    return 1 if failed else 0


# Asking the model


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is asked about each picture."""

    prompt: str
    question: str | None = None
    """Asked instead of the prompt."""
    max_tokens: int = 64
    of_several: str = ""
    """The prompt for several frames at once, if it is another one."""

    def request(self, shown: InputFrames) -> Request:
        several = self.of_several if len(shown.frames) > 1 else ""
        return Request(shown.frames, self.question or several or self.prompt, self.max_tokens)


@dataclass(frozen=True, slots=True)
class Described:
    shown: InputFrames
    text: str
    """One line."""
    cost: Cost


@dataclass(frozen=True, slots=True)
class Failed:
    names: tuple[str, ...]
    error: UserError


Result = Described | Failed


def results(
    questions: Sequence[Question],
    task: Task,
    options: InputOptions,
    describer: Callable[[], Describer],
    writer: "ResultWriter",
) -> Generator[tuple[Question, Result]]:
    """Read and describe one picture after the other.

    Raises:
        UserError: the model cannot be loaded, or did not answer for two pictures in a row.
    """
    retries = Retries(writer.tell)
    for question in questions:
        try:
            shown = options.read(question)
        except UserError as error:
            yield question, Failed(options.names(question), error)
            continue
        ask = partial(describe, shown, task, describer())
        try:
            yield question, retries.call(ask)
        except UserError as error:
            if retries.failures > 1:
                raise
            yield question, Failed(shown.names, error)


def describe(shown: InputFrames, task: Task, describer: Describer) -> Described:
    """The whole description on one line; it ends in an ellipsis if the token limit cut it.

    Raises:
        ModelError: the model failed, returned no text, or repeated itself.
    """
    request, names = task.request(shown), ", ".join(map(readable, shown.names))
    text, chunk = "", Chunk("", Cost())
    with closing(describer.describe(request)) as chunks:
        for chunk in chunks:
            text += chunk.text
    text = sanitize(text)
    if not text:
        raise ModelError(
            f"the model said nothing about {names}",
            'ask a question: ./run.sh describe PICTURE --ask "What is in the picture?"',
        )
    if (begins := find_loop(text)) is not None:
        raise ModelError(
            f'the model repeated itself over {names}: "{short(text[:begins], LONGEST_QUOTE)}…"',
            "rephrase the question; for a clip, use fewer frames: --frames 4",
        )
    is_cut = chunk.cost.tokens >= request.max_tokens and text[-1] not in ".!?"
    return Described(shown, text + "…" if is_cut else text, chunk.cost)


@dataclass(slots=True)
class Retries:
    """Retries requests to a server that does not answer; only once for a picture that follows a failed one."""

    tell: Callable[[Notice], None]
    wait: Callable[[float], None] = time.sleep
    outages: Outages = field(default_factory=Outages, init=False)
    failures: int = field(default=0, init=False)
    """How many pictures in a row got no answer."""

    def call(self, ask: Callable[[], Described]) -> Described:
        """Raises Outage if there is no answer in the end."""
        tries = 1 if self.failures else TRIES
        while True:
            tries -= 1
            try:
                answer = ask()
            except NoAnswer:  # the same question would be answered alike
                self.failures = 0
                raise
            except Outage as outage:
                if not tries or outage.wait_s > LONGEST_WAIT_S:
                    self.failures += 1
                    raise
                for notice in self.outages.begin(outage, max(time.monotonic(), self.outages.until)):
                    self.tell(notice)
                self.wait(max(0.0, self.outages.until - time.monotonic()))
            else:
                self.failures = 0
                for notice in self.outages.end():
                    self.tell(notice)
                return answer


# Writing results


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """Writes sentences or JSON lines to `out`, notices and errors to `err`."""

    out: TextIO
    err: TextIO
    is_json: bool = False

    def note(self, text: str) -> None:
        self.tell(Notice("describe", text))

    def tell(self, notice: Notice) -> None:
        write_line(f"notice: {sanitize(notice.text)}", self.err)
        if notice.hint:
            write_line(f"hint: {sanitize(notice.hint)}", self.err)

    def write_notes(self, result: Result) -> None:
        """Write the error, or what is to be said besides the sentence, to `err`."""
        if isinstance(result, Failed):
            write_line(str(result.error), self.err)
            return
        for note in result.shown.notes:
            self.note(f"{readable(result.shown.names[0])}: {note}")

    def write(self, result: Result, task: Task, *, has_names: bool) -> bool:
        """Write a result; False if `out` has lost its reader.

        Raises:
            OutputError: `out` cannot be written to, such as on a full disk.
        """
        self.write_notes(result)
        as_json = as_line(record(result, task)) if self.is_json else ""
        try:
            if text := as_json or line(result, has_names=has_names):
                write_line(text, self.out)
        except OSError as failure:
            if error := stdout_error(self.out, failure):
                raise error from failure
            return False
        return True


def line(result: Result, *, has_names: bool) -> str:
    """The sentence, after the picture's name and a clip's moments; empty for a failure."""
    if isinstance(result, Failed):
        return ""
    about = ", ".join(filter(None, [readable(result.shown.names[0]) if has_names else "", result.shown.when]))
    if not about:
        return result.text
    return f"{about if has_names else about[0].upper() + about[1:]}: {result.text}"


def record(result: Result, task: Task) -> dict[str, Any]:
    """The JSON object of a result; a failure has `error` and `hint` in place of `text`."""
    names = result.names if isinstance(result, Failed) else result.shown.names
    head: dict[str, Any] = {"picture": names[0]} if len(names) == 1 else {"pictures": list(names)}
    if task.question:
        head["question"] = task.question
    if isinstance(result, Failed):
        return {**head, "error": result.error.message, "hint": result.error.hint}
    shown = result.shown
    when = {"moments_s": [round(each, 3) for each in shown.moments]} if shown.is_clip else {}
    notes = {"notes": list(shown.notes)} if shown.notes else {}
    return {**head, "text": result.text, **when, **notes, **asdict(result.cost)}


@contextmanager
def progress_bar(total: int, err: TextIO) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """A bar on `err`, if that is a terminal and there are several pictures.

    Yields a context manager that takes the bar away while a line is written, and then advances it by one picture.
    """
    if total < 2 or not err.isatty():
        yield nullcontext
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = BarColumn(), MofNCompleteColumn(), "pictures", TimeRemainingColumn()
    bar = Progress(
        *columns,
        console=Console(file=err),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )

    @contextmanager
    def paused() -> Iterator[None]:
        bar.stop()
        yield
        bar.advance(task)
        bar.start()

    with bar:
        task = bar.add_task("", total=total)
        bar.refresh()
        yield paused
