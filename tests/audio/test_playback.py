"""What is played comes out of the loudspeaker that was chosen, whole, and stops when it is to stop."""

import sys
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from app.audio.playback import STALLED_POLLS, PlaybackBuffer, wait_until_played
from app.errors import OutputError
from tests import needs
from tests.audio.loudspeaker import card, recorded, run, sound

RATE = 24_000
PLAYING = """
import numpy as np
from threading import Event, Thread
from app.errors import OutputError
from app.audio.playback import Player, devices
tone = np.sin(2 * np.pi * {hz} * np.arange({rate}) / {rate}).astype(np.float32) / 2
never, now = Event(), Event()
now.set()
def explained(device):
    try:
        Player(device).play(tone, {rate}, never)
    except OutputError as failure:
        return str(failure)
"""


def played(folder: Path, then: str, hz: int = 440) -> str:
    return run(PLAYING.format(hz=hz, rate=RATE) + then, card(folder))


def hertz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))


@needs.platform("linux")
@pytest.mark.parametrize("hz", [220, 1000])
def test_a_tone_comes_out_whole_on_both_sides_and_at_its_pitch(tmp_path: Path, hz: int) -> None:
    played(tmp_path, f"Player().play(tone, {RATE}, never)", hz)
    both = recorded(tmp_path)
    assert (both[:, 0] == both[:, 1]).all()
    assert len(sound(both)) == pytest.approx(RATE, abs=50)  # it begins and may end near 0
    assert np.abs(both).max() == pytest.approx(0.5, abs=0.001)
    assert hertz(sound(both)) == pytest.approx(hz, abs=2)


@needs.platform("linux")
def test_chunks_are_played_one_after_the_other_without_a_gap(tmp_path: Path) -> None:
    played(tmp_path, f"Player().play_all(np.array_split(tone, 37), {RATE}, never)")
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32) / 2
    heard = recorded(tmp_path)[:, 0]
    heard = heard[heard != 0]  # the file has no clock: what was waited for is silence there
    assert np.abs(heard - tone[tone != 0]).max() < 1e-6


@needs.platform("linux")
def test_the_chosen_loudspeaker_plays_and_no_other(tmp_path: Path) -> None:
    played(tmp_path, f"Player('Kitchen').play(tone, {RATE}, never)")
    assert len(sound(recorded(tmp_path, "kitchen"))) > RATE * 0.99
    assert not len(sound(recorded(tmp_path, "kitchenette")))


@needs.platform("linux")
def test_several_threads_play_at_once_each_its_own(tmp_path: Path) -> None:
    played(
        tmp_path,
        f"""
threads = [Thread(target=Player(name).play, args=(tone, {RATE}, never)) for name in ("kitchen", "kitchenette")]
[each.start() for each in threads], [each.join() for each in threads]
""",
    )
    for name in ("kitchen", "kitchenette"):
        assert len(sound(recorded(tmp_path, name))) == pytest.approx(RATE, abs=50)


@needs.platform("linux")
def test_outputs_are_listed_and_a_name_must_mean_one(tmp_path: Path) -> None:
    said = played(tmp_path, "print(sorted(devices()), explained('itche'), explained('attic'), sep='\\n')")
    assert said.splitlines() == [
        "['default', 'kitchen', 'kitchenette']",
        "error: 2 audio outputs have 'itche' in the name",
        "hint: Choose one of: kitchen, kitchenette",
        "error: no audio output has 'attic' in the name",
        "hint: Choose one of: kitchen, kitchenette, default",
    ]


@needs.platform("linux")
def test_a_machine_without_a_loudspeaker_is_explained(tmp_path: Path) -> None:
    environment = card(tmp_path)
    (tmp_path / "asound.conf").write_text("pcm.!default { type hw  card 77 }\n")
    said = run(PLAYING.format(hz=440, rate=RATE) + "print(explained(None))", environment)
    assert "error: " in said
    assert "hint: " in said


def test_a_missing_portaudio_is_explained_with_what_installs_it(tmp_path: Path) -> None:
    """A sounddevice that fails at import as the real one does."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + PLAYING.format(hz=440, rate=RATE)
    said = run(program + "print(explained(None))", card(tmp_path))
    assert "error: PortAudio, which plays sound, is not installed" in said
    assert ("install.sh" if sys.platform == "darwin" else "libportaudio2") in said


def test_a_loudspeaker_that_takes_nothing_any_more_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an unplugged one: the samples wait, and nobody asks for them."""
    monkeypatch.setattr("app.audio.playback.POLL_S", 1 / STALLED_POLLS)
    buffer = PlaybackBuffer(Event())
    buffer.put(np.ones(10, np.float32))
    with pytest.raises(OutputError, match="has stopped"):
        wait_until_played(buffer)


@pytest.mark.parametrize("sizes", [(10,), (3, 0, 7), (1,) * 10, (4, 4, 2)])
def test_a_tape_gives_every_sample_once_whatever_the_blocks(sizes: tuple[int, ...]) -> None:
    buffer, out, more = PlaybackBuffer(Event()), [], True
    for chunk in np.split(np.arange(1, 11, dtype=np.float32), np.cumsum(sizes)[:-1]):
        buffer.put(chunk)
    buffer.is_complete = True
    while more:
        block = np.empty((4, 2), np.float32)
        more = buffer.read(block)
        out.append(block[:, 0].copy())
    assert np.concatenate(out).tolist() == [*range(1, 11), 0, 0]


