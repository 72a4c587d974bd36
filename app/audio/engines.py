"""What speaks: the seam, and which it is, by a voice's name. `say` on macOS, espeak-ng on Linux, neural anywhere."""

import sys
from dataclasses import replace
from threading import Event
from typing import Protocol

from app.audio.neural import Neural, find_neural
from app.audio.playback import Player, output_named
from app.audio.tts import Known, Program, plain_program, shown, voices_of
from app.errors import OutputError
from app.events import Banner


class Engine(Protocol):
    """Speaks. Opened, used and closed by one thread."""

    @property
    def name(self) -> str: ...

    def open(self) -> None:
        """Get ready to speak.

        Raises:
            OutputError: it cannot.
        """
        ...

    def speak(self, text: str, until: Event) -> None:
        """Speak it to the end, or until `until` is set; silence within 200 ms then.

        Raises:
            OutputError: it failed, with the remedy.
        """
        ...

    def close(self) -> None:
        """Give back what the thread holds."""
        ...


def find_engine(
    voice: str | None = None, path: str | None = None, platform: str = sys.platform, device: str | None = None
) -> Program | Neural | None:
    """What speaks with this voice, `pocket:alba` for a neural one, on this loudspeaker; None where nothing does.

    Raises:
        OutputError: there is no such voice or loudspeaker, with what lists or installs them.
    """
    exact = output_named(device)["name"] if device else None
    if voice and ":" in voice:
        return find_neural(voice, Player(exact))
    program = plain_program(path, platform)
    if program is None:
        return None
    chosen = with_voice(program, voice) if voice else program
    return with_device(chosen, exact) if exact else chosen


def with_voice(program: Program, voice: str) -> Program:
    known = exact_names(voices_of(program))
    wanted, _, variant = voice.partition("+") if program.name != "say" else (voice, "", "")  # en+f3: a language, an age
    if wanted.casefold() not in known:
        hint = f"List the voices: ./run.sh voices, or {shown(program)}"
        raise OutputError(f"{program.name} has no voice named {voice!r}.", hint)
    return program.told("-v", known[wanted.casefold()] + (f"+{variant}" if variant else ""))


def exact_names(voices: list[Known]) -> dict[str, str]:
    """Every name that a voice goes by, in lower case, and the name that the engine wants; the first has precedence."""
    known: dict[str, str] = {}
    for voice in voices:
        names = [(voice.name, voice.exact), (voice.name.replace(" ", "_"), voice.exact)]
        for alias, exact in [*names, *((each, each) for each in voice.others)]:
            known.setdefault(alias.casefold(), exact)
    return known


def with_device(program: Program, exact: str) -> Program:
    """`say` takes an output's name. espeak-ng takes none: it is played for it, which else it does better itself."""
    if program.name == "say":
        return program.told("-a", exact)
    return replace(program.told("--stdout"), player=Player(exact))


def no_voice(platform: str = sys.platform) -> Banner:
    """What the start says when nothing can speak."""
    hint = "add /usr/bin to PATH, `say` is there" if platform == "darwin" else "sudo apt-get install espeak-ng"
    return Banner("no voice", (f"Nothing is spoken, this system has no voice: {hint}",))
