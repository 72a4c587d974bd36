"""The one place that names concrete classes: settings in, parts out.

Imports wait inside the functions, so that a command loads only what it uses, on the thread that uses it.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from app.errors import ModelError, SourceError
from app.flow import Describer, Notice, Output
from app.live import Parts, Run, Screen
from app.narrator import Narrator
from app.settings import Settings

if TYPE_CHECKING:
    from app.check import ModelState
    from app.outputs.voice import Voice


def live_run(settings: Settings) -> Run:
    """A live run as the settings say.

    Raises:
        Explained: the model is not installed, the source is not there, the log cannot be written, …
    """
    from app.cameras.choose import open_source
    from app.outputs.fan import Fan

    folder = model_folder(settings)
    source = open_source(settings.source, settings.asap)
    screen = open_screen(settings)
    voices = open_voice(settings, screen)
    return Run(
        Parts(
            source=source,
            describer=lambda: open_describer(folder),
            narrator=lambda describer: open_narrator(describer, settings),
            screen=screen,
            outputs=Fan([*open_log(settings, screen), *voices]),
            last_words=lambda stop: finish(voices, stop),
            warnings=model_notes(folder),
            seconds=settings.seconds,
        )
    )


def model_folder(settings: Settings) -> Path:
    from app.store import locate

    return locate(settings.model)


def model_notes(folder: Path) -> tuple[str, ...]:
    """What the registry wants said about the model whenever it speaks."""
    from app.store.registry import note

    return tuple(filter(None, [note(folder)]))


def open_describer(folder: Path) -> Describer:
    """Verify and load the model, on the thread that will use it."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from app.store import verify

    verify(folder)
    from app.vision.mlx import MlxDescriber

    return MlxDescriber(folder)


def open_narrator(describer: Describer, settings: Settings) -> Narrator:
    from app.gate import Gate
    from app.pace import Pace

    return Narrator(describer, settings.words, Gate(), Pace(settings.every), settings.frames, settings.max_tokens)


def open_screen(settings: Settings) -> Screen:
    from app.outputs.screen import wants_plain

    if settings.json:
        from app.outputs.json_lines import JsonLines

        return JsonLines()
    if wants_plain(sys.stdout, sys.stderr, os.environ):
        from app.outputs.plain import Plain

        return Plain()
    from app.outputs.terminal import Terminal

    return Terminal()


def open_log(settings: Settings, screen: Screen) -> Sequence[Output]:
    if not settings.log:
        return ()
    from app.outputs.log import Log

    return (Log(Path(settings.log), screen.tell),)


def open_voice(settings: Settings, screen: Screen) -> "Sequence[Voice]":
    """The voice, if one is wanted: on a terminal or by name it is, unless told otherwise."""
    is_wanted = sys.stdout.isatty() or bool(settings.voice) if settings.speak is None else settings.speak
    if not is_wanted:
        return ()
    from app.outputs.engines import find_engine, no_voice
    from app.outputs.voice import Voice

    engine = find_engine(settings.voice)
    if engine:
        return (Voice(engine, screen.tell),)
    for warning in no_voice().warnings:
        screen.tell(Notice("warning", warning))
    return ()


def finish(voices: "Sequence[Voice]", stop: Event) -> None:
    for each in voices:
        each.finish(stop)


def list_cameras(settings: Settings) -> int:
    """`./run.sh cameras`: number and name of each; exit code 1 if there is none."""
    from app.cameras.devices import listed

    cameras = listed()
    for each in cameras:
        print(json.dumps(asdict(each)) if settings.json else f"{each.index}  {each.name}")
    if cameras:
        return 0
    raise SourceError("no camera was found", "connect one; ./run.sh --source scenes needs none")


def check_machine(settings: Settings) -> int:
    """`./run.sh check`: exit code 0 if the narrator can start."""
    from app.cameras.devices import listed
    from app.check import Facts, as_json, exit_code, findings, render
    from app.outputs.engines import find_engine

    told = findings(
        Facts(
            model=lambda: model_state(settings),
            cameras=lambda: [each.name for each in listed()],
            voice=lambda: engine.name if (engine := find_engine(settings.voice)) else None,
        )
    )
    print(as_json(told) if settings.json else render(told))
    return exit_code(told)


def model_state(settings: Settings) -> "ModelState":
    """The chosen model's files against the lock."""
    from app.check import ModelState
    from app.store import verify

    try:
        folder = model_folder(settings)
    except ModelError as failure:
        return ModelState(settings.model, None, "not installed", remedy=failure.remedy)
    try:
        trust = verify(folder)
    except ModelError as failure:
        return ModelState(settings.model, folder, "changed", failure.message, failure.remedy)
    if trust == "not locked":
        return ModelState(settings.model, folder, trust, "the lock holds what install.sh fetched")
    return ModelState(settings.model, folder, "verified", trust)


def describe_pictures(pictures: Sequence[str], question: str | None, settings: Settings) -> int:
    """`./run.sh describe`: on this thread. The model is loaded once there is a picture to show it."""
    from app.describe import Page, Wish, run

    folder = model_folder(settings)
    opened: list[Describer] = []

    def describer() -> Describer:
        if not opened:
            opened.append(open_describer(folder))
            for warning in (*model_notes(folder), *opened[0].banner.warnings):
                print(f"notice: {warning}", file=sys.stderr)
        return opened[0]

    try:
        wish = Wish(settings.words, question, settings.max_tokens)
        return run(pictures, wish, describer, Page(sys.stdout, sys.stderr, settings.json))
    finally:
        for each in opened:
            each.close()
