"""Speech is told from the room on levels alone: a table of rooms, heard block after block."""

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
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.audio.vad import BLOCK_S, SILENCE_DB, BlockCallback, Microphone, VoiceActivityDetector
from tests import needs
from tests.terminal.stage import ROOT
from tests.waiting import until

Levels = np.ndarray
Spans = list[tuple[float, float]]
ALL_S = 20.0
"""Of every scene."""


def blocks(seconds: float) -> int:
    return round(seconds / BLOCK_S)


def room(level: float, seed: int = 0) -> Levels:
    """Steady noise, also a fan's."""
    return np.random.default_rng(seed).normal(level, 1.0, blocks(ALL_S))


def speech(peak: float, seconds: float = 8.0, seed: int = 1) -> Levels:
    """Four syllables a second, each rising and falling by 14 dB, with gaps between words and phrases."""
    rng, said = np.random.default_rng(seed), list[float]()
    while len(said) < blocks(seconds):
        for _ in range(rng.integers(2, 9)):
            count, top = rng.integers(3, 6), peak - rng.uniform(0, 8)
            said += [top - 14 * (1 - np.sin(np.pi * (each + 0.5) / count)) for each in range(count)]
            said += [peak - 25] * int(rng.integers(0, 3) * (rng.random() < 0.4))
        said += [SILENCE_DB] * int(rng.integers(4, 14))
    return np.array(said[: blocks(seconds)])


def door(peak: float, reverberation_s: float) -> Levels:
    """A bang, which falls by 60 dB in the reverberation time."""
    return peak - 60 * BLOCK_S / reverberation_s * np.arange(20)


def music(level: float, swing: float) -> Levels:
    """Two beats a second, each falling by `swing` dB until the next."""
    beat = np.arange(blocks(15.0)) % 10
    return level - swing * beat / 9 + np.random.default_rng(5).normal(0, 0.7, len(beat))


def at(begin_s: float, sound: Levels) -> Levels:
    """The sound alone, in a scene of `ALL_S`."""
    scene, begin = np.full(blocks(ALL_S), SILENCE_DB), blocks(begin_s)
    scene[begin : begin + len(sound)] = sound[: len(scene) - begin]
    return scene


def mixed(*sounds: Levels) -> Levels:
    """All of them at once: their powers add."""
    return 10 * np.log10(sum(10 ** (each / 10) for each in sounds))  # type: ignore[arg-type]


def hushed(levels: Levels, *own: tuple[float, float]) -> Spans:
    """From when to when somebody is said to speak, in s; `own`: when our own voice does."""
    detector, found = VoiceActivityDetector(), list[bool]()
    begins, ends = ({blocks(each[which]) for each in own} for which in (0, 1))
    for number, level in enumerate(levels):
        if number in begins | ends:
            detector.set_own_voice(number in begins)
        detector.add(level)
        found.append(detector.is_speech)
    edges = np.flatnonzero(np.diff([False, *found, False])) * BLOCK_S
    return [(round(begin, 2), round(end, 2)) for begin, end in edges.reshape(-1, 2)]


@pytest.mark.parametrize("noise", [SILENCE_DB, -70.0, -60.0, -50.0])
@pytest.mark.parametrize("above", [30.0, 40.0])
def test_speech_well_above_the_room_is_heard_from_its_first_half_second_to_a_second_after(
    noise: float, above: float
) -> None:
    peak = max(noise, -70.0) + above
    said = speech(peak)
    ((begin, end),) = hushed(mixed(room(noise), at(5.0, said)))
    last = 5.0 + BLOCK_S * (1 + int(np.flatnonzero(said > peak - 15)[-1]))
    assert 5.15 <= begin <= 5.5
    assert last + 0.7 <= end <= last + 1.2


@pytest.mark.parametrize("seed", range(10))
def test_whoever_speaks_is_not_interrupted_between_words(seed: int) -> None:
    assert len(hushed(mixed(room(-60.0), at(5.0, speech(-28.0, seed=seed))))) == 1


QUIET_SCENES = {
    "a quiet room": room(-60.0),
    "a loud room": room(-30.0),
    "no sound at all": np.full(blocks(ALL_S), SILENCE_DB),
    "a door": mixed(room(-60.0), at(5.0, door(-12.0, 0.5))),
    "a slammed door": mixed(room(-60.0), at(5.0, door(-3.0, 0.5))),
    "a whisper far away": mixed(room(-60.0), at(5.0, speech(-56.0))),
    "a click every half second": mixed(room(-60.0), at(5.0, np.where(np.arange(300) % 10 == 0, -30.0, SILENCE_DB))),
    "music that plays already": mixed(room(-60.0), np.resize(music(-30.0, 6.0), blocks(ALL_S))),
    "a fan that stops": np.concatenate((room(-40.0)[:200], room(-60.0)[:200])),
}


