"""`./run.sh bench`: what the rows are shown, and how the numbers are told."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn

from app.backends.startup import Chosen, fit_findings, refuse
from app.bench.subject import circumstances, subject, tell
from app.bench.ways import ROWS, Options, Subject, gguf_files
from app.config import Settings
from app.errors import stdout_error
from app.events import Frame
from app.protocols import Describer, Source
from app.signals import ending_signals
from app.text import write_line as write

if TYPE_CHECKING:
    from app.backends.mlx.describer import MlxDescriber
    from app.bench.results import Circumstances, Grid, Result
    from app.bench.rounds import Clip, Narrate, Row

SIZE = (1280, 720)
STILL_AT_S = 12.0
"""Where the drawn world rests for a while, with shapes in it."""
LIVE_S = 10.0
LONGEST_CLIP_S = 30.0
"""A longer live row is shown it again."""
FPS = 30


def bench(options: Options, settings: Settings) -> int:
    """Measure, and print tables, Markdown or JSON.

    Raises:
        BenchError: the result to compare with cannot be read, or is of other circumstances; told before measuring.
        OutputError: standard output cannot be written to.
    """
    from app.bench.results import refuse_other_work, refuse_others

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    old = None if options.compare is None else comparable(options.compare)
    if options.gguf is not None:
        gguf_files(options.gguf, options.mmproj)
    end_on_signals()
    with ExitStack() as stack:
        model, settings = subject(settings, stack)
        here = circumstances(model, settings)
        if old:
            refuse_others(old, here.fingerprint)
            refuse_other_work(old, options.work)
        result = measure(Subject(model, load(model, settings, stack), settings, options, stack), here)
    report(old, result, options, settings)
    return 0


def comparable(path: str) -> "Result":
    """The older result, read and found whole."""
    from app.bench.results import compared, opened

    old = opened(path)
    compared(old, old)
    return old


def end_on_signals() -> None:
    """SIGTERM, and SIGHUP of a closed window, end it as Ctrl-C does: temporary folders and servers go."""
    for number in ending_signals():
        if number != signal.SIGINT:
            signal.signal(number, interrupt)


def interrupt(number: int, _frame: object) -> NoReturn:
    """A shell and the kernel both say that the window was closed: the second time must not interrupt the cleaning."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def report(old: "Result | None", result: "Result", options: Options, settings: Settings) -> None:
    """Compare and print; what was measured is printed even where comparing fails."""
    from app.bench.results import Compared, as_grid, compared

    found: list[Compared] = []
    try:
        found = compared(old, result) if old else []
    finally:
        put({**result, "compared": found}, [as_grid(found)] if found else [], options, settings)


def load(model: Chosen, settings: Settings, stack: ExitStack) -> "MlxDescriber":
    """looksay's describer. The sight test is left out: nobody is told what it says."""
    from app.backends.mlx.describer import MlxDescriber

    tell(f"loading {model.called}")
    refuse(model, fit_findings(model), settings.trust_model)
    describer = MlxDescriber(model.folder, model.card, settings.model_options)
    stack.callback(describer.close)
    return describer


def measure(subject: Subject, here: "Circumstances") -> "Result":
    from app.bench.results import assembled, summary
    from app.bench.rounds import Plan, play

    options = subject.options
    rows = [row for open_row in ROWS if (row := open_row(subject))]
    shown = clips()
    plan = Plan(options.rounds, options.captions, subject.prompt, subject.settings.max_tokens)
    takes = play(rows, shown, plan, tell)
    names = {row.key: row.words for row in rows}
    result = assembled(here, names, options.work)
    result["clips_shown"] = {clip.name: clip.words for clip in shown}
    result["clips"] = [summary(takes, clip.name, list(names)) for clip in shown]
    result["live"] = live(subject, rows)
    return result


def clips() -> "list[Clip]":
    from app.bench.rounds import Clip, still
    from app.demo.source import SceneSource

    world = SceneSource(asap=True, size=SIZE, fps=1.0)
    resting = next(frame for frame in drawn(world) if frame.media_s >= STILL_AT_S)
    return [
        Clip("moving", "moving: drawn shapes come, move and go; 1280×720, a frame a second", drawn(world)),
        Clip("still", "still: one drawn scene with sensor noise; 1280×720, a frame a second", still(resting)),
    ]


def drawn(source: Source) -> Generator[Frame]:
    yield from (each for each in source.frames(Event()) if isinstance(each, Frame))


def live(subject: Subject, rows: Sequence["Row"]) -> list[dict[str, Any]]:
    """The drawn world from a camera's process: row b as webcam demos loop, looksay as it narrates."""
    from app.bench.rounds import Counted, Watched, at_intervals, played
    from app.sources.webcam import Webcam

    seconds = LIVE_S if subject.settings.seconds is None else subject.settings.seconds
    loops: dict[str, Narrate] = {
        "b": at_intervals(subject.prompt, subject.settings.max_tokens),
        "d": partial(narrated, subject),
    }
    if not seconds:
        return []
    with TemporaryDirectory(prefix="looksay-bench-") as folder:
        clip, found = filmed(Path(folder, "drawn.avi"), min(seconds, LONGEST_CLIP_S)), []
        for row in (row for row in rows if row.key in loops):
            tell(f"live, {row.key}")
            watched = Watched(row.teller)
            found.append(played(row.key, loops[row.key], watched, Counted(Webcam(str(clip)), seconds)))
        return found


def filmed(path: Path, seconds: float) -> Path:
    from app.bench.subject import record
    from app.demo.source import SceneSource

    tell("drawing the live clip")
    return record(drawn(SceneSource(asap=True, size=SIZE, fps=FPS)), path, round(seconds * FPS), FPS)


def narrated(subject: Subject, describer: Describer, source: Source, stop: Event) -> Iterable[object]:
    from app.commands.narrate import open_narrator

    return open_narrator(describer, subject.model, subject.settings).watch(source, stop)


def put(result: "Result", more: "Sequence[Grid]", options: Options, settings: Settings) -> None:
    """Print the result; nothing happens if the reader is gone (`… | head -1`).

    Raises:
        OutputError: standard output cannot be written to, a full disk for example.
    """
    from app.bench.results import warnings

    for each in warnings(result):
        print(f"notice: {each}", file=sys.stderr)
    try:
        write(in_form(result, more, options, settings), sys.stdout)
    except OSError as failure:
        if error := stdout_error(sys.stdout, failure):
            raise error from failure


def in_form(result: "Result", more: "Sequence[Grid]", options: Options, settings: Settings) -> str:
    from app.bench.results import WIDTH, markdown, plain

    if settings.json:
        return json.dumps(result, ensure_ascii=False)
    if options.is_markdown:
        return markdown(result, more)
    return plain(result, more, shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH)
