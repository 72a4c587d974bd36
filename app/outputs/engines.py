"""The programs that speak: `say` on macOS, espeak-ng on Linux. Finds one, and checks a voice's name; does not speak."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

from app.errors import OutputError
from app.flow import Banner

SAY_LINE = re.compile(r"^(?P<name>.+?)\s+[a-z]{2,3}[_-]\S+\s+#")
"""`Eddy (English (US))  en_US    # Hello! My name is Eddy.`"""
OTHER = re.compile(r"\((\S+) \d+\)")
"""`(en 2)`: a language that the voice speaks too, and how willingly."""
LIST_S = 10.0
"""The longest that a list of voices may take; `say` looks through what is installed."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that reads a text on its standard input and speaks it."""

    name: str
    command: tuple[str, ...]
    """What starts it, its voice included; the text comes on standard input."""
    listing: tuple[str, ...]
    """What lists its voices."""


def find_engine(voice: str | None = None, path: str | None = None, platform: str = sys.platform) -> Engine | None:
    """The program of this system, with this voice; None where there is none (see `no_voice`).

    Raises:
        OutputError: it has no such voice, with the command that lists them.
    """
    engine = plain_engine(path, platform)
    return with_voice(engine, voice) if engine and voice else engine


def plain_engine(path: str | None, platform: str) -> Engine | None:
    """The first one found in `path` (by default the PATH), with its own voice."""
    if platform == "darwin":
        found = shutil.which("say", path=path)
        return Engine("say", (found, "-f", "-"), (found, "-v", "?")) if found else None
    for name in ("espeak-ng", "espeak"):
        if found := shutil.which(name, path=path):
            return Engine(name, (found, "--stdin"), (found, "--voices"))
    return None


def with_voice(engine: Engine, voice: str) -> Engine:
    known = voices(engine)
    wanted, _, variant = voice.partition("+") if engine.name != "say" else (voice, "", "")  # en+f3: a language, an age
    if wanted.casefold() not in known:
        remedy = f"List the voices: {shown(engine)}"
        raise OutputError(f"{engine.name} has no voice named {voice!r}.", remedy)
    exact = known[wanted.casefold()] + (f"+{variant}" if variant else "")
    return Engine(engine.name, (*engine.command, "-v", exact), engine.listing)


def shown(engine: Engine) -> str:
    """The command that lists the voices, to be typed."""
    return "say -v '?'" if engine.name == "say" else f"{engine.name} --voices"


def voices(engine: Engine) -> dict[str, str]:
    """Every name that a voice goes by, in lower case, and the name that the engine wants.

    Raises:
        OutputError: the engine does not list them.
    """
    try:
        answer = subprocess.run(
            engine.listing, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIST_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as failure:
        remedy = f"See what it says by itself: {shown(engine)}; or go without: --no-speak"
        raise OutputError(f"{engine.name} does not list its voices: {failure}.", remedy) from failure
    lines = answer.stdout.decode(errors="replace").splitlines()
    return say_voices(lines) if engine.name == "say" else espeak_voices(lines)


def say_voices(lines: list[str]) -> dict[str, str]:
    names = [found["name"] for found in map(SAY_LINE.match, lines) if found]
    return {name.casefold(): name for name in names}


def espeak_voices(lines: list[str]) -> dict[str, str]:
    """`Pty Language Age/Gender VoiceName File Other…`, a line of titles first; blanks in names are underscores."""
    known: dict[str, str] = {}
    for line in lines[1:]:
        if len(columns := line.split()) >= 5:
            language, name, file = columns[1], columns[3], columns[4]
            others = OTHER.findall(line)
            pairs = [
                (name, file),
                (name.replace("_", " "), file),
                *((each, each) for each in (language, file, *others)),
            ]
            for alias, exact in pairs:
                known.setdefault(alias.casefold(), exact)
    return known


def no_voice(platform: str = sys.platform) -> Banner:
    """What the start says when nothing can speak."""
    remedy = "add /usr/bin to PATH, `say` is there" if platform == "darwin" else "sudo apt-get install espeak-ng"
    return Banner("no voice", (f"Nothing is spoken, this system has no voice: {remedy}",))
