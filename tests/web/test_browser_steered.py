"""The page as people steer by it, in a real browser: by mouse and by keyboard, and in two windows at once."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import needs
from tests.chrome import Driver, Visit, visiting
from tests.running import SLOW_S
from tests.web.looked import DEMO, Shown, holds, look, shown, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs.chromium()

TIDY = """() => {
    for (const opened of document.querySelectorAll("details[open]")) opened.open = false;
    document.activeElement.blur();
}"""
HEARS = """window.SpeechRecognition = class {
    static async available({ processLocally }) { return processLocally ? "available" : "unavailable"; }
    get processLocally() { return this.isLocal; }
    set processLocally(isLocal) { this.isLocal = isLocal; }
    start() { if (this.isLocal) this.onresult({ results: [[{ transcript: "Where is the star?" }]] }); }
};"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with shown(tmp_path_factory.mktemp("steered"), *DEMO) as running:
        yield running


@pytest.fixture(scope="module")
def stay(driver: Driver, chrome: "Browser") -> Iterator[Visit]:
    with driver.at_work(), visiting(chrome) as visit:
        yield visit


@pytest.fixture(scope="module")
def windows(run: Shown, stay: Visit) -> tuple["Page", "Page"]:
    """Two on the same run, which all tests here share."""
    return look(stay.page(), run.url), look(stay.page(), run.url)


@pytest.fixture
def page(windows: tuple["Page", "Page"]) -> "Page":
    return tidied(windows[0])


@pytest.fixture
def other(windows: tuple["Page", "Page"]) -> "Page":
    return tidied(windows[1])


def tidied(page: "Page") -> "Page":
    """Nothing is open, nothing has the focus."""
    page.evaluate(TIDY)
    return page


@pytest.mark.long
def test_a_question_is_asked_with_the_mouse_and_answered(page: "Page", other: "Page") -> None:
    page.get_by_label("About what is seen").fill("Where is the circle?")
    page.get_by_role("button", name="Ask", exact=True).click()
    for window in (page, other):
        answer = window.locator("#told .answer-kind")
        answer.get_by_text("Asked: Where is the circle?").wait_for()
        assert answer.locator(".sentence").first.text_content()


@pytest.mark.long
def test_a_question_is_dictated_only_where_the_browser_hears_it_here(run: Shown, stay: Visit, page: "Page") -> None:
    """No Chromium without a window can: this one is told that it could, and what it heard."""
    assert page.locator("#speak").is_hidden()
    hearing = stay.page()
    hearing.add_init_script(HEARS)
    look(hearing, run.url).get_by_role("button", name="Dictate").click()
    until(hearing, lambda: hearing.locator("#question").input_value() == "Where is the star?")
    hearing.keyboard.press("Escape")
    hearing.close()


def test_a_question_is_asked_with_the_keyboard_alone(page: "Page") -> None:
    page.keyboard.press("a")
    page.keyboard.type("What is there?")
    assert page.evaluate("document.activeElement.id") == "question"
    page.keyboard.press("Enter")
    page.locator("#told").get_by_text("Asked: What is there?").wait_for()


@pytest.mark.long
def test_a_capital_letter_begins_a_question_and_escape_gives_it_up(page: "Page") -> None:
    page.keyboard.press("Shift+W")
    assert page.locator("#question").input_value() == "W"
    with page.expect_request("**/api/unask"):
        page.keyboard.press("Escape")
    assert page.locator("#question").input_value() == ""
    assert page.evaluate("document.activeElement === document.body")


def test_space_stops_and_goes_on_in_every_window(run: Shown, page: "Page", other: "Page") -> None:
    page.keyboard.press("Space")
    run.is_set("is_stopped", True)
    other.get_by_role("button", name="Go on").wait_for()
    other.get_by_role("button", name="Go on").click()
    run.is_set("is_stopped", False)
    page.get_by_role("button", name="Stop", exact=True).wait_for()


@pytest.mark.long
def test_more_and_repeat_are_buttons_and_keys(page: "Page") -> None:
    for key, name, path in (("m", "More", "**/api/more"), ("r", "Repeat", "**/api/repeat")):
        with page.expect_response(path) as by_key:
            page.keyboard.press(key)
        with page.expect_response(path) as by_mouse:
            page.get_by_role("button", name=name, exact=True).click()
        assert by_key.value.status == by_mouse.value.status == 202
        page.locator("#keys").evaluate("button => { button.focus(); button.blur(); }")  # keys are for the page again
    page.locator("#told").get_by_text("At length").wait_for()


@pytest.mark.long
def test_plus_and_minus_change_how_much_is_said(run: Shown, page: "Page", other: "Page") -> None:
    page.keyboard.press("+")
    run.is_set("verbosity", "full")
    holds(other, "document.querySelector('#verbosity input:checked').value === 'full'")
    page.keyboard.press("-")
    page.keyboard.press("-")
    run.is_set("verbosity", "quiet")
    other.get_by_label("Brief").check()
    run.is_set("verbosity", "brief")
    holds(page, "document.querySelector('#verbosity input:checked').value === 'brief'")


