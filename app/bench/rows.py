"""The rows of `./run.sh bench`, one for each way of describing frames, and their captions, measured in turns.

All rows share one model's weights and are timed by the same clock from outside. No frame is shown to a row twice, and
a round before the first one warms up and is not counted.
"""

import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from app.backends.startup import Chosen
from app.cleaning import clean
from app.config import Settings
from app.errors import ModelError, UsageError
from app.events import Chunk, Cost, Frame, Request
from app.files import explain, open_to_read

if TYPE_CHECKING:
    from app.backends.mlx.describer import MlxDescriber
    from app.backends.mlx.reference import Plain

NOISE = 4
"""Levels of 255, up or down: a webcam's sensor in a lit room."""
SLOW = 5.0
"""A row that takes so many times as long as the quickest describes only the first frame of each clip in a round."""
NEVER_SLOW_S = 0.25
"""A quicker row is never slow: little would be saved, and one lucky draft makes every other row look slow."""
TRIALS, TRIAL_S = 3, 1.0
"""Frames to warm up with and to judge by; a row that takes longer than so many seconds is judged by its first."""


class Describing(Protocol):
    """The part of a describer that is timed."""

    def describe(self, request: Request) -> Generator[Chunk]: ...


@dataclass(frozen=True, slots=True)
class Row:
    """One way of describing frames."""

    key: str
    """A letter or a name, for tables and JSON."""
    label: str
    """Its name, and after a colon what exactly is done."""
    describer: Describing
    prepare: Callable[[Request], object] | None = None
    """From the frames to what the model takes, and no further; None if it cannot be timed apart."""
    is_memory_counted: bool = False
    """Whether MLX counts its memory: bytes of all arrays alive, those of other rows too."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says besides the settings."""

    rounds: int
    captions: int
    """Frames of each clip in a round."""
    is_markdown: bool = False
    compare: str | None = None
    gguf: str | None = None
    mmproj: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: a model, loaded once, and what it is asked."""

    model: Chosen
    describer: "MlxDescriber"
    settings: Settings
    options: Options
    stack: ExitStack
    """Closes what rows open."""

    @property
    def prompt(self) -> str:
        return self.settings.words(self.model.card.prompt)


def open_rows(subject: Subject) -> Iterator[Row]:
    """ADD A ROW TO THE BENCH here."""
    from app.backends.mlx.describer import road
    from app.bench import baselines

    describer, options, card = subject.describer, subject.settings.model_options, subject.model.card
    whole, tile = baselines.defaults(describer.loaded), baselines.one_tile(describer.loaded, card, options)
    label = "mlx-vlm with its defaults: mlx_vlm.generate, the whole frame"
    yield Row("a", label, whole, whole.prepare, is_memory_counted=True)
    label = "mlx-vlm with one tile: mlx_vlm.stream_generate, the frame made one tile"
    yield Row("b", label, tile, tile.prepare, is_memory_counted=True)
    plain = describer.plain
    if describer.road is not plain:  # mlx-vlm's own generation has no drafts to leave out
        without = road(plain, drafts=False)
        yield Row("c", "looksay without drafts", without, partial(preprocess, plain), is_memory_counted=True)
    yield Row("d", "looksay", describer, partial(preprocess, plain), is_memory_counted=True)
    if subject.options.gguf is not None:
        yield llama_row(*gguf_files(subject.options.gguf, subject.options.mmproj), subject.stack)
    if find_spec("torch") and describer.loaded.architecture == "smolvlm":
        from app.backends.transformers.describer import TransformersDescriber

        try:
            reference = TransformersDescriber(subject.model.folder, card, options)
            label = f"transformers: {reference.device.words.removeprefix('transformers ')}"
            yield Row("torch", label, reference, reference.prepare)
        except (ModelError, UsageError) as failure:
            print_progress(f"no row for transformers: {failure.message}")


def preprocess(plain: "Plain", request: Request) -> None:
    """From frames to what the vision tower takes, evaluated."""
    import mlx.core as mx

    from app.backends.mlx.families import Direct

    if isinstance(plain.family, Direct):
        mx.eval([plain.family.pixels(frame.pixels) for frame in request.frames])
    else:
        mx.eval([value for value in plain.seen(request)[1].values() if isinstance(value, mx.array)])


def llama_row(text: Path, mmproj: Path, stack: ExitStack) -> Row:
    """A llama.cpp server with the same model as a GGUF pair; `stack` ends it."""
    from app.backends.llama.server import Order, files, llama_server
    from app.backends.openai.describer import Form, ServerDescriber

    print_progress("starting llama.cpp")
    server = stack.enter_context(llama_server(Order(files(text, mmproj))))
    label = f"{server.name}: {text.name}, the whole frame, one answer"
    return Row("llama", label, ServerDescriber(server.endpoint, Form("bench")))


def gguf_files(gguf: str, mmproj: str | None) -> tuple[Path, Path]:
    """The language model and its vision projector.

    Raises:
        UsageError, ModelError: they are missing, or cannot be read.
    """
    from app.check.gguf_pair import find_pair
    from app.models.corrupt_file import CorruptFile
    from app.models.registry import path_of

    try:
        pair = find_pair(path_of(gguf), path_of(mmproj) if mmproj else None)
    except CorruptFile as failure:
        raise ModelError(failure.sentence, failure.hint) from failure
    if pair.mmproj is None:
        raise UsageError(f"no vision projector (mmproj) beside {pair.text.name}", "name it: --mmproj FILE")
    for file in (pair.text, pair.mmproj):
        try:
            os.close(open_to_read(file, is_pipe_fine=False))
        except OSError as failure:
            raise ModelError(*explain(failure, file)) from failure
    return pair.text, pair.mmproj


@dataclass(frozen=True, slots=True)
class Caption:
    """One row's caption of one frame, and what it took."""

    row: str
    clip: str
    round: int
    place: int
    """Of the frame, in the round's part of the clip."""
    text: str
    """Cleaned, whichever row it is, as texts are compared."""
    preprocessing_s: float | None
    first_word_s: float
    """From the request to the first text that is not blank; the whole time if there is none."""
    total_s: float
    cost: Cost
    """As the describer counts; its times are not used."""
    peak_bytes: int | None = None


