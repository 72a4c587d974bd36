"""The rows of the bench: looksay with and without drafts, mlx-vlm as other programs use it, llama.cpp.

ADD A ROW here: a function, and its name in ROWS.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from app.backends.startup import Chosen
from app.bench.subject import tell
from app.config import Settings
from app.errors import ModelError, UsageError
from app.events import Request
from app.files import explain, open_to_read

if TYPE_CHECKING:
    from app.backends.mlx.describer import MlxDescriber
    from app.backends.mlx.reference import Plain
    from app.bench.rounds import Memory, Row


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says besides the settings."""

    rounds: int
    captions: int
    is_markdown: bool = False
    compare: str | None = None
    gguf: str | None = None
    mmproj: str | None = None

    @property
    def work(self) -> dict[str, int]:
        """How much is measured: results of other work are not compared."""
        return {"rounds": self.rounds, "captions": self.captions}


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


def whole(subject: Subject) -> "Row":
    from app.bench import baselines
    from app.bench.rounds import Row

    rival = baselines.whole(subject.describer.loaded)
    return Row("a", "mlx-vlm with its defaults: mlx_vlm.generate, the whole frame", rival, rival.prepare, memory())


def single(subject: Subject) -> "Row":
    from app.bench import baselines
    from app.bench.rounds import Row

    rival = baselines.single(subject.describer.loaded, subject.model.card, subject.settings.model_options)
    words = "mlx-vlm with one tile: mlx_vlm.stream_generate, the frame made one tile"
    return Row("b", words, rival, rival.prepare, memory())


def undrafted(subject: Subject) -> "Row | None":
    """None where looksay takes mlx-vlm's own road: there are no drafts to leave out."""
    from app.backends.mlx.describer import road
    from app.bench.rounds import Row

    plain = subject.describer.plain
    if subject.describer.road is plain:
        return None
    return Row("c", "looksay without drafts", road(plain, drafts=False), partial(preprocessed, plain), memory())


def looksay(subject: Subject) -> "Row":
    from app.bench.rounds import Row

    return Row("d", "looksay", subject.describer, partial(preprocessed, subject.describer.plain), memory())


def preprocessed(plain: "Plain", request: Request) -> None:
    """From frames to what the tower takes, evaluated."""
    import mlx.core as mx

    from app.backends.mlx.families import Direct

    if isinstance(plain.family, Direct):
        mx.eval([plain.family.pixels(frame.pixels) for frame in request.frames])
    else:
        mx.eval([value for value in plain.seen(request)[1].values() if isinstance(value, mx.array)])


def memory() -> "Memory":
    """What MLX counts: bytes of arrays alive, weights and what other rows keep among them."""
    import mlx.core as mx

    from app.bench.rounds import Memory

    return Memory(mx.reset_peak_memory, mx.get_peak_memory)


def llama(subject: Subject) -> "Row | None":
    """A llama.cpp server with the same model as a GGUF pair, where one is named."""
    if subject.options.gguf is None:
        return None
    from app.backends.llama.server import Order, files, llama_server
    from app.backends.openai.describer import Form, ServerDescriber
    from app.bench.rounds import Row

    text, mmproj = gguf_files(subject.options.gguf, subject.options.mmproj)
    tell("starting llama.cpp")
    server = subject.stack.enter_context(llama_server(Order(files(text, mmproj))))
    words = f"{server.name}: {text.name}, the whole frame, one answer"
    return Row("llama", words, ServerDescriber(server.endpoint, Form("bench")))


def gguf_files(gguf: str, mmproj: str | None) -> tuple[Path, Path]:
    """The language model and its vision projector, both of which can be read.

    Raises:
        UsageError, ModelError: they are not there, or cannot be read.
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


def transformers(subject: Subject) -> "Row | None":
    """The reference implementation, where the extra is installed and it knows the files."""
    if find_spec("torch") is None or subject.describer.loaded.architecture != "smolvlm":
        return None
    from app.backends.transformers.describer import TransformersDescriber
    from app.bench.rounds import Row

    try:
        teller = TransformersDescriber(subject.model.folder, subject.model.card, subject.settings.model_options)
    except (ModelError, UsageError) as failure:
        tell(f"no row for transformers: {failure.message}")
        return None
    return Row("torch", f"transformers: {teller.device.words.removeprefix('transformers ')}", teller, teller.prepare)


ROWS: tuple[Callable[[Subject], "Row | None"], ...] = (whole, single, undrafted, looksay, llama, transformers)
"""ADD A ROW TO THE BENCH: a function that opens it, or None where it cannot be had; and its name here."""
