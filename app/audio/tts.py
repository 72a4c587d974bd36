"""Text-to-speech engines: `say` on macOS, espeak-ng on Linux, or a neural voice; which one a voice's name means.

The programs run as a child process for each utterance, with options from `man say` and `man espeak-ng`.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import IO, TYPE_CHECKING, Protocol

import numpy as np

from app import subprocesses
from app.audio.playback import Player, Samples, find_output
from app.errors import OutputError
from app.events import Banner

if TYPE_CHECKING:
    from app.audio.neural import NeuralVoice

SAY_LINE = re.compile(r"^(?P<name>.+?)\s+(?P<language>[a-z]{2,3}[_-]\S+)\s+#")
"""`Eddy (English (US))  en_US    # Hello! My name is Eddy.`"""
OTHER_LANGUAGE = re.compile(r"\((\S+) \d+\)")
"""`(en 2)`: another language of an espeak-ng voice, and its priority."""
LIST_S = 10.0
"""Time limit for listing voices; `say` searches what is installed."""
SPEAK_S = 60.0
"""Time limit for an utterance; a program that takes longer hangs, on a lost audio device for example."""
MAX_FRAMES = 1 << 24
"""More than any utterance has: the header of a wave that was written to a pipe does not state its length."""
NO_DEVICE = ("No such file or directory", "No such device", "No such device or address", "Connection refused")
"""How espeak-ng puts it if there is no audio device."""


class SpeechEngine(Protocol):
    """Something that speaks. Opened, used and closed by one thread."""

    @property
    def name(self) -> str: ...

    def open(self) -> None:
        """Get ready to speak.

        Raises:
            OutputError: it cannot.
        """
        ...

    def speak(self, text: str, stop: Event) -> None:
        """Speak to the end, or until `stop` is set; then be silent within 200 ms.

        Raises:
            OutputError: it failed.
        """
        ...

    def close(self) -> None:
        """Release what the thread holds."""
        ...


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice that can be chosen by name."""

    name: str
    engine: str
    language: str
    """As the engine writes it: `en-gb`, `en_GB`; empty if unknown."""
    identifier: str
    """What the engine calls it; of a neural voice, the path of its embedding."""
    aliases: tuple[str, ...] = ()
    """Other names that the engine accepts for it."""


@dataclass(frozen=True, slots=True)
class Program:
    """A speech engine that is a program: it reads a text from its standard input and speaks it."""

    name: str
    command: tuple[str, ...]
    """How it is started, with its voice."""
    list_command: tuple[str, ...]
    """Lists its voices."""
    player: Player | None = None
    """Plays the wave that it writes to standard output, if it does not play by itself."""
    limit_s: float = SPEAK_S

    def with_arguments(self, *arguments: str) -> "Program":
        return replace(self, command=(*self.command, *arguments))

    def open(self) -> None:
        """Nothing to do."""

    def speak(self, text: str, stop: Event) -> None:
        """See `SpeechEngine.speak`."""
        with tempfile.TemporaryFile() as sound:
            self._run(text, stop, sound)
            if self.player and not stop.is_set():
                samples, rate = read_wave(sound)
                self.player.play(samples, rate, stop)

    def close(self) -> None:
        """Nothing to do."""

    def _run(self, text: str, stop: Event, sound: IO[bytes]) -> None:
        with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as stderr:
            words.write(f"{text}\n".encode())
            words.seek(0)
            try:
                child = subprocesses.start(self.command, stdin=words, stdout=sound, stderr=stderr)
            except OSError as failure:
                raise self._failed(f"could not be started: {failure.strerror or failure}") from failure
            if subprocesses.wait(child, stop, self.limit_s):
                problem = problem_of(child.returncode, subprocesses.last_lines(stderr))
            else:
                subprocesses.kill(child)
                problem = f"did not finish a sentence within {self.limit_s:g} s"
        if problem and not stop.is_set():
            raise self._failed(problem)

    def _failed(self, problem: str) -> OutputError:
        return OutputError(f"{self.name} {problem}", f"Check the audio output, and try: {self.name} hello")


def problem_of(returncode: int, lines: list[str]) -> str:
    """What went wrong, nothing if all is well. Without an audio device, espeak-ng exits with 0 and says `error: …`."""
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if returncode:
        return ": ".join(["failed", subprocesses.how_ended(returncode), *(errors or lines)[-1:]])
    if errors:
        return "found no audio device" if errors[-1] in NO_DEVICE else f"cannot play sound: {errors[-1]}"
    return ""


def read_wave(file: IO[bytes]) -> tuple[Samples, int]:
    """The samples of a 16-bit mono wave, (n,) float32, and the sample rate in Hz.

    Raises:
        OutputError: it is no wave.
    """
    file.seek(0)
    try:
        with wave.open(file, "rb") as sound:
            samples = np.frombuffer(sound.readframes(MAX_FRAMES), np.int16)
            return samples.astype(np.float32) / np.float32(32768), int(sound.getframerate())
    except (wave.Error, EOFError, ValueError) as failure:
        raise OutputError(f"the voice produced no sound: {failure}", "Try it alone: espeak-ng hello") from failure


