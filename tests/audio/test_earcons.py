"""Earcons are short, quiet and told apart; each event has its own, and most have none."""

from pathlib import Path
from threading import Event

import numpy as np
import pytest
from numpy.typing import NDArray

from app.audio import earcons
from app.audio.earcons import CHANGED, HEARD, LISTENING, LOOKING, LOST, RATE, READY, Earcon, EarconPicker, Earcons
from app.errors import OutputError
from app.events import Mute, Notice, QuestionDraft, RunEvent
from tests import needs
from tests.audio import loudspeaker
from tests.terminal.stage import growing, notice, sentence, status
from tests.waiting import until

ALL = {name: each for name, each in vars(earcons).items() if isinstance(each, Earcon)}


def pitch(samples: NDArray[np.float32]) -> float:
    """The strongest frequency, in Hz; a glide's is within it."""
    spectrum = np.abs(np.fft.rfft(samples, 1 << 18))
    return float(spectrum.argmax()) * RATE / (1 << 18)


def direction(samples: NDArray[np.float32]) -> int:
    """1 for rising, -1 for falling, 0 for neither."""
    half = len(samples) // 2
    ratio = pitch(samples[half:]) / pitch(samples[:half])
    return int(ratio > 1.1) - int(ratio < 1 / 1.1)


@pytest.mark.parametrize("earcon", ALL.values(), ids=ALL)
def test_every_one_is_short_and_quiet_and_does_not_click(earcon: Earcon) -> None:
    samples = earcon.samples()
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples) <= 0.15 * RATE
    assert 0.02 <= np.abs(samples).max() <= 0.1
    assert abs(samples[0]) < 1e-3
    assert abs(samples[-1]) < 1e-3
    fastest = 2 * np.pi * max(earcon.begins_hz, earcon.ends_hz) / RATE * earcon.peak
    assert np.abs(np.diff(samples)).max() <= 1.1 * fastest


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        *[(notice(kind), LOST) for kind in ("camera lost", "dark", "covered", "frozen")],
        (notice("ready"), READY),
        (notice("looking"), LOOKING),
        (notice("nothing new"), LOOKING),
        (sentence(kind="change"), CHANGED),
        (QuestionDraft("w"), LISTENING),
        *[(notice(kind), None) for kind in ("loading", "camera back", "error")],
        *[(sentence(kind=kind), None) for kind in ("scene", "answer", "alert")],
        (growing(), None),
        (status(), None),
        (QuestionDraft("", is_over=True), None),
    ],
)
def test_each_happening_has_its_own_earcon_or_none(event: RunEvent, expected: Earcon | None) -> None:
    assert EarconPicker().earcon(event, 0.0) == expected


def test_changes_sound_at_most_once_in_three_seconds() -> None:
    picker, change = EarconPicker(), sentence(kind="change")
    sounded = [tenth / 10 for tenth in range(100) if picker.earcon(change, tenth / 10)]
    assert sounded == [0.0, 3.0, 6.0, 9.0]


def test_a_question_sounds_when_it_begins_and_when_it_is_over_only() -> None:
    picker = EarconPicker()
    told = [
        QuestionDraft("w"),
        QuestionDraft("wh"),
        QuestionDraft("who"),
        QuestionDraft("who", is_over=True),
        QuestionDraft("who", is_over=True),
    ]
    assert [picker.earcon(each, 0.0) for each in [*told, QuestionDraft("x")]] == [
        LISTENING,
        None,
        None,
        HEARD,
        None,
        LISTENING,
    ]


def test_in_silence_only_listening_is_heard() -> None:
    picker = EarconPicker()
    told = [
        Mute(True),
        sentence(kind="change"),
        notice("camera lost"),
        QuestionDraft("w"),
        QuestionDraft("w", is_over=True),
    ]
    assert [picker.earcon(each, 0.0) for each in told] == [None, None, None, LISTENING, HEARD]
    picker.earcon(Mute(False), 0.0)
    assert picker.earcon(sentence(kind="change"), 0.0) == CHANGED


class Loudspeaker:
    """Keeps what it was given; every sound lasts until it is let go, or no longer wanted."""

    def __init__(self) -> None:
        self.played = list[NDArray[np.float32]]()
        self.may_end = Event()

    def play(self, samples: NDArray[np.float32], rate: int, until: Event) -> None:
        assert rate == RATE
        self.played.append(samples)
        while not (self.may_end.wait(0.01) or until.is_set()):
            pass

    def has_played(self, *wanted: Earcon) -> bool:
        return [len(each) for each in self.played] == [len(each.samples()) for each in wanted]


def test_one_sounds_and_the_newest_waits() -> None:
    speaker = Loudspeaker()
    output = Earcons(speaker, pytest.fail)
    output.tell(notice("ready"))
    until(lambda: speaker.played)
    for each in (notice("looking"), notice("camera lost"), sentence(kind="change")):
        output.tell(each)
    speaker.may_end.set()
    until(lambda: len(speaker.played) == 2)
    output.close()
    assert speaker.has_played(READY, CHANGED)


def test_what_waits_when_silence_is_wanted_is_not_played() -> None:
    speaker = Loudspeaker()
    output = Earcons(speaker, pytest.fail)
    output.tell(notice("ready"))
    until(lambda: speaker.played)
    for each in (sentence(kind="change"), Mute(True)):
        output.tell(each)
    assert not output.worker.waiting
    output.tell(QuestionDraft("w"))
    output.tell(Mute(True))
    speaker.may_end.set()
    until(lambda: len(speaker.played) == 2)
    output.close()
    assert speaker.has_played(READY, LISTENING)


class Broken:
    """No loudspeaker, until it is plugged in."""

    def __init__(self) -> None:
        self.is_there, self.count, self.heard = False, 0, 0

    def play(self, _samples: NDArray[np.float32], _rate: int, _until: Event) -> None:
        self.count += 1
        if not self.is_there:
            raise OutputError("there is no loudspeaker.", "plug one in")
        self.heard += 1


def test_a_missing_loudspeaker_is_told_once_and_tried_again() -> None:
    speaker, warned = Broken(), list[Notice]()
    output = Earcons(speaker, warned.append)
    for count in (1, 2):
        output.tell(notice("ready"))
        until(lambda count=count: speaker.count == count)
    speaker.is_there = True
    output.tell(notice("ready"))
    until(lambda: speaker.heard)
    output.close()
    assert [each.kind for each in warned] == ["earcons"]
    assert "--no-earcons" in warned[0].hint


PLAYING = """
import pytest
from threading import Event
from app.audio.earcons import Earcons
from app.audio.playback import Player
from tests.terminal.stage import notice
from tests.waiting import LIMIT_S

class Heard(Player):
    is_played = Event()
    def play(self, samples, rate, until):
        super().play(samples, rate, until)
        self.is_played.set()

output = Earcons(Heard(), pytest.fail)
output.tell(notice("camera lost"))
assert Heard.is_played.wait(LIMIT_S)
output.close()
"""


@needs.platform("linux")
def test_a_camera_lost_is_heard_from_a_real_sound_card_as_it_was_made(tmp_path: Path) -> None:
    loudspeaker.run(PLAYING, loudspeaker.card(tmp_path))
    heard = loudspeaker.recorded(tmp_path)[:, 0]
    made = LOST.samples()
    assert np.abs(heard[heard != 0] - made[made != 0]).max() < 1e-6
