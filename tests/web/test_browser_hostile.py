"""What a camera, a model or a person may say, as the real page shows it: text, whatever it looks like; and alerts."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.events import (
    CameraChoice,
    Command,
    Frame,
    FramePreview,
    LiveSettings,
    ModelChoice,
    Notice,
    PartialSentence,
    Repeated,
    RunStarted,
    Sentence,
    SetVoice,
    VoiceToggled,
)
from app.sources.browser import Eye
from app.web.page_server import Page as Served
from app.web.page_server import Place, address, listen
from app.web.state import Board
from tests import needs
from tests.chrome import Driver, Visit, accessible, violations, visiting
from tests.terminal.stage import COST
from tests.web.looked import ANNOUNCED, announced, holds, shown_ids, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs.chromium()

MARKUP = "<img src=x onerror=window.hit=1><script>window.hit=2</script>&lt;b&gt;"
GERMAN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@dataclass
class Wheel:
    """`RunControls` that lists hostile names and remembers what it was asked."""

    carried: list[Command] = field(default_factory=list)

    def send(self, command: Command) -> None:
        self.carried.append(command)

    def switch(self, source: str | None, model: str | None) -> None:
        pass

    def cameras(self) -> Sequence[CameraChoice]:
        return (CameraChoice(f"camera:{MARKUP}", MARKUP), CameraChoice("scenes", GERMAN))

    def models(self) -> Sequence[ModelChoice]:
        return (ModelChoice(MARKUP, True, None, "sees", MARKUP), ModelChoice("other", True, True, "refused", GERMAN))


@pytest.fixture
def served() -> Iterator[Served]:
    listener = listen("127.0.0.1", 0)
    place = Place(address("127.0.0.1", listener.getsockname()[1]), listener)
    page = Served(place, Board(), Eye(), lambda _notice: None)
    page.begin(Wheel())
    page.tell(RunStarted("scenes", MARKUP, "demo", MARKUP, MARKUP, (MARKUP,)))
    yield page
    page.close()


@pytest.fixture
def page(served: Served, visit: Visit) -> "Page":
    page = visit.page()
    page.add_init_script(ANNOUNCED)
    return listening(page, served)


def listening(page: "Page", served: Served) -> "Page":
    """Open it, and wait until a screen reader would hear what comes."""
    page.goto(served.place.address.url)
    holds(page, "document.getElementById('told').getAttribute('aria-live') === 'assertive'")
    return page


def wheel(served: Served) -> Wheel:
    assert served.hub
    assert isinstance(served.hub.controls, Wheel)
    return served.hub.controls


def break_off(served: Served) -> None:
    """End every window's stream, as for one that reads too slowly."""
    assert served.loop
    assert served.hub
    feed = served.hub.feed

    def end() -> None:
        for window in feed.windows:
            window.queue.is_too_long = True
            window.woken.set()

    served.loop.call_soon_threadsafe(end)


def frame(age_s: float = 0.0) -> Frame:
    return Frame(np.full((48, 64, 3), 90, np.uint8), time.monotonic() - age_s, 1.0, 30)


def sentence(text: str, kind: str = "scene", about: str = "", age_s: float = 0.0) -> Sentence:
    return Sentence(text, kind, frame(age_s), 0.1, COST, 1, about)  # type: ignore[arg-type]