def test_pace_pictures_and_watches_change_in_both_windows(run: Shown, page: "Page", other: "Page") -> None:
    page.get_by_label("Seconds between two looks").fill("1.5")
    page.keyboard.press("Tab")
    run.is_set("every", 1.5)
    holds(other, "document.getElementById('every').value === '1.5'")
    page.get_by_label("Small pictures").check()
    run.is_set("thumbnails", True)
    holds(other, "document.getElementById('thumbnails').checked")
    other.get_by_label("Seconds between two looks").fill("0.4")
    other.keyboard.press("Enter")
    page.locator("#history img").first.wait_for()
    page.get_by_label("Tell me when").fill("a red circle")
    page.keyboard.press("Enter")
    other.get_by_role("button", name="Remove: a red circle").click()
    run.is_set("watches", [])
    holds(page, "document.querySelectorAll('#watches li').length === 0")


@pytest.mark.long
def test_a_prompt_that_is_being_written_is_not_written_over(run: Shown, page: "Page", other: "Page") -> None:
    for window in (page, other):
        window.locator("#prompts summary").click()
    other.locator("#prompt").fill("Half a thou")
    page.get_by_role("button", name="In a word").click()
    page.get_by_role("button", name="Use it").click()
    run.is_set("prompt", "Name the main thing in the picture.")
    other.locator("#prompt-name").get_by_text("Name the main thing").wait_for()
    assert other.locator("#prompt").input_value() == "Half a thou"
    other.get_by_role("button", name="Undo").click()
    assert other.locator("#prompt").input_value() == "Name the main thing in the picture."
    other.get_by_role("button", name="The model’s own").click()
    other.get_by_role("button", name="Use it").click()
    page.locator("#prompt-name").get_by_text("(the model’s own)").wait_for()


@pytest.mark.long
def test_a_list_does_not_jump_under_who_is_choosing(run: Shown, page: "Page", other: "Page") -> None:
    page.locator("#cameras summary").click()
    page.get_by_label("a browser's camera").check()
    other.get_by_label("Full").check()
    holds(page, "document.querySelector('#verbosity input:checked').value === 'full'")
    assert page.get_by_label("a browser's camera").is_checked()
    assert run.setup["source"] == "scenes"
    other.get_by_label("Brief").check()
    run.is_set("verbosity", "brief")


@pytest.mark.long
def test_another_camera_is_switched_to_and_back(run: Shown, page: "Page", other: "Page") -> None:
    page.locator("#cameras summary").click()
    page.get_by_label("a browser's camera").check()
    page.locator("#camera-form").get_by_role("button", name="Switch").click()
    run.is_set("source", "browser")
    other.locator("#cameras summary").click()
    other.get_by_label("drawn scenes").check()
    other.locator("#camera-form").get_by_role("button", name="Switch").click()
    run.is_set("source", "scenes")
    page.locator("#camera-name").get_by_text(run.setup["camera"]).wait_for()


@pytest.mark.long
def test_models_are_listed_with_what_the_check_says_and_can_be_switched(run: Shown, page: "Page") -> None:
    page.locator("#models summary").click()
    assert page.get_by_label("demo: sees").is_checked()
    assert page.locator("#model-form").get_by_text("not installed").first.is_visible()
    with page.expect_response("**/api/switch") as switched:
        page.locator("#model-form").get_by_role("button", name="Switch").press("Enter")
    assert switched.value.status == 202
    run.is_set("is_switching", False)
    page.locator("#state").get_by_text("Looking at drawn scenes with demo").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Switch"  # whoever uses the keyboard keeps the place


@pytest.mark.long
def test_what_was_said_can_be_saved(page: "Page") -> None:
    for name, beginning in (("The log", b'{"event"'), ("Subtitles", b"WEBVTT"), ("The newest picture", b"\xff\xd8")):
        with page.expect_download() as saved:
            page.get_by_role("link", name=name).click()
        path = saved.value.path()
        assert path.read_bytes().startswith(beginning)


@pytest.mark.long
def test_keys_can_be_switched_off_and_are_no_business_of_fields(run: Shown, page: "Page") -> None:
    page.get_by_label("Tell me when").press("m")
    assert page.get_by_label("Tell me when").input_value() == "m"
    page.get_by_label("Tell me when").fill("")
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.locator("#keys").evaluate("button => button.blur()")
    page.keyboard.press("Space")
    look(page, run.url)  # it is remembered
    page.keyboard.press("q")
    assert not page.get_by_role("dialog").is_visible()
    assert not run.setup["is_stopped"]
    page.evaluate("localStorage.clear()")
    look(page, run.url)


@pytest.mark.long
def test_q_asks_before_it_ends_the_run(run: Shown, page: "Page") -> None:
    """The last one: nothing runs after it."""
    page.keyboard.press("q")
    page.get_by_role("dialog", name="End looksay?").get_by_role("button", name="Go on").click()
    assert run.process.poll() is None
    page.keyboard.press("q")
    page.get_by_role("button", name="End looksay", exact=True).click()
    page.get_by_role("alert").get_by_text("looksay has ended.").wait_for()
    assert run.process.wait(SLOW_S) == 0