# Which engine it is


def find_engine(
    voice: str | None = None, path: str | None = None, platform: str = sys.platform, device: str | None = None
) -> "Program | NeuralVoice | None":
    """The engine for a voice (`pocket:alba` is a neural one) and an audio output; None if there is none at all.

    Raises:
        OutputError: there is no such voice or audio output.
    """
    output = find_output(device)["name"] if device else None
    if voice and ":" in voice:
        from app.audio.neural import find_neural_voice

        return find_neural_voice(voice, Player(output))
    program = find_program(path, platform)
    if program is None:
        return None
    program = with_voice(program, voice) if voice else program
    return with_device(program, output) if output else program


def find_program(path: str | None, platform: str) -> Program | None:
    """The first program found on `path` (by default PATH), with its default voice."""
    if platform == "darwin":
        found = shutil.which("say", path=path)
        return Program("say", (found, "-f", "-"), (found, "-v", "?")) if found else None
    for name in ("espeak-ng", "espeak"):
        if found := shutil.which(name, path=path):
            return Program(name, (found, "--stdin"), (found, "--voices"))
    return None


def with_voice(program: Program, voice: str) -> Program:
    known = voice_identifiers(voices_of(program))
    name, _, variant = voice.partition("+") if program.name != "say" else (voice, "", "")  # en+f3: English, female 3
    if name.casefold() not in known:
        hint = f"List the voices: ./run.sh voices, or {typed_list_command(program)}"
        raise OutputError(f"{program.name} has no voice {voice!r}", hint)
    return program.with_arguments("-v", known[name.casefold()] + (f"+{variant}" if variant else ""))


def voice_identifiers(voices: list[VoiceInfo]) -> dict[str, str]:
    """Every name of every voice, in lower case, with the voice's identifier; of equal names, the first wins."""
    known: dict[str, str] = {}
    for voice in voices:
        for name in (voice.name, voice.name.replace(" ", "_")):
            known.setdefault(name.casefold(), voice.identifier)
        for alias in voice.aliases:
            known.setdefault(alias.casefold(), alias)
    return known


def with_device(program: Program, output: str) -> Program:
    """`say` can choose an audio output. espeak-ng cannot, so its wave is played for it."""
    if program.name == "say":
        return program.with_arguments("-a", output)
    return replace(program.with_arguments("--stdout"), player=Player(output))


def no_voice(platform: str = sys.platform) -> Banner:
    """The warning at the start if no engine is found."""
    return Banner("no voice", (f"No speech: no text-to-speech program found ({install_hint(platform)}).",))


def install_hint(platform: str = sys.platform) -> str:
    return "add /usr/bin, which has `say`, to PATH" if platform == "darwin" else "sudo apt-get install espeak-ng"


# Lists of voices


def installed_voices(
    path: str | None = None, platform: str = sys.platform, folder: Path | None = None
) -> list[VoiceInfo]:
    """The voices of this system's program, if it has one, then the neural ones in `folder` (by default ours).

    Raises:
        OutputError: the program does not list them.
    """
    from app.audio.neural import FOLDER, neural_voices

    program = find_program(path, platform)
    return [*(voices_of(program) if program else ()), *neural_voices(folder or FOLDER)]


def voices_of(program: Program) -> list[VoiceInfo]:
    """All voices of a program.

    Raises:
        OutputError: it does not list them.
    """
    try:
        listed = subprocess.run(
            program.list_command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIST_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as failure:
        hint = f"Try it alone: {typed_list_command(program)}; or use --no-speak"
        raise OutputError(f"{program.name} does not list its voices: {failure}", hint) from failure
    lines = listed.stdout.decode(errors="replace").splitlines()
    return say_voices(lines) if program.name == "say" else espeak_voices(lines, program.name)


def typed_list_command(program: Program) -> str:
    """The command that lists the voices, as a person types it."""
    return "say -v '?'" if program.name == "say" else f"{program.name} --voices"


def say_voices(lines: list[str]) -> list[VoiceInfo]:
    found = [line for line in map(SAY_LINE.match, lines) if line]
    return [VoiceInfo(line["name"], "say", line["language"], line["name"]) for line in found]


def espeak_voices(lines: list[str], engine: str) -> list[VoiceInfo]:
    """From `Pty Language Age/Gender VoiceName File Other…`, below a line of titles; names have `_` for blanks."""
    voices = []
    for line in lines[1:]:
        if len(columns := line.split()) >= 5:
            language, name, file = columns[1], columns[3], columns[4]
            aliases = (language, file, *OTHER_LANGUAGE.findall(line))
            voices.append(VoiceInfo(name.replace("_", " "), engine, language, file, aliases))
    return voices
