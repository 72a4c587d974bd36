"""The commands that answer once and end: describe, cameras, voices, models."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from app.backends import Engine, engine
from app.config import Settings
from app.errors import OutputError, SourceError
from app.protocols import Describer

if TYPE_CHECKING:
    from app.commands.describe import Captions, Task
    from app.commands.describe.wished import Wished


def describe_pictures(whats: Sequence[str], wished: "Wished", settings: Settings) -> int:
    """`./run.sh describe`: on this thread. The model is loaded once there is a picture to show it."""
    from app.commands.describe import Page, Task, run

    model = engine(settings)
    opened: list[Describer] = []

    def describer() -> Describer:
        if not opened:
            warn(model.notes)  # before what they warn of, a download for one
            opened.append(model.open(settings.model_options, is_trusted=settings.trust_model))
            warn(opened[0].banner.warnings)
        return opened[0]

    of_one, of_several = (replace(settings, frames=count).words(model.card.prompt) for count in (1, 2))
    task = Task(of_one, wished.ask, settings.max_tokens, of_several)
    page = Page(sys.stdout, sys.stderr, settings.json)
    roads = wished.roads(model.card.name, model.card.frames)
    try:
        with kept(wished, settings, task, model) as captions:
            return run(whats, task, describer, page, roads, captions)
    finally:
        for each in opened:
            each.close()


def warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        print(f"notice: {warning}", file=sys.stderr, flush=True)


@contextmanager
def kept(wished: "Wished", settings: Settings, task: "Task", model: Engine) -> "Iterator[Captions | None]":
    """The file that results go to, if there is one."""
    if wished.file is None:
        yield None
        return
    from app.commands.describe import Captions

    asked = {"backend": settings.backend, "model": model.card.name, "prompt": task.prompt, **wished.asked()}
    how = {"max_tokens": task.max_tokens, **asdict(settings.model_options)}
    same = {name: value for name, value in {**asked, **how}.items() if value is not None}
    with closing(Captions(wished.file, same)) as captions:
        yield captions


def list_cameras(settings: Settings) -> int:
    """`./run.sh cameras`: number and name of each; exit code 1 if there is none."""
    from app.sources.devices import listed

    cameras = listed()
    for each in cameras:
        print(json.dumps(asdict(each)) if settings.json else f"{each.index}  {each.name}")
    if cameras:
        return 0
    raise SourceError("no camera was found", "connect one; ./run.sh --source scenes needs none")


def list_voices(settings: Settings) -> int:
    """`./run.sh voices`: name, language and engine of each, then the loudspeakers; exit code 1 if there is no voice."""
    from app.audio.engines import no_voice
    from app.audio.playback import devices
    from app.audio.voices import every_voice

    voices = every_voice()
    for each in voices:
        told = {"name": each.name, "language": each.language, "engine": each.engine}
        print(json.dumps(told, ensure_ascii=False) if settings.json else f"{each.name}  {each.language}  {each.engine}")
    with suppress(OutputError):  # without PortAudio there are no names to choose from
        for name in devices():
            print(f"loudspeaker: {name}", file=sys.stderr)
    if voices:
        return 0
    raise OutputError("there is no voice", no_voice().warnings[0])


def list_models(settings: Settings) -> int:
    """`./run.sh models`: which there are, which are installed, which this machine has the memory for."""
    from app.models import machine_memory
    from app.models.listing import as_json, render, rows

    told = rows(machine_memory())
    print(as_json(told) if settings.json else render(told))
    return 0
