"""The programs that speak: `say` on macOS, espeak-ng on Linux, a child process an utterance.

Options from `man say` and `man espeak-ng`.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import wave
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import IO, TYPE_CHECKING, Protocol

import numpy as np

from app.audio.playback import Player, Samples, output_named
from app.errors import OutputError
from app.events import Banner
from app.text import sanitize

if TYPE_CHECKING:
    from app.audio.neural import Neural

SAY_LINE = re.compile(r"^(?P<name>.+?)\s+(?P<language>[a-z]{2,3}[_-]\S+)\s+#")
"""`Eddy (English (US))  en_US    # Hello! My name is Eddy.`"""
OTHER = re.compile(r"\((\S+) \d+\)")
"""`(en 2)`: a language that the voice speaks too, and how willingly."""
LIST_S = 10.0
"""The longest that a list of voices may take; `say` looks through what is installed."""
LONGEST_S = 60.0
"""An utterance that takes longer hangs, on a lost audio device for example."""
TICK_S = 0.02
"""Between two looks whether it is to be cut."""
MANY_FRAMES = 1 << 24
"""More than any utterance has: a wave that is written to a pipe does not know its length."""


@dataclass(frozen=True, slots=True)
class Known:
    """A voice, as it is listed."""

    name: str
    engine: str
    language: str
    """As the engine writes it: `en-gb`, `en_GB`; empty where it does not say."""
    exact: str
    """What the engine wants to be told."""
    others: tuple[str, ...] = ()
    """Other names that the engine takes for it."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that reads a text on its standard input and speaks it."""

    name: str
    command: tuple[str, ...]
    """What starts it, its voice included; the text comes on standard input."""
    listing: tuple[str, ...]
    """What lists its voices."""
    player: Player | None = None
    """What plays the wave that it writes, if it does not play itself."""
    limit_s: float = LONGEST_S

    def told(self, *words: str) -> "Program":
        return replace(self, command=(*self.command, *words))

    def open(self) -> None:
        """There is nothing to get ready."""

    def speak(self, text: str, until: Event) -> None:
        """See `Engine.speak`."""
        with tempfile.TemporaryFile() as sound:
            run(self, text, until, sound)
            if self.player and not until.is_set():
                samples, rate = wave_in(sound)
                self.player.play(samples, rate, until)

    def close(self) -> None:
        """There is nothing to give back."""


def plain_program(path: str | None, platform: str) -> Program | None:
    """The first one found in `path` (by default the PATH), with its own voice."""
    if platform == "darwin":
        found = shutil.which("say", path=path)
        return Program("say", (found, "-f", "-"), (found, "-v", "?")) if found else None
    for name in ("espeak-ng", "espeak"):
        if found := shutil.which(name, path=path):
            return Program(name, (found, "--stdin"), (found, "--voices"))
    return None


def run(program: Program, text: str, until: Event, sound: IO[bytes]) -> None:
    """Speak to the end, or until cut; what it writes goes into `sound`.

    Raises:
        OutputError: it failed.
    """
    with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as complaint:
        words.write(f"{text}\n".encode())
        words.seek(0)
        try:
            # In a process group of its own: killed whole, and not reached by the terminal's Ctrl-C.
            child = subprocess.Popen(program.command, stdin=words, stdout=sound, stderr=complaint, process_group=0)
        except OSError as failure:
            raise failed(program, failure.strerror or str(failure)) from failure
        reason = until_over(child, until, program.limit_s)
        complaint.seek(0)
        reason = reason or complaint_of(child.returncode, complaint.read().decode(errors="replace"))
    if reason and not until.is_set():
        raise failed(program, reason)


def until_over(child: subprocess.Popen[bytes], until: Event, limit_s: float) -> str:
    """Wait for its end, and end it when it is cut; return why it was ended, if for another reason."""
    ends_at = time.monotonic() + limit_s
    try:
        while child.poll() is None:
            if until.wait(TICK_S):
                return ""
            if time.monotonic() > ends_at:
                return f"it was still at one sentence after {limit_s:g} s"
    finally:
        kill(child)
    return ""


def kill(child: subprocess.Popen[bytes]) -> None:
    """The child and all that it started."""
    if child.poll() is None:
        with suppress(ProcessLookupError, PermissionError):  # it has just ended
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def complaint_of(returncode: int, complaint: str) -> str:
    """espeak-ng exits with 0 when there is no audio device; a line of its own, `error: …`, tells."""
    lines = [line for line in complaint.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")]
    if returncode == 0 and not errors:
        return ""
    return (errors or lines or [f"exit code {returncode}"])[-1].removeprefix("error: ")


def failed(program: Program, reason: str) -> OutputError:
    hint = f"Is there a loudspeaker? Try it alone: {program.name} hello"
    return OutputError(f"{program.name} failed: {sanitize(reason)}.", hint)


def wave_in(sound: IO[bytes]) -> tuple[Samples, int]:
    """The samples of a 16-bit mono wave, as (n,) float32, and how many of them are a second."""
    sound.seek(0)
    try:
        with wave.open(sound, "rb") as file:
            samples = np.frombuffer(file.readframes(MANY_FRAMES), np.int16)
            return samples.astype(np.float32) / np.float32(32768), int(file.getframerate())
    except (wave.Error, EOFError, ValueError) as failure:
        raise OutputError(f"The voice wrote no sound: {failure}.", "Try it alone: espeak-ng hello") from failure


def voices_of(program: Program) -> list[Known]:
    """Every voice of it.

    Raises:
        OutputError: it does not list them.
    """
    try:
        answer = subprocess.run(
            program.listing, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIST_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as failure:
        hint = f"See what it says by itself: {shown(program)}; or go without: --no-speak"
        raise OutputError(f"{program.name} does not list its voices: {failure}.", hint) from failure
    lines = answer.stdout.decode(errors="replace").splitlines()
    return say_voices(lines) if program.name == "say" else espeak_voices(lines, program.name)


def shown(program: Program) -> str:
    """The command that lists the voices, to be typed."""
    return "say -v '?'" if program.name == "say" else f"{program.name} --voices"


def say_voices(lines: list[str]) -> list[Known]:
    found = [line for line in map(SAY_LINE.match, lines) if line]
    return [Known(line["name"], "say", line["language"], line["name"]) for line in found]


def espeak_voices(lines: list[str], engine: str) -> list[Known]:
    """`Pty Language Age/Gender VoiceName File Other…`, a line of titles first; blanks in names are underscores."""
    known = []
    for line in lines[1:]:
        if len(columns := line.split()) >= 5:
            language, name, file = columns[1], columns[3], columns[4]
            others = (language, file, *OTHER.findall(line))
            known.append(Known(name.replace("_", " "), engine, language, file, others))
    return known


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
) -> "Program | Neural | None":
    """What speaks with this voice, `pocket:alba` for a neural one, on this loudspeaker; None where nothing does.

    Raises:
        OutputError: there is no such voice or loudspeaker, with what lists or installs them.
    """
    exact = output_named(device)["name"] if device else None
    if voice and ":" in voice:
        from app.audio.neural import find_neural

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


def every_voice(path: str | None = None, platform: str = sys.platform, folder: Path | None = None) -> list[Known]:
    """The voices of this system's program, if it has one, then the neural ones that are installed.

    Raises:
        OutputError: the program does not list them.
    """
    from app.audio.neural import FOLDER, neural_voices

    program = plain_program(path, platform)
    return [*(voices_of(program) if program else ()), *neural_voices(folder or FOLDER)]
