"""The outputs of a run, opened as its settings say: screen, files, command, voice, sounds."""

import os
import sys
from collections.abc import Callable, Sequence
from itertools import combinations
from threading import Event
from typing import TYPE_CHECKING

from app.config import Settings
from app.errors import UsageError
from app.events import Notice, VoiceToggled
from app.files import same_file, user_path
from app.live.session import Screen, Tell
from app.protocols import Output

if TYPE_CHECKING:
    from app.audio.speech import Speech
    from app.audio.vad import Microphone

OpenOutput = Callable[[Tell], Output]
"""Opens an output; its failures are reported through the argument."""


def open_screen(settings: Settings) -> Screen:
    """The screen for this terminal: redrawn in place, plain lines, or JSON lines."""
    from app.terminal.lines import wants_plain

    if settings.json:
        from app.terminal.lines import JsonLines

        return JsonLines()
    if settings.screen_reader or wants_plain(sys.stdout, sys.stderr, os.environ):
        from app.terminal.lines import PlainLines

        return PlainLines()
    from app.terminal.live import LiveTerminal

    return LiveTerminal()


def open_files(settings: Settings, warn: Tell) -> Sequence[Output]:
    """Log, thumbnails and subtitles, as far as they are asked for.

    Raises:
        UsageError: two of them name the same file, or the source.
        OutputError: a file cannot be written to.
    """
    refuse_shared_files(settings)
    if settings.subtitles is None:
        return open_log(settings, warn)
    from app.outputs.subtitles import Subtitles

    return [*open_log(settings, warn), Subtitles(settings.subtitles, warn, is_filmed=not settings.asap)]


def refuse_shared_files(settings: Settings) -> None:
    """Raise UsageError if two of source, log and subtitles are the same file."""
    given = {"--source": settings.source, "--log": settings.log, "--subtitles": settings.subtitles}
    if not os.path.exists(os.path.expanduser(settings.source)):  # a camera or an address
        del given["--source"]
    paths = [(flag, user_path(text)) for flag, text in given.items() if text is not None]
    for (one, first), (other, second) in combinations(paths, 2):
        if same_file(first, second):
            raise UsageError(f"{one} and {other} name the same file", "give each a file of its own")


def open_hook(then: str | None) -> Sequence[OpenOutput]:
    """The hook that runs a command for each alert, if one is given."""
    if then is None:
        return ()
    from app.outputs.hook import Hook

    return (lambda warn: Hook(then, warn),)


def open_log(settings: Settings, warn: Tell) -> Sequence[Output]:
    """The log, if there is one, and its thumbnails. The log becomes the one that `history` shows by default."""
    if settings.log is None:
        return ()
    from app.outputs.log import Log, remember, thumbnails_of

    path = user_path(settings.log)
    folder = thumbnails_of(path) if settings.thumbnails else None
    log = Log(path, warn, thumbnails=folder)
    remember(path)
    if folder is None:
        return (log,)
    from app.outputs.thumbnails import Thumbnails

    return (log, Thumbnails(folder, warn))


def open_sounds(settings: Settings, warn: Tell) -> "tuple[Sequence[Speech], Sequence[Output]]":
    """The voices, and everything with sound, in closing order: earcons, voices, and the microphones that they use."""
    if not is_heard(settings):
        voices = silent_voice(settings, warn)
        return voices, voices
    voices = open_voice(settings, warn)
    microphones = [each.detector for each in voices if each.detector]
    return voices, (*open_earcons(settings, warn), *voices, *microphones)


def is_heard(settings: Settings) -> bool:
    """Whether the run speaks and makes sounds: by default on a terminal, or if a voice is named."""
    if settings.screen_reader:
        return False
    return sys.stdout.isatty() or bool(settings.voice) if settings.speak is None else settings.speak


def open_voice(settings: Settings, warn: Tell) -> "Sequence[Speech]":
    """The voice, or a notice that there is none."""
    from app.audio.speech import Speech
    from app.audio.tts import find_engine, no_voice

    engine = find_engine(settings.voice, device=settings.audio_device)
    if engine is None:
        for warning in no_voice().warnings:
            warn(Notice("warning", warning))
        return ()
    return (Speech(engine, warn, detector=open_microphone(settings, warn)),)


def silent_voice(settings: Settings, warn: Tell) -> "Sequence[Speech]":
    """A voice that is off until the page switches it on; none without a page or a speech engine."""
    if not settings.is_paged:
        return ()
    from app.audio.speech import Speech
    from app.audio.tts import find_engine

    engine = find_engine(settings.voice, device=settings.audio_device)
    if engine is None:
        return ()
    voice = Speech(engine, warn)
    voice.tell(VoiceToggled(False))
    return (voice,)


def open_microphone(settings: Settings, warn: Tell) -> "Microphone | None":
    """The microphone of `--hush`."""
    if not settings.hush:
        return None
    from app.audio.vad import Microphone

    return Microphone(warn)


def open_earcons(settings: Settings, warn: Tell) -> Sequence[Output]:
    """The earcons, unless they are switched off."""
    if not settings.earcons:
        return ()
    from app.audio.earcons import Earcons
    from app.audio.playback import Player

    return (Earcons(Player(settings.audio_device), warn),)


def finish_speech(voices: "Sequence[Speech]", stop: Event) -> None:
    """Wait until every voice has spoken its last words, or `stop` is set."""
    for each in voices:
        each.finish(stop)
