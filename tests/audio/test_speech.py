"""Who speaks when, on a simulated clock: nothing late, nothing doubled, nothing urgent lost or cut."""

import os
import subprocess
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread, current_thread

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.audio.speech import URGENT, Speech, SpeechQueue, Utterance, utterance_of
from app.audio.tts import Program, find_engine
from app.errors import OutputError
from app.events import Mute, Notice, Repeated, RunEvent, Sentence, SentenceKind, VoiceToggled
from tests import needs
from tests.terminal.stage import StandIn, asking, frame, growing, is_running, notice, sentence, status
from tests.waiting import LIMIT_S, until

AGE_LIMIT_S = 6.0
FRAME = frame(0, 0.0)


def told(text: str, kind: SentenceKind = "scene", seen_at: float = 100.0) -> Sentence:
    return replace(sentence(text, kind), frame=replace(FRAME, seen_at=seen_at))


@dataclass
class Talk:
    """A queue, a clock, and what has been said: speech without sound."""

    queue: SpeechQueue = field(default_factory=lambda: SpeechQueue(AGE_LIMIT_S))
    now: float = 100.0
    began: list[tuple[float, Utterance]] = field(default_factory=list)
    ended: list[Utterance] = field(default_factory=list)
    cut: list[Utterance] = field(default_factory=list)

    def tell(self, *events: RunEvent) -> None:
        for event in events:
            if self.queue.add(event, self.now):
                self.stop(self.cut)

    def stop(self, how: list[Utterance]) -> None:
        assert self.queue.current
        how.append(self.queue.current)
        self.queue.end_current()

    def begin(self, *, is_hushed: bool = False) -> None:
        if self.queue.current is None and (said := self.queue.start_next(self.now, is_hushed=is_hushed)):
            self.began.append((self.now, said))

    def finish(self) -> None:
        if self.queue.current:
            self.stop(self.ended)

    def run(self) -> list[str]:
        """Everything that is said until nothing waits."""
        while self.queue.has_words:
            self.begin()
            if self.queue.current is None:
                break
            self.finish()
        return self.texts

    @property
    def texts(self) -> list[str]:
        return [said.text for _, said in self.began]


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    talk.tell(told("In the air."))
    talk.begin()
    return talk


def test_urgent_ones_wait_in_a_row_and_none_cuts_another(talk: Talk) -> None:
    talk.tell(told("First.", "alert"))
    assert [each.text for each in talk.cut] == ["In the air."]
    talk.begin()
    talk.tell(told("Second.", "answer"), told("Third.", "alert"), Repeated(told("Fourth.")))
    assert len(talk.cut) == 1
    assert talk.run() == ["In the air.", "First.", "Second.", "Third.", "Fourth."]


def test_the_same_urgent_words_waiting_twice_are_said_once(talk: Talk) -> None:
    talk.tell(told("First.", "alert"))
    talk.begin()
    talk.tell(told("A person.", "alert"), told("A cat.", "alert"), told("A person.", "alert"))
    assert talk.run() == ["In the air.", "First.", "A person.", "A cat."]


def test_the_same_words_are_said_again_once_they_have_been_in_the_air(talk: Talk) -> None:
    talk.tell(told("A person.", "alert"))
    talk.begin()
    talk.tell(told("A person.", "alert"))
    assert talk.run() == ["In the air.", "A person.", "A person."]


def test_urgent_ones_come_before_what_waited_longer_and_are_never_late(talk: Talk) -> None:
    talk.tell(told("Waiting."), told("Alert.", "alert", seen_at=1.0))
    talk.now += 100
    assert talk.run() == ["In the air.", "Alert."]


def test_a_sentence_is_as_old_as_its_frame(talk: Talk) -> None:
    talk.tell(told("Old already.", seen_at=93.9))
    talk.finish()
    assert talk.run() == ["In the air."]
    talk.tell(told("Just in time.", seen_at=94.1))
    assert talk.run() == ["In the air.", "Just in time."]


def test_what_is_about_no_frame_is_as_old_as_its_telling(talk: Talk) -> None:
    talk.tell(notice("dark", "It is dark."))
    talk.now += AGE_LIMIT_S
    talk.finish()
    assert talk.run() == ["In the air.", "Notice: It is dark."]


