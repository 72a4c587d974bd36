"""Every voice that can be asked for by name, for a person to choose from. Does not speak."""

import sys
from pathlib import Path

from app.audio.neural import FOLDER, neural_voices
from app.audio.tts import Known, plain_program, voices_of


def every_voice(path: str | None = None, platform: str = sys.platform, folder: Path = FOLDER) -> list[Known]:
    """The voices of this system's program, if it has one, then the neural ones that are installed.

    Raises:
        OutputError: the program does not list them.
    """
    program = plain_program(path, platform)
    return [*(voices_of(program) if program else ()), *neural_voices(folder)]
