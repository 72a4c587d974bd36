"""Who speaks when, on a simulated clock: nothing late, nothing doubled, nothing urgent lost or cut."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.audio.speech import URGENT, Turns, Utterance, utterance
from app.events import Mute, Repeated, RunEvent, Sentence, SentenceKind, VoiceToggled
from tests.terminal.stage import asking, frame, growing, notice, sentence, status

LIMIT_S = 6.0
FRAME = frame(0, 0.0)


def told(text: str, kind: SentenceKind = "scene", seen_at: float = 100.0) -> Sentence:
    return replace(sentence(text, kind), frame=replace(FRAME, seen_at=seen_at))


@dataclass
class Talk:
    """Turns, a clock, and what has been said: a voice without sound."""

    turns: Turns = field(default_factory=lambda: Turns(LIMIT_S))
    now: float = 100.0
    began: list[tuple[float, Utterance]] = field(default_factory=list)
    ended: list[Utterance] = field(default_factory=list)
    cut: list[Utterance] = field(default_factory=list)

    def tell(self, *happenings: RunEvent) -> None:
        for happening in happenings:
            if self.turns.tell(happening, self.now):
                self.stop(self.cut)

    def stop(self, how: list[Utterance]) -> None:
        assert self.turns.in_air
        how.append(self.turns.in_air)
        self.turns.end()

    def begin(self, *, is_hushed: bool = False) -> None:
        if self.turns.in_air is None and (said := self.turns.begin(self.now, is_hushed=is_hushed)):
            self.began.append((self.now, said))

    def finish(self) -> None:
        if self.turns.in_air:
            self.stop(self.ended)

    def run(self) -> list[str]:
        """Everything that is said until nothing waits."""
        while self.turns.has_words:
            self.begin()
            if self.turns.in_air is None:
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
    talk.now += LIMIT_S
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
    talk.turns.close()
    talk.tell(told("Later.", "answer"), told("Later."))
    assert talk.run() == ["In the air."]


@pytest.mark.parametrize(
    "kind", ["camera lost", "camera back", "dark", "covered", "frozen", "blurred", "clear", "error"]
)
def test_notices_of_consequence_are_worded_as_notices(kind: str) -> None:
    assert utterance(notice(kind, "Words."), 5.0) == Utterance("Notice: Words.", 1, 5.0)


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


@pytest.mark.parametrize("happening", [growing(), status(), notice("loading"), asking(), Mute(True)])
def test_of_the_rest_nothing_is_said(happening: RunEvent) -> None:
    assert utterance(happening, 5.0) is None


def test_in_a_simulated_hour_a_slow_voice_never_speaks_of_what_is_older_than_the_limit() -> None:
    """4 s a sentence, a sentence every second, each 0.5 to 2.5 s after its frame, an alert a minute."""
    talk, busy_until = Talk(now=0.0), 0.0
    for second in range(3600):
        talk.now = float(second)
        kind: SentenceKind = "alert" if second % 60 == 59 else "scene"
        talk.tell(told(f"{second}.", kind, seen_at=second - 0.5 - second % 5 / 2))
        if talk.now >= busy_until:
            talk.finish()
        if talk.turns.in_air is None:
            talk.begin()
            busy_until = talk.now + 4.0
    ages = [at - said.since for at, said in talk.began]
    assert max(ages) <= LIMIT_S
    assert len(talk.began) > 800
    assert [said.text for _, said in talk.began if said.urgency == URGENT] == [f"{at}." for at in range(59, 3600, 60)]
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

    def take(self, what: str, value: int) -> None:
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
                self.turns.close()

    def press(self, what: str, text: str) -> None:
        if not (self.is_over or self.is_muted) and text not in self.owed:
            self.owed.append(text)
        self.tell(Repeated(told(text)) if what == "again" else told(text, what))  # type: ignore[arg-type]

    def silence(self, is_wanted: bool) -> None:
        self.is_silent = is_wanted
        if is_wanted:
            row = [self.turns.in_air.text if self.turns.in_air else "", *self.owed]
            self.owed = [] if self.is_over else list(dict.fromkeys(text for text in row if is_alert(text)))
        self.tell(Mute(is_wanted))
        assert self.turns.in_air is None or not is_wanted

    def begin(self, *, is_hushed: bool = False) -> None:
        before = len(self.began)
        super().begin(is_hushed=is_hushed)
        for _, said in self.began[before:]:
            assert not self.is_over
            assert not self.is_muted
            may = [text for text in self.owed if not (self.is_silent and is_alert(text))]
            if said.urgency == URGENT:
                assert said.text == may[0]
                self.owed.remove(said.text)
            else:
                assert (may, self.is_silent, is_hushed) == ([], False, False)
                assert self.now - said.since <= LIMIT_S


@pytest.mark.parametrize("examples", [500, pytest.param(10_000, marks=pytest.mark.long)])
def test_no_order_of_events_makes_it_say_what_is_late_or_doubled_or_lose_what_is_urgent(examples: int) -> None:
    any_order = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    any_order(given(EVENTS)(says_what_it_must))()


def says_what_it_must(events: Sequence[tuple[str, int]]) -> None:
    talk = Expected()
    for what, value in events:
        before = len(talk.cut)
        talk.take(what, value)
        assert what in ("silence", "mute") or all(each.urgency < URGENT for each in talk.cut[before:])
    talk.finish()
    talk.run()
    assert [text for text in talk.owed if not talk.is_silent or not is_alert(text)] == []
    ordinary = [said.text for _, said in talk.began if said.urgency < URGENT]
    assert len(set(ordinary)) == len(ordinary)