def measure_caption(row: Row, clip: str, number: int, place: int, request: Request) -> Caption:
    """Describe once. Every chunk is waited for, so MLX's laziness hides nothing."""
    preprocessing_s = None
    if row.prepare:
        started = time.perf_counter()
        row.prepare(request)
        preprocessing_s = time.perf_counter() - started
    if row.is_memory_counted:
        import mlx.core as mx

        mx.reset_peak_memory()
    text, cost, first_word_s, started = "", Cost(), 0.0, time.perf_counter()
    with closing(row.describer.describe(request)) as chunks:
        for chunk in chunks:
            text, cost = text + chunk.text, chunk.cost
            if not first_word_s and text.strip():
                first_word_s = time.perf_counter() - started
    total_s = time.perf_counter() - started
    peak = mx.get_peak_memory() if row.is_memory_counted else None
    text = clean(text, request.prompt).strip()
    return Caption(row.key, clip, number, place, text, preprocessing_s, first_word_s or total_s, total_s, cost, peak)


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames without end, a second apart; each round takes the next ones."""

    name: str
    label: str
    frames: Iterator[Frame]


def still(frame: Frame, seed: int = 1) -> Generator[Frame]:
    """One scene again and again, each time with other sensor noise."""
    rng, number = np.random.default_rng(seed), 0
    while True:
        noise = rng.integers(-NOISE, NOISE + 1, frame.pixels.shape, np.int16)
        pixels = np.clip(frame.pixels + noise, 0, 255).astype(np.uint8)
        yield replace(frame, pixels=pixels, media_s=float(number), number=number)
        number += 1


def measure_rounds(
    rows: Sequence[Row], clips: Sequence[Clip], options: Options, ask: Callable[[Frame], Request]
) -> list[Caption]:
    """Captions of all rows, the warm-up's left out."""
    print_progress("warm-up")
    slow = slow_rows(rows, [ask(frame) for frame in islice(clips[0].frames, TRIALS)])
    captions: list[Caption] = []
    for number in range(options.rounds):
        for clip in clips:
            print_progress(f"round {number + 1} of {options.rounds}, {clip.name}")
            frames = list(islice(clip.frames, options.captions))
            for row, place in turns(rows, slow, len(frames), number):
                captions.append(measure_caption(row, clip.name, number, place, ask(frames[place])))
    return captions


def slow_rows(rows: Sequence[Row], requests: Sequence[Request]) -> frozenset[str]:
    """Rows that are slow by the quickest of a few descriptions: the first is cold, and any may be held up."""
    quickest: dict[str, float] = {}
    for row in rows:
        for request in requests:
            took_s = measure_caption(row, "", 0, 0, request).total_s
            quickest[row.key] = min(took_s, quickest.get(row.key, took_s))
            if quickest[row.key] > TRIAL_S:
                break
    limit_s = max(NEVER_SLOW_S, SLOW * min(quickest.values()))
    return frozenset(key for key, seconds in quickest.items() if seconds > limit_s)


def turns(rows: Sequence[Row], slow: frozenset[str], frames: int, number: int) -> Iterator[tuple[Row, int]]:
    """A B C D, B C D A, …: row, and the place of the frame that it describes."""
    for place in range(frames):
        first = (number + place) % len(rows)
        yield from ((row, place) for row in (*rows[first:], *rows[:first]) if place == 0 or row.key not in slow)


def print_progress(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