def test_markup_is_shown_as_the_text_that_it_is(served: Served, page: "Page") -> None:
    served.tell(LiveSettings(prompt=MARKUP, watches=(MARKUP,)))
    for told in (
        *(FramePreview(frame(), ((0.1, 0.1, 0.5, 0.5),)), PartialSentence(MARKUP, frame()), sentence(MARKUP)),
        *(sentence(MARKUP, "answer", MARKUP), sentence(MARKUP, "alert", MARKUP)),
        *(Notice("camera lost", MARKUP, MARKUP), Notice("nothing new", MARKUP)),
    ):
        served.tell(told)
    for opened in ("#cameras", "#models"):
        page.locator(f"{opened} summary").click()
    for place in ("#log", "#told", "#history", "#alerts", "#watches", "#prompt-name", "#camera-form", "#model-form"):
        page.locator(place).get_by_text(MARKUP).first.wait_for()
    for place in ("#camera-name", "#model-name", "#warnings", "#status", "#facts", "#trouble"):
        page.locator(place).get_by_text(MARKUP).first.wait_for()
    assert page.locator("#prompt").input_value() == MARKUP
    assert page.evaluate("window.hit") is None
    assert page.locator("body script, body img[src='x'], main b").count() == 0


@pytest.mark.long
def test_alerts_and_answers_interrupt_and_descriptions_do_not(served: Served, page: "Page") -> None:
    served.tell(sentence("A blue square."))
    served.tell(sentence("Two sentences.", "answer", "How many?"))
    served.tell(sentence("A person is at the door.", "alert", "a person"))
    holds(page, "window.announced.length === 3")
    assert [(each["region"], each["live"]) for each in announced(page)] == [
        *(("log", "polite"), ("told", "assertive"), ("told", "assertive")),
    ]
    roles = {(node.role, node.properties.get("live")) for node in accessible(page)}
    assert {("alert", "assertive"), ("log", "polite"), ("status", "polite")} <= roles


@pytest.mark.long
def test_a_failure_is_an_alert_and_never_stands_where_sentences_do(served: Served, page: "Page") -> None:
    served.tell(sentence("A red circle."))
    page.locator("#strip").get_by_text("A red circle.").wait_for()
    served.tell(Notice("error", "The model has failed.", "start again"))
    served.tell(Notice("camera lost", "The camera is gone.", "plug it in"))
    page.get_by_role("alert").get_by_text("The model has failed. Start again.").wait_for()
    page.locator("#trouble").get_by_text("The camera is gone.").wait_for()
    assert not page.locator("#strip").is_visible()
    assert page.locator("#log .sentence").count() == 1
    served.tell(Notice("camera back", "Pictures are coming again."))
    page.locator("#trouble").wait_for(state="hidden")
    assert page.get_by_role("alert").get_by_text("The camera is gone.").count() == 0


@pytest.mark.long
def test_a_black_picture_is_told_of_in_words_over_it(served: Served, page: "Page") -> None:
    served.tell(sentence("A red circle."))
    served.tell(Notice("dark", "It is dark: the camera sees almost nothing.", "turn on a light"))
    page.locator("#trouble").get_by_text("It is dark").wait_for()
    page.get_by_role("status").get_by_text("It is dark").wait_for()
    assert not page.locator("#strip").is_visible()
    served.tell(Notice("clear", "It is light again: the camera sees."))
    page.locator("#trouble").wait_for(state="hidden")


@pytest.mark.long
def test_what_is_old_says_so_and_fades_and_can_still_be_read(served: Served, driver: Driver, chrome: "Browser") -> None:
    for scheme in ("light", "dark"):
        with driver.at_work(), visiting(chrome, color_scheme=scheme, reduced_motion="reduce") as stay:
            page = listening(stay.page(), served)
            served.tell(sentence(f"A red circle in {scheme}.", age_s=61.0))
            served.tell(sentence(f"A green triangle in {scheme}.", age_s=6.5))
            page.locator("#log .sentence.is-ageing").get_by_text(f"A green triangle in {scheme}.").wait_for()
            assert violations(page) == []
            old = page.locator("#log .sentence.is-old").filter(has_text=f"A red circle in {scheme}.")
            assert "1 min ago" in old.inner_text()