def test_silence_cuts_drops_and_lets_only_answers_through(talk: Talk) -> None:
    talk.tell(told("Waiting."), Mute(True))
    assert [each.text for each in talk.cut] == ["In the air."]
    talk.tell(told("Scene."), told("Alert.", "alert"), notice("dark", "It is dark."), told("Yes.", "answer"))
    assert talk.run() == ["In the air.", "Yes."]


def test_an_answer_told_in_a_silence_is_still_said_after_it(talk: Talk) -> None:
    talk.tell(Mute(True), told("Yes.", "answer"), told("It is red.", "answer"), Mute(False), told("Scene."))
    assert talk.run() == ["In the air.", "Yes.", "It is red.", "Scene."]


def test_what_is_wanted_again_is_said_whatever_its_age_even_in_a_silence(talk: Talk) -> None:
    talk.tell(Mute(True), Repeated(told("Long ago.", seen_at=0.0)))
    assert talk.run() == ["In the air.", "Long ago."]


def test_a_silence_cuts_what_is_urgent_too() -> None:
    talk = Talk()
    talk.tell(told("Alert.", "alert"))
    talk.begin()
    talk.tell(Mute(True))
    assert [each.text for each in talk.cut] == ["Alert."]


def test_while_somebody_speaks_only_what_is_urgent_begins() -> None:
    talk = Talk()
    talk.tell(told("Scene."))
    talk.begin(is_hushed=True)
    assert talk.texts == []
    talk.tell(told("Alert.", "alert"))
    talk.begin(is_hushed=True)
    assert talk.texts == ["Alert."]
    talk.finish()
    talk.begin()
    assert talk.texts == ["Alert.", "Scene."]


def test_what_has_become_late_while_somebody_spoke_is_not_said() -> None:
    talk = Talk()
    talk.tell(told("Scene."))
    talk.now += 3
    talk.begin(is_hushed=True)
    talk.now += 3.1
    talk.begin()
    assert talk.texts == []


def test_after_the_close_nothing_is_said(talk: Talk) -> None:
    talk.tell(told("Waiting."), told("Alert.", "alert"))
    talk.queue.close()
    talk.tell(told("Later.", "answer"), told("Later."))
    assert talk.run() == ["In the air."]


@pytest.mark.parametrize(
    "kind", ["camera lost", "camera back", "dark", "covered", "frozen", "blurred", "clear", "error"]
)
def test_notices_of_consequence_are_worded_as_notices(kind: str) -> None:
    assert utterance_of(notice(kind, "Words."), 5.0) == Utterance("Notice: Words.", 1, 5.0)


@pytest.mark.parametrize("kind", ["keys", "verbosity", "going on", "nothing yet", "no answer"])
def test_what_answers_a_key_is_said_as_an_answer_in_a_silence_too(kind: str, talk: Talk) -> None:
    talk.tell(Mute(True), notice(kind, "Words."))
    assert talk.run() == ["In the air.", "Words."]


def test_an_alert_that_a_silence_cuts_or_meets_is_said_afterwards_and_once() -> None:
    talk = Talk()
    talk.tell(told("One.", "alert"))
    talk.begin()
    talk.tell(told("One.", "alert"), told("Two.", "alert"), Mute(True), told("Three.", "alert"))
    assert talk.run() == ["One."]
    talk.tell(Mute(False))
    assert talk.run() == ["One.", "One.", "Two.", "Three."]


@pytest.mark.parametrize("event", [growing(), status(), notice("loading"), asking(), Mute(True)])
def test_of_the_rest_nothing_is_said(event: RunEvent) -> None:
    assert utterance_of(event, 5.0) is None


