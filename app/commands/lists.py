"""`./run.sh cameras`, `voices` and `models`: what there is to choose from."""

import json
import sys
from contextlib import suppress
from dataclasses import asdict

from app.config import Settings
from app.errors import OutputError, SourceError


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
    from app.audio.playback import devices
    from app.audio.tts import install_hint, installed_voices

    voices = installed_voices()
    for each in voices:
        told = {"name": each.name, "language": each.language, "engine": each.engine}
        print(json.dumps(told, ensure_ascii=False) if settings.json else f"{each.name}  {each.language}  {each.engine}")
    with suppress(OutputError):  # without PortAudio there are no names to choose from
        for name in devices():
            print(f"loudspeaker: {name}", file=sys.stderr)
    if voices:
        return 0
    raise OutputError("no text-to-speech program found", install_hint())


def list_models(settings: Settings) -> int:
    """`./run.sh models`: which there are, which are installed, which this machine has the memory for."""
    from app.models import machine_memory
    from app.models.listing import as_json, render, rows

    told = rows(machine_memory())
    print(as_json(told) if settings.json else render(told))
    return 0