@pytest.mark.long
def test_a_voice_is_switched_on_and_where_there_is_none_the_page_says_so(served: Served, page: "Page") -> None:
    box = page.get_by_label("Say it aloud")
    page.locator("#voice-note").get_by_text("This run has no voice").wait_for()
    assert box.is_disabled()
    served.tell(VoiceToggled(False))
    holds(page, "!document.getElementById('voice').disabled")
    box.click()
    until(page, lambda: SetVoice(True) in wheel(served).carried)
    served.tell(VoiceToggled(True))
    until(page, box.is_checked)
    assert page.locator("#voice-note").inner_text() == ""


@pytest.mark.long
def test_a_broken_connection_loses_nothing_and_doubles_nothing(served: Served, page: "Page") -> None:
    """Of what was missed, only the newest sentence is announced: the rest is past."""
    for text in ("One.", "Two."):
        served.tell(sentence(text))
    holds(page, "window.announced.length === 2")
    with page.expect_request("**/api/events"):
        break_off(served)
        for text in ("Three.", "Four.", "Five."):
            served.tell(sentence(text))
    holds(page, "document.querySelectorAll('#history li').length >= 5")
    served.tell(sentence("Six."))
    page.locator("#log").get_by_text("Six.").wait_for()
    assert shown_ids(page) == [6, 5, 4, 3, 2, 1]
    said = [each["text"].split()[0] for each in announced(page)]
    assert said[:2] + said[-1:] == ["One.", "Two.", "Six."]
    assert len(set(said)) == len(said)
    until(page, lambda: page.locator("#alerts .alert").count() == 0)


@pytest.mark.long
def test_what_is_to_be_said_again_is_announced_again(served: Served, page: "Page") -> None:
    told = sentence("A red circle.")
    served.tell(told)
    page.locator("#log").get_by_text("A red circle.").wait_for()
    served.tell(Repeated(told))
    holds(page, "window.announced.length === 2")
    assert [each["id"] for each in announced(page)] == [1, 1]
    assert page.locator("#log .sentence").count() == 1


@pytest.mark.long
def test_the_history_keeps_the_newest_two_hundred_and_shows_the_rest_when_asked(served: Served, page: "Page") -> None:
    for number in range(210):
        served.tell(Notice("nothing new", f"Notice {number}."))
    holds(page, "document.querySelector('#history li')?.dataset.id === '210'")
    assert shown_ids(page) == list(range(210, 10, -1))
    assert page.locator("#history").get_by_role("listitem").count() == 25
    page.get_by_role("button", name="Show older ones").click()
    assert page.locator("#history").get_by_role("listitem").count() == 200
    assert page.evaluate("document.activeElement.dataset.id") == "185"


@pytest.mark.long
def test_an_answer_of_two_sentences_stays_together_and_a_new_one_takes_its_place(served: Served, page: "Page") -> None:
    seen = frame()
    for text in ("One is red.", "One is blue."):
        served.tell(Sentence(text, "answer", seen, 0.1, COST, 1, "Which?"))
    page.locator("#told").get_by_text("One is blue.").wait_for()
    assert page.locator("#told .answer-kind").all_inner_texts()[0].count("One is") == 2
    served.tell(sentence("None.", "answer", "And now?"))
    page.locator("#told").get_by_text("None.").wait_for()
    assert page.locator("#told .answer-kind").count() == 1


@pytest.mark.long
def test_long_words_need_no_scrolling_to_the_side(served: Served, driver: Driver, chrome: "Browser") -> None:
    with driver.at_work(), visiting(chrome, viewport={"width": 320, "height": 256}) as stay:
        page = listening(stay.page(), served)
        served.tell(LiveSettings(prompt=GERMAN, watches=(GERMAN,)))
        for told in (sentence(GERMAN), sentence(GERMAN, "answer", GERMAN), Notice("error", GERMAN, GERMAN)):
            served.tell(told)
        for opened in ("#cameras", "#models", "#prompts", "#figures"):
            page.locator(f"{opened} summary").click()
        page.locator("#model-form").get_by_text(GERMAN).wait_for()
        page.locator("#told").get_by_text(GERMAN).first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 320
