"""The real way from a sound card to a judgement: PortAudio over ALSA, with a pipe for a microphone."""

import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.audio.vad import SILENCE_DB, Heard, Microphone, level_of
from tests import needs
from tests.terminal.stage import ROOT
from tests.waiting import until

RATE = 44_100
"""Of a sound card that has no opinion, in samples a second."""
CARD = """
pcm.!default { type file  file "/dev/null"  infile "%s"  format "raw"  slave.pcm { type null } }
ctl.!default { type hw  card 0 }
"""
LOUDSPEAKER = "pcm.!default { type asym  playback.pcm { type null } }"
"""And no microphone. A card without either will not do: there, PortAudio 19.6 aborts when it is loaded."""
ROOM_DB = -60.0

LISTENING = """
import sys, time
from app.audio.vad import Microphone
from tests.waiting import until
now = time.monotonic if sys.argv[1:] else lambda: 0.0  # else a busy machine makes it seem to have stopped
microphone = Microphone(lambda notice: print(notice.text, notice.hint, flush=True), now=now)
while True:
    for is_hushed, word in ((True, "hushed"), (False, "over")):
        until(lambda: microphone.is_hushed() == is_hushed)
        print(word, flush=True)
"""


def noise(seconds: float) -> NDArray[np.float32]:
    """The noise of a quiet room."""
    made = np.random.default_rng(7).normal(0, 10 ** (ROOM_DB / 20), round(seconds * RATE))
    return made.astype(np.float32)


def spoken(text: str) -> NDArray[np.float32]:
    """What espeak-ng says, in a quiet room."""
    said = subprocess.run(["espeak-ng", "--stdout", text], capture_output=True, check=True).stdout
    with wave.open(BytesIO(said)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(RATE * 60), np.int16).astype(np.float32) / 32768
    at = np.arange(0, len(samples) - 1, rate / RATE)
    resampled = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    return 0.3 * resampled + noise(len(resampled) / RATE)[: len(resampled)]


class Card:
    """A child process for which a pipe is the microphone."""

    def __init__(self, folder: Path, *, has_clock: bool) -> None:
        pipe, card = folder / "microphone", folder / "asound.conf"
        os.mkfifo(pipe)
        card.write_text(CARD % pipe)
        self.pipe = os.open(pipe, os.O_RDWR)  # both: PortAudio tries its devices first, and opens it more than once
        self.child = listener(card, has_clock=has_clock)

    def hears(self, *sounds: NDArray[np.float32]) -> None:
        left = memoryview(np.concatenate(sounds).tobytes())
        while left:
            left = left[os.write(self.pipe, left) :]

    @property
    def line(self) -> str:
        """The next that it says."""
        assert self.child.stdout
        return self.child.stdout.readline().strip()

    def close(self) -> None:
        self.child.kill()
        self.child.communicate()
        os.close(self.pipe)


def listener(card: Path, *, has_clock: bool) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LISTENING, *["with a clock"] * has_clock],
        cwd=ROOT,
        env={**os.environ, "ALSA_CONFIG_PATH": str(card)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    card = Card(tmp_path, has_clock=False)
    yield card
    card.close()


@pytest.fixture
def card_with_clock(tmp_path: Path) -> Iterator[Card]:
    card = Card(tmp_path, has_clock=True)
    yield card
    card.close()


@needs.platform("linux")
@needs.tool("espeak-ng")
def test_a_real_microphone_hears_a_sentence_begin_and_end_again_and_again(card: Card) -> None:
    said = spoken("A person stands at the door, and talks to me.")
    for _ in range(2):
        card.hears(noise(2.0), said)
        assert card.line == "hushed"
        card.hears(noise(2.0))
        assert card.line == "over"


@needs.platform("linux")
def test_a_microphone_that_gives_nothing_but_zeros_is_told_with_what_a_mac_wants(card_with_clock: Card) -> None:
    card_with_clock.hears(np.zeros(RATE, np.float32))
    said = card_with_clock.line
    assert "no sound at all" in said
    assert "Privacy & Security, Microphone" in said


@needs.platform("linux")
@pytest.mark.skipif(Path("/dev/snd").exists(), reason="a sound card that is there may have a microphone")
def test_a_machine_without_a_microphone_is_told_and_nobody_is_said_to_speak(tmp_path: Path) -> None:
    (tmp_path / "asound.conf").write_text(LOUDSPEAKER)
    child = listener(tmp_path / "asound.conf", has_clock=True)
    assert child.stdout
    said = child.stdout.readline()
    assert "There is no microphone: " in said
    assert "leave out --hush" in said
    child.kill()
    assert child.communicate()[0] == ""


def test_it_ends_when_closed_and_can_be_closed_twice() -> None:
    """With a room in which nothing sounds: on a Mac, a real microphone would ask whether it may be used."""
    microphone = Microphone(pytest.fail, lambda _heard: nullcontext())
    microphone.voice_speaks(True)
    microphone.voice_speaks(False)
    microphone.close()
    microphone.close()
    until(lambda: not microphone.worker.is_alive())
    assert not microphone.is_hushed()


def test_a_microphone_that_has_stopped_hushes_nobody() -> None:
    now, heard = [100.0], list[Heard]()

    def room(hears: Heard) -> AbstractContextManager[None]:
        heard.append(hears)
        return nullcontext()

    microphone = Microphone(pytest.fail, room, lambda: now[0])
    until(lambda: heard)
    for level in (0.001, 0.3):
        for _ in range(20):
            heard[0](np.full((2205, 1), level, np.float32), 2205, None, None)
    assert microphone.is_hushed()
    now[0] += 0.6
    assert not microphone.is_hushed()
    microphone.close()


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.ones((10, 1), np.float32), 0.0),
        (np.full((10, 1), 0.1, np.float32), -20.0),
        (np.sin(np.linspace(0, 20 * np.pi, 4801)[:-1, None]).astype(np.float32), -3.01),
        (np.zeros((10, 1), np.float32), SILENCE_DB),
        (np.full((10, 1), 1e-30, np.float32), SILENCE_DB),
    ],
)
def test_levels_are_in_decibels_of_full_scale(samples: NDArray[np.float32], expected: float) -> None:
    assert level_of(samples) == pytest.approx(expected, abs=0.01)
