"""Playback through PortAudio, on an audio output chosen by name.

Each sound has a stream of its own, so that speech and earcons do not wait for one another. Written from
https://python-sounddevice.readthedocs.io and https://portaudio.com/docs/v19-doxydocs.
"""

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import OutputError

Samples = NDArray[np.float32]
"""Mono: (n,), float32, -1 to 1."""
POLL_S = 0.02
"""How often playback is checked for its end."""
STALLED_POLLS = 100
"""An output that has asked for no samples for so many polls, 2 s, is gone."""
LATENCY_S = 0.06
"""PortAudio's buffer: less of it crackles on a busy machine, more of it is heard after a stop."""
PORTAUDIO_LOCK = Lock()
"""Held while a stream is opened or closed: PortAudio does not promise that two threads may do so at once."""


class Player:
    """Plays samples. Any number of threads may use it at once."""

    def __init__(self, device: str | None = None) -> None:
        """`device`: name of an audio output, or a part of it (see `devices`); None: the system's default."""
        self.device = device

    def play(self, samples: Samples, rate: int, stop: Event) -> None:
        """Play samples at `rate` Hz to the end, or until `stop` is set; then be silent within 100 ms.

        Raises:
            OutputError: PortAudio or the audio output is missing, or has gone.
        """
        self.play_all((samples,), rate, stop)

    def play_all(self, chunks: Iterable[Samples], rate: int, stop: Event) -> None:
        """Play chunks as the iterator, run by this thread, yields them, with silence where one is late.

        Raises:
            OutputError: see `play`.
        """
        buffer = PlaybackBuffer(stop)
        with output_stream(self.device, rate, buffer):
            for chunk in chunks:
                if stop.is_set():
                    return
                buffer.put(chunk)
            buffer.is_complete = True
            wait_until_played(buffer)


@dataclass(slots=True)
class PlaybackBuffer:
    """Samples on their way from the thread that makes them to PortAudio's."""

    stop: Event
    chunks: deque[Samples] = field(default_factory=deque, init=False)
    is_complete: bool = field(default=False, init=False)
    """No more chunks will come."""
    is_played: Event = field(default_factory=Event, init=False)
    """Set once the last sample has been played."""
    reads: int = field(default=0, init=False)
    """How often samples were asked for."""

    def put(self, chunk: Samples) -> None:
        self.chunks.append(np.asarray(chunk, np.float32))

    def read(self, block: NDArray[np.float32]) -> bool:
        """Fill a block, (frames, channels), with samples and silence; return whether more will come."""
        self.reads += 1
        block.fill(0)
        is_last, at = self.is_complete, 0
        while self.chunks and at < len(block) and not self.stop.is_set():
            chunk = self.chunks.popleft()
            count = min(len(chunk), len(block) - at)
            block[at : at + count] = chunk[:count, None]
            at += count
            if count < len(chunk):
                self.chunks.appendleft(chunk[count:])
        return not (self.stop.is_set() or (is_last and not self.chunks))


def wait_until_played(buffer: PlaybackBuffer) -> None:
    """Wait until everything is played, or `stop` is set.

    Raises:
        OutputError: the output no longer asks for samples.
    """
    reads, polls = buffer.reads, 0
    while not (buffer.stop.is_set() or buffer.is_played.wait(POLL_S)):
        reads, polls = buffer.reads, polls + 1 if buffer.reads == reads else 0
        if polls >= STALLED_POLLS:
            raise OutputError("the audio output has stopped", "Check that it is still connected, then restart")


@contextmanager
def output_stream(device: str | None, rate: int, buffer: PlaybackBuffer) -> Iterator[None]:
    """A stream that plays the buffer; on leaving it is closed at once. Stereo: mono may be heard on the left only.

    Raises:
        OutputError: see `Player.play`.
    """
    sound = portaudio()

    def fill(block: NDArray[np.float32], _frames: int, _times: object, _flags: object) -> None:
        if not buffer.read(block):
            raise sound.CallbackStop

    with PORTAUDIO_LOCK:
        output = find_output(device) if device else default_output(sound)
        try:
            stream = sound.OutputStream(
                rate,
                device=output["index"],
                channels=min(2, output["max_output_channels"]),
                dtype="float32",
                latency=LATENCY_S,
                callback=fill,
                finished_callback=buffer.is_played.set,
            )
            stream.start()
        except sound.PortAudioError as failure:
            hint = "List audio outputs: ./run.sh voices; then choose one: --audio-device NAME"
            raise OutputError(f"cannot play on {output['name']}: {failure}", hint) from failure
    try:
        yield
    finally:
        with PORTAUDIO_LOCK:
            stream.abort()
            stream.close()


def default_output(sound: Any) -> dict[str, Any]:
    """The system's default audio output, as PortAudio describes it."""
    try:
        return dict(sound.query_devices(kind="output"))
    except (sound.PortAudioError, ValueError) as failure:
        raise OutputError("no audio output found", "Connect a speaker and restart") from failure


def outputs() -> list[dict[str, Any]]:
    """All audio outputs, as PortAudio describes them."""
    return [dict(each) for each in portaudio().query_devices() if each["max_output_channels"] > 0]


def devices() -> list[str]:
    """The names of the audio outputs, each once.

    Raises:
        OutputError: PortAudio is missing.
    """
    return list(dict.fromkeys(output["name"] for output in outputs()))


def find_output(name: str) -> dict[str, Any]:
    """The audio output with this name, or else the only one whose name contains it; case does not matter.

    Raises:
        OutputError: there is none, or there are several.
    """
    wanted, known = name.casefold(), outputs()
    exact = [each for each in known if each["name"].casefold() == wanted]
    partial = [each for each in known if wanted in each["name"].casefold()]
    if exact or len(partial) == 1:
        return (exact or partial)[0]
    names = ", ".join(each["name"] for each in partial or known) or "none"
    found = f"{len(partial)} audio outputs have" if partial else "no audio output has"
    raise OutputError(f"{found} {name!r} in the name", f"Choose one of: {names}")


def portaudio() -> Any:
    """The module sounddevice; importing it starts PortAudio.

    Raises:
        OutputError: PortAudio is missing.
    """
    try:
        import sounddevice
    except OSError as failure:
        hint = "./install.sh" if sys.platform == "darwin" else "sudo apt-get install libportaudio2"
        raise OutputError("PortAudio, which plays sound, is not installed", hint) from failure
    return sounddevice
