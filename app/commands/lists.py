"""`./run.sh cameras`, `voices` and `models`: what there is to choose from."""

import json
import sys
from contextlib import suppress
from dataclasses import asdict

from app.config import Settings
from app.errors import OutputError, SourceError


def list_cameras(settings: Settings) -> int:
    """Print the number and name of each camera.

    Raises:
        SourceError: there is none, or the system cannot list them.
    """
    from app.sources.webcam import listed

    cameras = listed()
    for camera in cameras:
        print(json.dumps(asdict(camera)) if settings.json else f"{camera.index}  {camera.name}")
    if not cameras:
        raise SourceError("no camera found", "connect one; ./run.sh demo needs none")
    return 0


def list_voices(settings: Settings) -> int:
    """Print name, language and engine of each voice to stdout, and the loudspeakers to stderr.

    Raises:
        OutputError: there is no voice.
    """
    from app.audio.playback import devices
    from app.audio.tts import install_hint, installed_voices

    voices = installed_voices()
    for voice in voices:
        record = {"name": voice.name, "language": voice.language, "engine": voice.engine}
        print(json.dumps(record, ensure_ascii=False) if settings.json else "  ".join(record.values()))
    with suppress(OutputError):  # without PortAudio there are no loudspeakers to choose from
        for name in devices():
            print(f"loudspeaker: {name}", file=sys.stderr)
    if not voices:
        raise OutputError("no text-to-speech program found", install_hint())
    return 0


def list_models(settings: Settings) -> int:
    """Print every known model: whether it is installed, and whether it fits this machine's memory."""
    from app.models import machine_memory
    from app.models.listing import as_json, render, rows

    models = rows(machine_memory())
    print(as_json(models) if settings.json else render(models))
    return 0