@pytest.mark.parametrize("levels", QUIET_SCENES.values(), ids=QUIET_SCENES)
def test_what_is_no_speech_hushes_nobody(levels: Levels) -> None:
    assert hushed(levels) == []


@pytest.mark.parametrize(
    "begins", [room(-40.0, seed=3)[: blocks(15.0)], music(-30.0, 6.0)], ids=["a fan", "steady music"]
)
def test_what_goes_on_without_gaps_is_a_part_of_the_room_after_a_few_seconds(begins: Levels) -> None:
    ((begin, end),) = hushed(mixed(room(-60.0), at(5.0, begins)))
    assert begin >= 5.15
    assert end <= 9.5


def test_a_door_in_a_church_hushes_for_a_second() -> None:
    """Not wished either: it rings for as long as a word."""
    ((begin, end),) = hushed(mixed(room(-60.0), at(5.0, door(-12.0, 1.2))))
    assert end - begin < 1.5


def test_our_own_voice_turned_up_is_learned_anew_within_two_seconds() -> None:
    levels = mixed(room(-60.0), at(3.0, speech(-30.0, 4.0)), at(12.0, speech(-20.0, 4.0, seed=7)))
    ((begin, end),) = hushed(levels, (3.0, 7.0), (12.0, 16.0))
    assert begin > 12.0
    assert end < 14.5


@pytest.mark.parametrize("louder", [0.0, 4.0, -10.0], ids=["as loud", "a little louder", "turned down"])
def test_our_own_voice_is_not_taken_for_somebody(louder: float) -> None:
    levels = mixed(room(-60.0), at(3.0, speech(-30.0, 4.0)), at(12.0, speech(-30.0 + louder, 4.0, seed=7)))
    assert hushed(levels, (3.0, 7.0), (12.0, 16.0)) == []


def test_somebody_clearly_louder_than_our_own_voice_is_heard_above_it() -> None:
    ours, theirs = speech(-35.0, 4.0), speech(-20.0, 3.0, seed=9)
    levels = mixed(room(-60.0), at(3.0, ours), at(12.0, ours), at(13.0, theirs))
    found = hushed(levels, (3.0, 7.0), (12.0, 16.0))
    assert 13.1 <= found[0][0] <= 13.5


def test_somebody_who_answers_our_voice_is_heard() -> None:
    levels = mixed(room(-60.0), at(3.0, speech(-35.0, 4.0)), at(7.0, speech(-30.0, 3.0, seed=9)))
    ((begin, end),) = hushed(levels, (3.0, 7.0))
    assert 7.15 <= begin <= 7.6
    assert end >= 10.5


@given(st.lists(st.floats(SILENCE_DB, 0.0), max_size=200), st.lists(st.integers(0, 200), max_size=6))
def test_whatever_is_heard_somebody_speaks_only_after_four_loud_blocks_and_never_for_long_after_the_last(
    levels: list[float], turns: list[int]
) -> None:
    detector, loud_ago = VoiceActivityDetector(), 1000
    for number, level in enumerate([*levels, *[SILENCE_DB] * 40]):
        if number in turns:
            detector.set_own_voice(number % 2 == 0)
        detector.add(level)
        loud_ago = 0 if detector.loud[-1] else loud_ago + 1
        assert not detector.is_speech or loud_ago <= 28
    assert not detector.is_speech


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
    assert "No sound from the microphone" in said
    assert "Privacy & Security, Microphone" in said


@needs.platform("linux")
@pytest.mark.skipif(Path("/dev/snd").exists(), reason="a sound card that is there may have a microphone")
def test_a_machine_without_a_microphone_is_told_and_nobody_is_said_to_speak(tmp_path: Path) -> None:
    (tmp_path / "asound.conf").write_text(LOUDSPEAKER)
    child = listener(tmp_path / "asound.conf", has_clock=True)
    assert child.stdout
    said = child.stdout.readline()
    assert "No microphone (" in said
    assert "leave out --hush" in said
    child.kill()
    assert child.communicate()[0] == ""


def test_a_microphone_that_has_stopped_hushes_nobody() -> None:
    now, heard = [100.0], list[BlockCallback]()

    def room(hears: BlockCallback) -> AbstractContextManager[None]:
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


