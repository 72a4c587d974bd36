"""What `./run.sh bench` measures, and on what: the model, and the circumstances that make times comparable."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from app.backends.startup import Chosen, chosen
from app.config import Settings
from app.models.registry import Card, Sampling

if TYPE_CHECKING:
    from app.bench.result import Circumstances

WATCHED = ("mlx", "mlx-vlm", "transformers", "torch", "numpy", "opencv-python-headless")
NOT_INSTALLED = "The default model is not installed, so this measures the bundled one."


def tell(words: str) -> None:
    """How far it is."""
    print(f"bench: {words}", file=sys.stderr, flush=True)


def subject(settings: Settings, stack: ExitStack) -> tuple[Chosen, Settings]:
    """The model that is named, or the default one, or the demo where that is not installed; and what is asked of it.

    Raises:
        UserError: there is none of this name, or it is not installed.
    """
    from app.bench.geometry import MAX_TOKENS, NAME
    from app.models.registry import is_installed, registered

    default, cards = Settings(), registered()
    if settings.model == NAME:
        is_told = settings.max_tokens != default.max_tokens
        return geometry(stack), settings if is_told else replace(settings, max_tokens=MAX_TOKENS)
    if settings.model == default.model and not is_installed(cards[settings.model]):
        return replace(greedy(chosen(replace(settings, model="demo"))), why=NOT_INSTALLED), settings
    return greedy(chosen(settings)), settings


def greedy(model: Chosen) -> Chosen:
    """Texts can be compared only where the likeliest token is taken."""
    return replace(model, card=replace(model.card, sampling=Sampling()))


def geometry(stack: ExitStack) -> Chosen:
    """Random numbers in a real model's shape, in a folder that goes at the end."""
    from app.bench.geometry import NAME, NOTE, make
    from app.models import locate

    tell(f"making {NAME}")
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="looksay-bench-")), NAME.replace(":", "-"))
    return Chosen(make(folder, locate("demo")), Card(NAME, note=NOTE), NAME)


def circumstances(model: Chosen, settings: Settings) -> "Circumstances":
    from app.bench import machine
    from app.bench.result import Circumstances
    from app.check.report import this_looksay
    from app.models import machine_memory

    fingerprint = {
        "system": machine.system(),
        "chip": machine.chip(),
        "cores": machine.cores(),
        "memory_gb": round(machine_memory() / 1e9),
        "device": device(),
        "model": model.card.name,
        "files": digest(model),
        "image_tokens": settings.image_tokens,
        "precision": settings.precision,
        "prompt": settings.words(model.card.prompt),
        "max_tokens": settings.max_tokens,
    }
    versions = {"looksay": this_looksay().removeprefix("looksay "), "system": machine.release(), **dict(installed())}
    return Circumstances(fingerprint, versions, model.notes)


def device() -> str:
    """What MLX computes on, and on Linux with which matrix multiplication: it changes everything there."""
    from app.backends.mlx.cpu import is_cpu
    from app.check.machine import device as asked

    is_metal, name = asked()
    if not is_cpu():
        return f"{'Metal' if is_metal else 'CUDA'}, {name}"
    if sys.platform != "linux":
        return f"the CPU, {name}"
    with_or_without = "with" if "openblas" in os.environ.get("LD_PRELOAD", "") else "without"
    return f"the CPU, {name}, {with_or_without} OpenBLAS"


def digest(model: Chosen) -> str:
    """Of the model's files; empty for random numbers, which are always the same."""
    from app.bench.geometry import NAME
    from app.models.lockfile import folder_digests

    if model.called == NAME:
        return ""
    return hashlib.sha256(repr(sorted(folder_digests(model.folder).items())).encode()).hexdigest()[:12]


def installed() -> Iterator[tuple[str, str]]:
    for name in WATCHED:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
