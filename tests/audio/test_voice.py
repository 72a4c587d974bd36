"""Speech is never late: one sentence in the air, one waiting, urgent first, and silence at once."""

import os
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread, current_thread

import numpy as np
import pytest

from app.audio.engines import find_engine
from app.audio.tts import Program
from app.audio.voice import Voice
from app.errors import OutputError
from app.events import Mute, Notice
from tests import needs
from tests.terminal.stage import StandIn, frame, growing, is_running, notice, sentence, status
from tests.waiting import LIMIT_S, until


def timeless() -> float:
    """A clock on which no sentence grows too old to be spoken, however busy the machine."""
    return 0.0


class Room:
    """A voice, its stand-in engine, its clock, and what it warned of."""

    def __init__(self, stand_in: StandIn) -> None:
        self.engine, self.now, self.warned = stand_in, 100.0, list[Notice]()
        found = find_engine(None, stand_in.path, "linux")
        assert found
        self.voice = Voice(found, self.warned.append, now=lambda: self.now)

    def say(self, text: str, kind: str = "scene") -> None:
        self.voice.tell(replace(sentence(text, kind), frame=frame(0, self.now)))  # type: ignore[arg-type]

    def in_the_air(self, text: str) -> None:
        until(lambda: text in self.engine.texts("began"))

    def until_spoken(self, text: str) -> None:
        until(lambda: text in self.engine.texts("ended"))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(StandIn(tmp_path))
    yield room
    room.voice.close()


def test_the_newest_waits_and_older_ones_are_dropped(room: Room) -> None:
    room.say("One.")
    room.in_the_air("One.")
    for text in ("Two.", "Three.", "Four."):
        room.say(text)
    room.engine.let_go()
    room.until_spoken("Four.")
    assert room.engine.texts("ended") == ["One.", "Four."]


def test_a_scene_waits_until_the_one_in_the_air_is_finished(room: Room) -> None:
    room.say("One.")
    room.in_the_air("One.")
    room.say("Two.")
    room.engine.let_go()
    room.until_spoken("Two.")
    assert [line.split()[0] for line in room.engine.log] == ["began", "ended", "began", "ended"]


def test_what_has_waited_longer_than_the_age_limit_is_not_spoken(room: Room) -> None:
    room.say("One.")
    room.in_the_air("One.")
    room.say("Late.")
    room.now += 6.1
    room.engine.let_go()
    room.until_spoken("One.")
    room.say("Fresh.")
    room.until_spoken("Fresh.")
    assert "Late." not in room.engine.texts("began")


def test_what_has_waited_up_to_the_age_limit_is_spoken(room: Room) -> None:
    room.say("One.")
    room.in_the_air("One.")
    room.say("Just in time.")
    room.now += 5.9
    room.engine.let_go()
    room.until_spoken("Just in time.")


@pytest.mark.parametrize("kind", ["alert", "answer"])
def test_an_alert_or_an_answer_cuts_what_is_in_the_air(room: Room, kind: str) -> None:
    room.say("One.")
    room.in_the_air("One.")
    room.say("A person at the door.", kind)
    room.in_the_air("A person at the door.")
    until(lambda: not is_running(room.engine.pids()[0]))
    room.engine.let_go()
    room.until_spoken("A person at the door.")
    assert room.engine.texts("ended") == ["A person at the door."]
    assert room.warned == []


def test_a_notice_that_waits_does_not_give_way_to_a_scene(room: Room) -> None:
    room.say("One.")
    room.in_the_air("One.")
    room.voice.tell(notice("camera lost", "The camera is gone."))
    room.say("Two.")
    room.engine.let_go()
    room.until_spoken("Notice: The camera is gone.")
    assert "Two." not in room.engine.texts("began")


def test_an_outdated_notice_does_give_way(room: Room) -> None:
    room.say("One.")
    room.in_the_air("One.")
    room.voice.tell(notice("camera lost", "The camera is gone."))
    room.now += 7
    room.say("Two.")
    room.engine.let_go()
    room.until_spoken("Two.")


def test_only_notices_of_consequence_are_spoken_and_as_notices(room: Room) -> None:
    room.engine.let_go()
    for each in (growing("A red"), status(), notice("loading", "Loading."), notice("source ended", "The end.")):
        room.voice.tell(each)
    room.voice.tell(notice("error", "The model failed."))
    room.until_spoken("Notice: The model failed.")
    assert room.engine.texts("began") == ["Notice: The model failed."]


def test_a_flood_of_sentences_is_bounded(room: Room) -> None:
    room.say("First.")
    room.in_the_air("First.")
    for number in range(1000):
        room.say(f"{number}.")
    room.engine.let_go()
    room.until_spoken("999.")
    assert len(room.engine.texts("began")) == 2