def test_in_a_simulated_hour_a_slow_voice_never_speaks_of_what_is_older_than_the_limit() -> None:
    """4 s a sentence, a sentence every second, each 0.5 to 2.5 s after its frame, an alert a minute."""
    talk, busy_until = Talk(now=0.0), 0.0
    for second in range(3600):
        talk.now = float(second)
        kind: SentenceKind = "alert" if second % 60 == 59 else "scene"
        talk.tell(told(f"{second}.", kind, seen_at=second - 0.5 - second % 5 / 2))
        if talk.now >= busy_until:
            talk.finish()
        if talk.queue.current is None:
            talk.begin()
            busy_until = talk.now + 4.0
    ages = [at - said.since for at, said in talk.began]
    assert max(ages) <= AGE_LIMIT_S
    assert len(talk.began) > 800
    assert [said.text for _, said in talk.began if said.priority == URGENT] == [f"{at}." for at in range(59, 3600, 60)]
    assert len(set(talk.texts)) == len(talk.texts)


WHAT = ("scene", "alert", "answer", "again", "silence", "notice", "begin", "hushed", "finish", "pass", "close", "mute")
OFTEN = (*WHAT, "begin", "finish", "alert", "scene")
EVENTS = st.lists(st.tuples(st.sampled_from(OFTEN), st.integers(0, 9)), max_size=30)
"""What happens, and a number that says how: which words, how old, how long."""


def is_alert(text: str) -> bool:
    return text.startswith("alert")


class Expected(Talk):
    """Beside a talk: the urgent words that are owed, as a person would keep count of them."""

    def __init__(self) -> None:
        super().__init__()
        self.owed: list[str] = []
        self.is_silent = self.is_over = self.is_muted = False
        self.said = 0

    def happen(self, what: str, value: int) -> None:
        match what:
            case "scene":
                self.said += 1
                self.tell(told(f"Scene {self.said}.", "scene", self.now - value))
            case "alert" | "answer" | "again":
                self.press(what, f"{what} {value % 4}.")
            case "silence":
                self.silence(value % 2 == 1)
            case "mute":
                self.is_muted, self.owed = value % 2 == 1, []
                self.tell(VoiceToggled(not self.is_muted))
            case "notice":
                self.said += 1
                self.tell(notice("dark", f"{self.said}."))
            case "begin" | "hushed":
                self.begin(is_hushed=what == "hushed")
            case "finish":
                self.finish()
            case "pass":
                self.now += value
            case "close" if value < 3:  # else few would get far
                self.is_over, self.owed = True, []
                self.queue.close()

    def press(self, what: str, text: str) -> None:
        if not (self.is_over or self.is_muted) and text not in self.owed:
            self.owed.append(text)
        self.tell(Repeated(told(text)) if what == "again" else told(text, what))  # type: ignore[arg-type]

    def silence(self, is_wanted: bool) -> None:
        self.is_silent = is_wanted
        if is_wanted:
            row = [self.queue.current.text if self.queue.current else "", *self.owed]
            self.owed = [] if self.is_over else list(dict.fromkeys(text for text in row if is_alert(text)))
        self.tell(Mute(is_wanted))
        assert self.queue.current is None or not is_wanted

    def begin(self, *, is_hushed: bool = False) -> None:
        before = len(self.began)
        super().begin(is_hushed=is_hushed)
        for _, said in self.began[before:]:
            assert not self.is_over
            assert not self.is_muted
            may = [text for text in self.owed if not (self.is_silent and is_alert(text))]
            if said.priority == URGENT:
                assert said.text == may[0]
                self.owed.remove(said.text)
            else:
                assert (may, self.is_silent, is_hushed) == ([], False, False)
                assert self.now - said.since <= AGE_LIMIT_S


@pytest.mark.parametrize("examples", [500, pytest.param(10_000, marks=pytest.mark.long)])
def test_no_order_of_events_makes_it_say_what_is_late_or_doubled_or_lose_what_is_urgent(examples: int) -> None:
    any_order = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    any_order(given(EVENTS)(says_what_it_must))()


def says_what_it_must(events: Sequence[tuple[str, int]]) -> None:
    talk = Expected()
    for what, value in events:
        before = len(talk.cut)
        talk.happen(what, value)
        assert what in ("silence", "mute") or all(each.priority < URGENT for each in talk.cut[before:])
    talk.finish()
    talk.run()
    assert [text for text in talk.owed if not talk.is_silent or not is_alert(text)] == []
    ordinary = [said.text for _, said in talk.began if said.priority < URGENT]
    assert len(set(ordinary)) == len(ordinary)


