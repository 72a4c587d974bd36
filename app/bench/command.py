"""`./run.sh bench`: choose the model, measure all rows on drawn clips, print the result."""

import hashlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn

from app.backends.startup import Chosen, chosen, fit_findings, refuse
from app.bench.rows import Clip, Options, Row, Subject, gguf_files, measure_rounds, open_rows, print_progress, still
from app.config import Settings
from app.errors import stdout_error
from app.events import Frame, Request
from app.models.registry import Card, Sampling
from app.protocols import Describer, Source
from app.signals import ending_signals
from app.text import write_line

if TYPE_CHECKING:
    from app.backends.mlx.describer import MlxDescriber
    from app.bench.live_figures import Narrate
    from app.bench.result import Result

SIZE = (1280, 720)
STILL_AT_S = 12.0
"""Where the drawn scenes rest for a while, with shapes in them."""
LIVE_S = 10.0
LONGEST_CLIP_S = 30.0
"""In a longer live row it is played again."""
PACKAGES = ("mlx", "mlx-vlm", "transformers", "torch", "numpy", "opencv-python-headless")
NOT_INSTALLED = "The default model is not installed, so this measures the bundled one."


def bench(options: Options, settings: Settings) -> int:
    """Measure, and print tables, Markdown or JSON.

    Raises:
        BenchError: the result to compare with cannot be read or compared; raised before measuring.
        OutputError: standard output cannot be written to.
    """
    from app.bench.result import compare, read_result, refuse_incomparable

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    old = None if options.compare is None else read_result(options.compare)
    if options.gguf is not None:
        gguf_files(options.gguf, options.mmproj)
    end_on_signals()
    with ExitStack() as stack:
        model, settings = choose(settings, stack)
        result = circumstances(model, settings, options)
        if old:
            refuse_incomparable(old, result["fingerprint"], result["settings"])
        result |= measure(Subject(model, load(model, settings, stack), settings, options, stack))
    result["compared"] = compare(old, result) if old else []
    print_result(result, options, settings)
    return 0


def end_on_signals() -> None:
    """End on SIGTERM and SIGHUP as on Ctrl-C, so that temporary folders and servers are removed."""

    def interrupt(number: int, _frame: object) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)  # shell and kernel may both send SIGHUP
        raise KeyboardInterrupt

    for number in ending_signals():
        if number != signal.SIGINT:
            signal.signal(number, interrupt)


def choose(settings: Settings, stack: ExitStack) -> tuple[Chosen, Settings]:
    """The model that is named, or the default one, or the demo if that is not installed; and its settings.

    Raises:
        UserError: there is none of this name, or it is not installed.
    """
    from app.bench.geometry import MAX_TOKENS, NAME, NOTE, make
    from app.models import locate
    from app.models.registry import is_installed, registered

    default = Settings()
    if settings.model == NAME:
        print_progress(f"making {NAME}")
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="looksay-bench-")), NAME.replace(":", "-"))
        limit = MAX_TOKENS if settings.max_tokens == default.max_tokens else settings.max_tokens
        return Chosen(make(folder, locate("demo")), Card(NAME, note=NOTE), NAME), replace(settings, max_tokens=limit)
    why = ""
    if settings.model == default.model and not is_installed(registered()[settings.model]):
        settings, why = replace(settings, model="demo"), NOT_INSTALLED
    model = chosen(settings)
    greedy = replace(model.card, sampling=Sampling())  # texts can be compared only if the likeliest token is taken
    return replace(model, card=greedy, why=why or model.why), settings