@pytest.mark.parametrize(
    ("said", "spoken"),
    [
        ("-w /etc/passwd", "-w /etc/passwd"),
        ("[[rate 500]] quick", "[ [rate 500]] quick"),
        ("[[[x", "[ [ [x"),
        ("bell\x07 and\nline \x1b[2J", "bell and line [2J"),
    ],
)
def test_the_text_goes_through_standard_input_and_orders_nothing(room: Room, said: str, spoken: str) -> None:
    room.engine.let_go()
    room.say(said)
    room.until_spoken(spoken)
    assert f"--stdin | {spoken}" in room.engine.log[0]


def test_closing_cuts_what_is_in_the_air_and_leaves_no_process(room: Room) -> None:
    """The stand-in would speak for ever: nothing but the cut ends it."""
    room.say("One.")
    room.in_the_air("One.")
    room.say("Two.")
    room.voice.close()
    until(lambda: not room.voice.worker.is_alive())
    assert not is_running(room.engine.pids()[0])
    assert [line.split()[0] for line in room.engine.log] == ["began"]
    assert room.engine.texts("began") == ["One."]
    assert room.warned == []


def test_the_helpers_of_an_engine_are_killed_with_it(tmp_path: Path) -> None:
    helper = StandIn(tmp_path, '#!/bin/sh\ncat > /dev/null\nsleep 600 &\necho "began $! | x" >> "$0.log"\nwait\n')
    room = Room(helper)
    room.say("One.")
    until(helper.pids)
    room.voice.close()
    until(lambda: not is_running(helper.pids()[0]))


def test_the_last_words_are_waited_for(room: Room) -> None:
    room.say("One.")
    room.in_the_air("One.")
    room.say("Two.")
    ended_by_then = list[str]()

    def finish() -> None:
        room.voice.finish(Event(), LIMIT_S)
        ended_by_then.extend(room.engine.texts("ended"))

    waiting = Thread(target=finish)
    waiting.start()
    room.engine.let_go()
    waiting.join(LIMIT_S)
    assert ended_by_then == ["One.", "Two."]


def test_the_last_words_are_not_waited_for_once_it_is_stopped(room: Room) -> None:
    room.say("One.")
    room.in_the_air("One.")
    stop = Event()
    stop.set()
    room.voice.finish(stop)
    assert room.engine.texts("ended") == []


def test_close_twice_is_fine_and_nothing_is_spoken_afterwards(room: Room) -> None:
    room.voice.close()
    room.voice.close()
    room.say("One.")
    until(lambda: not room.voice.worker.is_alive())
    assert not room.voice.turns.has_words
    assert room.voice.banner.name == "voice espeak-ng"


FAILING = {
    "exit code": "#!/bin/sh\ncat > /dev/null\necho 'no such device' >&2\nexit 1\n",
    "silent exit code": "#!/bin/sh\ncat > /dev/null\nexit 7\n",
    "espeak-ng's way": "#!/bin/sh\ncat > /dev/null\necho 'ALSA lib: hm' >&2\necho 'error: No such file' >&2\n",
    "deaf": "#!/bin/sh\nexit 1\n",
}


@pytest.mark.parametrize("script", FAILING.values(), ids=FAILING)
def test_an_engine_that_fails_is_told_once_and_then_left_alone(tmp_path: Path, script: str) -> None:
    room = Room(StandIn(tmp_path, script))
    room.say("One.")
    until(lambda: room.warned)
    for number in range(5):
        room.say(f"{number}.")
    room.voice.worker.join(LIMIT_S)
    room.voice.close()
    assert [each.kind for each in room.warned] == ["voice"]
    assert "--no-speak" in room.warned[0].hint


def test_an_engine_that_vanishes_is_told(tmp_path: Path) -> None:
    room = Room(StandIn(tmp_path))
    room.engine.file.unlink()
    room.say("One.")
    until(lambda: room.warned)
    room.voice.close()
    assert "No such file" in room.warned[0].text


def test_what_an_engine_mutters_is_not_a_failure(tmp_path: Path) -> None:
    muttering = '#!/bin/sh\ntext=$(cat)\necho "ALSA lib: underrun" >&2\necho "ended 1 | $text" >> "$0.log"\n'
    room = Room(StandIn(tmp_path, muttering))
    for text in ("One.", "Two."):
        room.say(text)
        room.until_spoken(text)
    room.voice.close()
    assert room.warned == []


def test_an_engine_that_hangs_is_ended() -> None:
    with pytest.raises(OutputError, match="still at one sentence"):
        Program("sleep", ("sleep", "600"), (), limit_s=0.1).speak("One.", Event())


