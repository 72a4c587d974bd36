"""Whose sentence it is, and what is summed up."""

import numpy as np

from app.events import Cost, Frame, LiveSettings, Notice, PartialSentence, RunEvent, Sentence, Status
from app.live.labels import ONCE_S, Labels

FRAME = Frame(np.zeros((2, 2, 3), np.uint8), 0.0, 0.0, 0, "Door")


def sentence(text: str) -> Sentence:
    return Sentence(text, "scene", FRAME, 0.1, Cost(), 1)


def status(described: int, first_word_s: float = 0.0) -> Status:
    return Status(30.0, 10 * described, described, first_word_s, 1.0, 100, 4, 2)


def told(labels: Labels, name: str, happening: RunEvent) -> list[RunEvent]:
    return list(labels.label(name, happening))


def test_sentences_and_notices_begin_with_the_cameras_name() -> None:
    labels = Labels(2)
    assert told(labels, "Door", sentence("A dog.")) == [sentence("Door: A dog.")]
    lost = Notice("camera lost", "It is gone.", "plug it in")
    assert told(labels, "Door", lost) == [Notice("camera lost", "Door: It is gone.", "plug it in", "Door")]
    own = Notice("camera lost", "Door: It is gone.", "plug it in", "Door")  # the camera's own words have it already
    assert told(labels, "Door", own) == [own]
    assert told(labels, "Door", LiveSettings()) == [LiveSettings()]


def test_one_sentence_at_a_time_is_shown_while_it_grows() -> None:
    labels, dog, cat = Labels(2), PartialSentence("A dog", FRAME), PartialSentence("A cat", FRAME)
    assert told(labels, "Door", dog) == [PartialSentence("Door: A dog", FRAME)]
    assert told(labels, "Yard", cat) == []
    told(labels, "Yard", status(1))
    assert told(labels, "Yard", cat) == []
    told(labels, "Door", status(1))
    assert told(labels, "Yard", cat) == [PartialSentence("Yard: A cat", FRAME)]


def test_what_is_said_of_the_one_model_names_no_camera_and_is_told_once() -> None:
    now = 100.0
    labels, back = Labels(2, lambda: now), Notice("answering", "The model answers again.")
    assert [told(labels, name, back) for name in ("Door", "Yard")] == [[back], []]
    now += ONCE_S
    assert told(labels, "Yard", back) == [back]


def test_a_status_sums_up_all_cameras() -> None:
    labels = Labels(2)
    told(labels, "Door", status(3, first_word_s=0.2))
    (summed,) = told(labels, "Yard", status(1))
    assert summed == Status(60.0, 40, 4, 0.2, 1.0, 100, 8, 4, cameras=2)


def test_one_camera_is_not_named() -> None:
    assert told(Labels(), "", sentence("A dog.")) == [sentence("A dog.")]