def circumstances(model: Chosen, settings: Settings, options: Options) -> "Result":
    """The first part of the result: machine, model, question and versions."""
    from app.bench.geometry import NAME
    from app.bench.result import FORMAT
    from app.check.findings import this_looksay
    from app.models import machine_memory
    from app.models.lockfile import folder_digests

    digests = repr(sorted(folder_digests(model.folder).items())) if model.called != NAME else ""
    fingerprint = {
        "system": f"{platform.system()} {platform.machine()}",
        "chip": chip(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(machine_memory() / 1e9),
        "device": device(),
        "model": model.card.name,
        "files": hashlib.sha256(digests.encode()).hexdigest()[:12] if digests else "",
        "image_tokens": settings.image_tokens,
        "precision": settings.precision,
        "prompt": settings.words(model.card.prompt),
        "max_tokens": settings.max_tokens,
    }
    versions = {
        "looksay": this_looksay().removeprefix("looksay "),
        "system": platform.mac_ver()[0] or platform.release(),
    }
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    settings_shown = {"rounds": options.rounds, "captions": options.captions}
    return {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "versions": versions,
        "notes": list(model.notes),
        "settings": settings_shown,
    }


def chip() -> str:
    """As its maker names it, such as `Apple M2`; empty if unknown."""
    try:
        if platform.system() == "Darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, subprocess.SubprocessError):
        return platform.processor()
    return found[1].strip() if found else platform.processor()


def device() -> str:
    """What MLX computes on, and on Linux with which matrix multiplication: it changes everything there."""
    from app.backends.mlx.cpu import is_cpu
    from app.check.machine import device as mlx_device

    is_metal, name = mlx_device()
    if not is_cpu():
        return f"{'Metal' if is_metal else 'CUDA'}, {name}"
    if sys.platform != "linux":
        return f"the CPU, {name}"
    return f"the CPU, {name}, {'with' if 'openblas' in os.environ.get('LD_PRELOAD', '') else 'without'} OpenBLAS"


def load(model: Chosen, settings: Settings, stack: ExitStack) -> "MlxDescriber":
    """looksay's describer, without the sight test: what it says is not read out."""
    from app.backends.mlx.describer import MlxDescriber

    print_progress(f"loading {model.called}")
    refuse(model, fit_findings(model), settings.trust_model)
    describer = MlxDescriber(model.folder, model.card, settings.model_options)
    stack.callback(describer.close)
    return describer


def measure(subject: Subject) -> "Result":
    """The second part of the result: what was measured."""
    from app.bench.result import summary

    rows, shown = list(open_rows(subject)), clips()
    prompt, max_tokens = subject.prompt, subject.settings.max_tokens
    captions = measure_rounds(rows, shown, subject.options, lambda frame: Request((frame,), prompt, max_tokens))
    keys = [row.key for row in rows]
    return {
        "rows": {row.key: row.label for row in rows},
        "clips": [summary(captions, clip.name, keys) for clip in shown],
        "live": measure_live(subject, rows),
        "clips_shown": {clip.name: clip.label for clip in shown},
    }


def clips() -> list[Clip]:
    from app.demo.source import SceneSource

    scenes = SceneSource(asap=True, size=SIZE, fps=1.0)
    resting = next(frame for frame in frames_of(scenes) if frame.media_s >= STILL_AT_S)
    return [
        Clip("moving", "moving: drawn shapes come, move and go; 1280×720, a frame a second", frames_of(scenes)),
        Clip("still", "still: one drawn scene with sensor noise; 1280×720, a frame a second", still(resting)),
    ]


def frames_of(source: Source) -> Generator[Frame]:
    yield from (each for each in source.frames(Event()) if isinstance(each, Frame))


def measure_live(subject: Subject, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Drawn scenes from a capture process: row b as webcam demos loop, looksay as it narrates."""
    from app.bench.live_figures import FPS, TimedDescriber, TimedSource, narrate_live, record
    from app.demo.source import SceneSource
    from app.sources.webcam import Webcam

    loops: dict[str, Narrate] = {"b": partial(every_second, subject), "d": partial(narrate, subject)}
    seconds = LIVE_S if subject.settings.seconds is None else subject.settings.seconds
    if not seconds:
        return []
    with TemporaryDirectory(prefix="looksay-bench-") as folder:
        print_progress("drawing the live clip")
        frames, count = frames_of(SceneSource(asap=True, size=SIZE, fps=FPS)), round(min(seconds, LONGEST_CLIP_S) * FPS)
        clip, found = record(frames, Path(folder, "drawn.avi"), count), []
        for row in (row for row in rows if row.key in loops):
            print_progress(f"live, {row.key}")
            source = TimedSource(Webcam(str(clip)), seconds)
            found.append(narrate_live(row.key, loops[row.key], TimedDescriber(row.describer), source))
        return found


def every_second(subject: Subject, describer: Describer, source: Source, stop: Event) -> Iterable[object]:
    from app.commands.measurement import EverySecond

    return EverySecond(describer, subject.prompt, subject.settings.max_tokens).watch(source, stop)


def narrate(subject: Subject, describer: Describer, source: Source, stop: Event) -> Iterable[object]:
    from app.commands.narrate import open_narrator

    return open_narrator(describer, subject.model, subject.settings).watch(source, stop)


def print_result(result: "Result", options: Options, settings: Settings) -> None:
    """Print the result; nothing happens if the reader is gone (`… | head -1`).

    Raises:
        OutputError: standard output cannot be written to, such as on a full disk.
    """
    from app.bench.table import as_markdown, as_text, warnings

    for each in warnings(result):
        print(f"notice: {each}", file=sys.stderr)
    if settings.json:
        text = json.dumps(result, ensure_ascii=False)
    else:
        text = as_markdown(result) if options.is_markdown else as_text(result)
    try:
        write_line(text, sys.stdout)
    except OSError as failure:
        if error := stdout_error(sys.stdout, failure):
            raise error from failure
