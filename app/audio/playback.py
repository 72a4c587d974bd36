"""Sound through PortAudio: samples out of a loudspeaker, chosen by name. Does not make any, and does not mix.

Every play has a stream of its own, so that the voice and the earcons do not wait for one another. Written from
https://python-sounddevice.readthedocs.io and https://portaudio.com/docs/v19-doxydocs.
"""

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.errors import OutputError

if TYPE_CHECKING:
    import sounddevice

Samples = NDArray[np.float32]
"""Mono: (n,), float32, -1 to 1."""
TICK_S = 0.02
"""Between two looks whether it is to end."""
STUCK_TICKS = 100
"""A loudspeaker that wants no sound for so long, 2 s, is gone."""
LATENCY_S = 0.06
"""How far PortAudio is ahead of the loudspeaker: less crackles on a busy machine, more is heard after a stop."""
DOOR = Lock()
"""One thread at a time opens or closes: PortAudio does not promise more."""


class Player:
    """Plays; any number of threads may use it at once."""

    def __init__(self, device: str | None = None) -> None:
        """`device`: the name of an output or a part of it (see `devices`); None: the system's own choice."""
        self.device = device

    def play(self, samples: Samples, rate: int, until: Event) -> None:
        """Play (n,) float32 samples, `rate` a second, to the end or until `until` is set; then silence within 100 ms.

        Raises:
            OutputError: PortAudio or the loudspeaker is missing, or has gone.
        """
        self.play_all((samples,), rate, until)

    def play_all(self, chunks: Iterable[Samples], rate: int, until: Event) -> None:
        """The same of one chunk after the other as they come, drawn by this thread; silence where one is late.

        Raises:
            OutputError: see `play`.
        """
        tape = Tape(until)
        with opened(self.device, rate, tape):
            for chunk in chunks:
                if until.is_set():
                    return
                tape.put(chunk)
            tape.is_whole = True
            wait(tape)


@dataclass(slots=True)
class Tape:
    """Samples on their way: put on by one thread, taken off by PortAudio's."""

    until: Event
    chunks: deque[Samples] = field(default_factory=deque, init=False)
    is_whole: bool = field(default=False, init=False)
    """Nothing more will be put on."""
    is_played: Event = field(default_factory=Event, init=False)
    """To the last sample."""
    asked: int = field(default=0, init=False)
    """How often samples were wanted."""

    def put(self, chunk: Samples) -> None:
        self.chunks.append(np.asarray(chunk, np.float32))

    def take(self, block: NDArray[np.float32]) -> bool:
        """Fill the block (frames, channels); return whether there is more to come."""
        self.asked += 1
        block.fill(0)
        is_last, at = self.is_whole, 0
        while self.chunks and at < len(block) and not self.until.is_set():
            chunk = self.chunks.popleft()
            count = min(len(chunk), len(block) - at)
            block[at : at + count] = chunk[:count, None]
            at += count
            if count < len(chunk):
                self.chunks.appendleft(chunk[count:])
        return not (self.until.is_set() or (is_last and not self.chunks))


def wait(tape: Tape) -> None:
    """Until it is played or is to end.

    Raises:
        OutputError: the loudspeaker takes nothing any more.
    """
    asked, ticks = tape.asked, 0
    while not (tape.until.is_set() or tape.is_played.wait(TICK_S)):
        asked, ticks = tape.asked, ticks + 1 if tape.asked == asked else 0
        if ticks >= STUCK_TICKS:
            raise OutputError("The loudspeaker takes no sound any more.", "Is it still connected? Then start again")


@contextmanager
def opened(device: str | None, rate: int, tape: Tape) -> Iterator[None]:
    """A stream that plays the tape; closed at once at the end, whatever is still on its way.

    Raises:
        OutputError: see `Player.play`.
    """
    stream = start(device, rate, tape)
    try:
        yield
    finally:
        with DOOR:
            stream.abort()
            stream.close()


def start(device: str | None, rate: int, tape: Tape) -> "sounddevice.OutputStream":
    """Open and start a stream. On both sides: a stream of one channel may be heard on the left alone."""
    sound = portaudio()

    def take(block: NDArray[np.float32], _frames: int, _times: object, _flags: object) -> None:
        if not tape.take(block):
            raise sound.CallbackStop

    with DOOR:
        found = output_named(device) if device else query(sound)
        try:
            stream = sound.OutputStream(
                rate,
                device=found["index"],
                channels=min(2, found["max_output_channels"]),
                dtype="float32",
                latency=LATENCY_S,
                callback=take,
                finished_callback=tape.is_played.set,
            )
            stream.start()
        except sound.PortAudioError as failure:
            hint = "List them: ./run.sh voices; then choose one: --audio-device NAME"
            raise OutputError(f"{found['name']} does not play: {failure}.", hint) from failure
    return stream


def query(sound: Any) -> dict[str, Any]:
    """The system's own choice of output."""
    try:
        return dict(sound.query_devices(kind="output"))
    except (sound.PortAudioError, ValueError) as failure:
        raise OutputError("There is no loudspeaker.", "Connect one, then start again") from failure


def devices() -> list[str]:
    """The names of the outputs, each once.

    Raises:
        OutputError: PortAudio is missing.
    """
    return list(dict.fromkeys(found["name"] for found in outputs()))


def outputs() -> list[dict[str, Any]]:
    return [dict(each) for each in portaudio().query_devices() if each["max_output_channels"] > 0]


def output_named(name: str) -> dict[str, Any]:
    """The output of this name; else the one whose name alone has it in it. Capitals do not matter.

    Raises:
        OutputError: there is none, or there are several.
    """
    wanted, known = name.casefold(), outputs()
    exact = [each for each in known if each["name"].casefold() == wanted]
    partly = [each for each in known if wanted in each["name"].casefold()]
    if exact or len(partly) == 1:
        return (exact or partly)[0]
    names = ", ".join(each["name"] for each in partly or known) or "none"
    found = f"{len(partly)} loudspeakers have" if partly else "No loudspeaker has"
    raise OutputError(f"{found} {name!r} in the name.", f"Choose one of: {names}")


def portaudio() -> Any:
    """The module sounddevice; its import starts PortAudio.

    Raises:
        OutputError: PortAudio is missing.
    """
    try:
        import sounddevice
    except OSError as failure:
        hint = "./install.sh" if sys.platform == "darwin" else "sudo apt-get install libportaudio2"
        raise OutputError("PortAudio, which plays sound, is missing.", hint) from failure
    return sounddevice