@needs.tool("espeak-ng")
def test_the_real_espeak_makes_sound_of_a_sentence(tmp_path: Path) -> None:
    """Through the product's way; only a file takes the place of the loudspeaker."""
    real = subprocess.run(["which", "espeak-ng"], capture_output=True, text=True, check=True).stdout.strip()
    recorder = (
        f'#!/bin/sh\n[ "$1" = --voices ] && exec {real} --voices\n{real} -w "$0.part" "$@"\nmv "$0.part" "$0.wav"\n'
    )
    stand_in = StandIn(tmp_path, recorder)
    engine = find_engine("en-us", stand_in.path, "linux")
    assert engine
    voice = Voice(engine, pytest.fail, now=timeless)
    voice.tell(sentence("A red circle is at the top left."))
    sound = stand_in.beside(".wav")
    until(sound.exists)
    voice.close()
    with wave.open(str(sound)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        seconds = len(samples) / file.getframerate()
    assert 1 < seconds < 5
    assert np.abs(samples.astype(int)).max() > 1000


@needs.tool("espeak-ng")
@needs.platform("linux")
def test_the_real_espeak_without_a_loudspeaker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALSA_CONFIG_PATH", "PULSE_SERVER"):
        monkeypatch.setenv(name, f"/none/{os.getpid()}")
    engine = find_engine()
    assert engine
    warned: list[Notice] = []
    voice = Voice(engine, warned.append, now=timeless)
    voice.tell(sentence())
    until(lambda: warned)
    voice.close()
    assert "silent now: espeak-ng failed: " in warned[0].text


def test_say_is_started_with_its_text_and_killed_in_the_middle_of_a_word(tmp_path: Path) -> None:
    mac = StandIn(tmp_path, name="say")
    engine = find_engine(None, mac.path, "darwin")
    assert engine
    voice = Voice(engine, pytest.fail, now=timeless)
    voice.tell(sentence("One."))
    until(lambda: "One." in mac.texts("began"))
    voice.tell(Mute(True))
    until(lambda: not is_running(mac.pids()[0]))
    voice.tell(sentence("Yes.", "answer"))
    until(lambda: "Yes." in mac.texts("began"))
    voice.close()
    until(lambda: not is_running(mac.pids()[1]))
    assert [line.split(" ", 2)[2] for line in mac.log] == ["-f - | One.", "-f - | Yes."]


class Ear:
    """Hears somebody speak as it is told to, and keeps what it is told of our own voice."""

    def __init__(self) -> None:
        self.hears, self.own = True, list[bool]()

    def is_hushed(self) -> bool:
        return self.hears

    def voice_speaks(self, is_speaking: bool) -> None:
        self.own.append(is_speaking)


def test_it_waits_while_somebody_speaks_and_tells_when_it_speaks_itself(tmp_path: Path) -> None:
    stand_in, ear = StandIn(tmp_path), Ear()
    stand_in.let_go()
    engine = find_engine(None, stand_in.path, "linux")
    assert engine
    voice = Voice(engine, pytest.fail, now=timeless, ear=ear)
    voice.tell(sentence("Scene."))
    voice.tell(sentence("Alert.", "alert"))
    until(lambda: "Alert." in stand_in.texts("ended"))
    until(lambda: ear.own == [True, False])
    ear.hears = False
    until(lambda: "Scene." in stand_in.texts("ended"))
    voice.close()
    assert ear.own == [True, False] * 2
    assert stand_in.texts("began") == ["Alert.", "Scene."]


def test_descriptions_that_always_come_too_late_are_told_of_once(room: Room) -> None:
    for number in range(20):
        room.voice.tell(replace(sentence(f"{number}."), frame=frame(0, room.now - 7)))
    assert [each.kind for each in room.warned] == ["voice"]
    assert "only shown" in room.warned[0].text
    assert room.engine.log == []


def test_an_engine_is_opened_and_closed_by_the_thread_that_speaks_once_it_is_wanted() -> None:
    seen = list[tuple[str, str]]()

    class Silent:
        name = "silent"

        def open(self) -> None:
            seen.append(("open", current_thread().name))

        def speak(self, text: str, _until: Event) -> None:
            seen.append((text, current_thread().name))

        def close(self) -> None:
            seen.append(("close", current_thread().name))

    voice = Voice(Silent(), pytest.fail, now=timeless)
    voice.tell(notice("loading"))
    assert seen == []
    voice.tell(notice("ready"))
    until(lambda: ("open", "voice") in seen)
    voice.tell(sentence("One."))
    until(lambda: ("One.", "voice") in seen)
    voice.close()
    assert seen == [("open", "voice"), ("One.", "voice"), ("close", "voice")]
