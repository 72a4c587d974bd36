"""What waits to be shown: all that is whole, the newest of the rest, and no pictures."""

from threading import Event, Thread

from app.events import Notice, PartialSentence, QuestionDraft, Repeated, Sentence, Status
from app.terminal.inbox import MAX_LINES, Inbox
from tests.terminal.stage import again, asking, growing, notice, sentence, status


def test_sentences_and_notices_come_in_order() -> None:
    inbox = Inbox()
    told = [sentence("One."), notice(), sentence("Two.")]
    for each in told:
        inbox.put(each)
    assert [getattr(each, "text", "") for each in inbox.drain()] == ["One.", "The camera is gone.", "Two."]
    assert inbox.drain() == []


def test_only_the_newest_growing_and_status_are_kept() -> None:
    inbox = Inbox()
    for each in (status(1), status(2), growing("A"), growing("A red")):
        inbox.put(each)
    latest, grown = inbox.drain()
    assert isinstance(latest, Status)
    assert latest.frames_seen == 2
    assert isinstance(grown, PartialSentence)
    assert grown.text == "A red"


def test_a_whole_sentence_replaces_what_was_growing() -> None:
    inbox = Inbox()
    inbox.put(growing("A red"))
    inbox.put(sentence("A red circle."))
    assert [type(each) for each in inbox.drain()] == [Sentence]


def test_of_a_question_in_the_making_only_the_newest_is_kept_and_what_is_asked_stays_in_order() -> None:
    inbox = Inbox()
    for each in (asking("w"), asking("wh"), notice(), asking("what", 1), sentence("It."), asking(""), asking("a")):
        inbox.put(each)
    *rest, newest = inbox.drain()
    assert [type(each) for each in rest] == [Notice, QuestionDraft, Sentence]
    assert rest[1] == asking("what", 1)
    assert newest == asking("a")


def test_pictures_are_let_go_of_what_is_told_again_too() -> None:
    inbox = Inbox()
    inbox.put(again())
    (told,) = inbox.drain()
    assert isinstance(told, Repeated)
    assert told.sentence.frame.pixels.size == 0
    assert told.sentence.frame.number == 7


def test_a_screen_that_stands_still_loses_the_oldest_and_says_how_many() -> None:
    inbox = Inbox()
    for number in range(MAX_LINES + 7):
        inbox.put(sentence(f"{number}."))
    first, *rest = inbox.drain()
    assert isinstance(first, Notice)
    assert first.text == "7 lines were dropped because the output was blocked."
    assert len(rest) == MAX_LINES
    assert not [each for each in inbox.drain() if isinstance(each, Notice)]


def test_what_was_told_before_the_end_is_shown_before_the_end() -> None:
    inbox, until = Inbox(), Event()

    def tell() -> None:
        for number in range(50):
            inbox.put(sentence(f"{number}."))
        until.set()

    teller = Thread(target=tell)
    teller.start()
    shown = [each for batch in inbox.batches(until) for each in batch]
    teller.join()
    assert len(shown) == 50