def timeless() -> float:
    """A clock on which no sentence grows too old to be spoken, however busy the machine."""
    return 0.0


class Room:
    """A voice, its stand-in engine, its clock, and what it warned of."""

    def __init__(self, stand_in: StandIn) -> None:
        self.engine, self.now, self.warned = stand_in, 100.0, list[Notice]()
        found = find_engine(None, stand_in.path, "linux")
        assert found
        self.voice = Speech(found, self.warned.append, now=lambda: self.now)

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
    until(lambda: not room.voice.thread.is_alive())
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
    room.voice.thread.join(LIMIT_S)
    assert not room.voice.queue.has_words
    room.voice.close()
    assert [each.kind for each in room.warned] == ["voice"]
    assert "--no-speak" in room.warned[0].hint


def test_an_engine_that_hangs_is_ended() -> None:
    with pytest.raises(OutputError, match="did not finish a sentence"):
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
    voice = Speech(engine, pytest.fail, now=timeless)
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
    voice = Speech(engine, warned.append, now=timeless)
    voice.tell(sentence())
    until(lambda: warned)
    voice.close()
    assert warned[0].text == "Speech is off: espeak-ng found no audio device."


def test_say_is_started_with_its_text_and_killed_in_the_middle_of_a_word(tmp_path: Path) -> None:
    mac = StandIn(tmp_path, name="say")
    engine = find_engine(None, mac.path, "darwin")
    assert engine
    voice = Speech(engine, pytest.fail, now=timeless)
    voice.tell(sentence("One."))
    until(lambda: "One." in mac.texts("began"))
    voice.tell(Mute(True))
    until(lambda: not is_running(mac.pids()[0]))
    voice.tell(sentence("Yes.", "answer"))
    until(lambda: "Yes." in mac.texts("began"))
    voice.close()
    until(lambda: not is_running(mac.pids()[1]))
    assert [line.split(" ", 2)[2] for line in mac.log] == ["-f - | One.", "-f - | Yes."]


class Detector:
    """Hears somebody speak as it is told to, and keeps what it is told of our own voice."""

    def __init__(self) -> None:
        self.hears, self.own = True, list[bool]()

    def is_hushed(self) -> bool:
        return self.hears

    def set_own_voice(self, is_speaking: bool) -> None:
        self.own.append(is_speaking)


def test_it_waits_while_somebody_speaks_and_tells_when_it_speaks_itself(tmp_path: Path) -> None:
    stand_in, detector = StandIn(tmp_path), Detector()
    stand_in.let_go()
    engine = find_engine(None, stand_in.path, "linux")
    assert engine
    voice = Speech(engine, pytest.fail, now=timeless, detector=detector)
    voice.tell(sentence("Scene."))
    voice.tell(sentence("Alert.", "alert"))
    until(lambda: "Alert." in stand_in.texts("ended"))
    until(lambda: detector.own == [True, False])
    detector.hears = False
    until(lambda: "Scene." in stand_in.texts("ended"))
    voice.close()
    assert detector.own == [True, False] * 2
    assert stand_in.texts("began") == ["Alert.", "Scene."]


def test_descriptions_that_always_come_too_late_are_told_of_once(room: Room) -> None:
    def describe(*ages_s: float) -> None:
        for age_s in ages_s:
            room.voice.tell(replace(sentence("A cat."), frame=frame(0, room.now - age_s)))

    room.engine.let_go()
    describe(*[6.1] * 4, 6.0, *[6.1] * 4)
    assert room.warned == []
    describe(6.1)
    assert [each.kind for each in room.warned] == ["voice"]
    assert "only shown" in room.warned[0].text
    describe(*[6.1] * 20)
    assert len(room.warned) == 1


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

    voice = Speech(Silent(), pytest.fail, now=timeless)
    voice.tell(notice("loading"))
    assert seen == []
    voice.tell(notice("ready"))
    until(lambda: ("open", "voice") in seen)
    voice.tell(sentence("One."))
    until(lambda: ("One.", "voice") in seen)
    voice.close()
    assert seen == [("open", "voice"), ("One.", "voice"), ("close", "voice")]
