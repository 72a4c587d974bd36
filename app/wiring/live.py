"""A live run and its parts."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from app.card import Card
from app.errors import UsageError
from app.flow import Describer, Notice, Output
from app.live import Parts, Run, Screen
from app.settings import Settings
from app.wiring.models import Chosen, chosen, open_describer, proven

if TYPE_CHECKING:
    from app.narrator import Narrator
    from app.outputs.voice import Voice
    from app.pace import Pacing


def live_run(settings: Settings) -> Run:
    """A live run as the settings say.

    Raises:
        Explained: the model is not installed, the source is not there, the log cannot be written, …
    """
    from app.cameras.choose import is_live, open_source
    from app.outputs.fan import Fan

    refuse_haste(settings)
    model, wish = chosen(settings), settings.wish.for_live()
    refuse_more_frames(settings.frames, model.card)
    screen = open_screen(settings)
    voices = open_voice(settings, screen)
    return Run(
        Parts(
            source=lambda: open_source(settings.source, settings.asap),
            is_live=is_live(settings.source),
            describer=lambda: open_describer(model, wish, settings.trust_model),
            narrator=lambda describer: open_narrator(describer, model, settings),
            screen=screen,
            outputs=Fan([*open_log(settings, screen), *voices]),
            last_words=lambda stop: finish(voices, stop),
            warnings=model.notes,
            seconds=settings.seconds,
        )
    )


def refuse_more_frames(wished: int, card: Card) -> None:
    """Raise UsageError for more frames than the model can be shown at once."""
    if wished > card.frames:
        at_most = "one frame" if card.frames == 1 else f"at most {card.frames} frames"
        raise UsageError(f"{card.name} can be shown {at_most} at once", "take a smaller --frames, or another --model")


def refuse_haste(settings: Settings) -> None:
    """Raise UsageError where captions cannot fall behind, so that there is nothing to govern by."""
    if settings.asap and settings.pace == "auto":
        raise UsageError("--asap waits for every caption, so there is no pace to govern", "leave out --asap or --pace")


def open_narrator(describer: Describer, model: Chosen, settings: Settings) -> "Narrator":
    from app.gate import Gate
    from app.narrator import Narrator

    words, pace = settings.words(model.card.prompt), open_pace(describer, model, settings)
    return Narrator(describer, words, Gate(), pace, settings.frames, settings.max_tokens)


def open_pace(describer: Describer, model: Chosen, settings: Settings) -> "Pacing":
    from app.pace import GovernedPace, Pace

    if settings.pace == "steady":
        return Pace(settings.every)
    from app.governor import Governor
    from app.power.sensor import PowerSensor

    return GovernedPace(Governor(proven(model, settings.wish, describer), settings.every), PowerSensor())


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
