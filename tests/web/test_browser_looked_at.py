"""The page as people look at it and listen to it, in a real browser, beside the real demo."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import needs
from tests.chrome import Driver, Visit, accessible, violations, visiting
from tests.web.looked import ANNOUNCED, DEMO, Shown, announced, holds, look, shown, shown_ids, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs.chromium()

NARROW = {"width": 320, "height": 256}
"""What is left of 1280×1024 at 400 %."""
ASKED_FOR_CAMERA = """window.asked = 0;
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (...how) => { window.asked += 1; return real(...how); };"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with shown(tmp_path_factory.mktemp("looked"), *DEMO) as running:
        yield running


def test_sentences_come_with_their_age_and_are_in_the_log_for_screen_readers(run: Shown, visit: Visit) -> None:
    page = look(visit.page(), run.url)
    holds(page, "document.getElementById('log').getAttribute('aria-live') === 'polite'")
    text = page.locator("#log .sentence").last.evaluate("sentence => sentence.firstChild.data")
    assert text in page.get_by_role("log").aria_snapshot()
    log = next(node for node in accessible(page) if node.role == "log")
    assert (log.name, log.properties["live"]) == ("Now", "polite")
    assert " ago" in page.locator("#log .sentence .age").last.inner_text()
    assert " ago" not in page.get_by_role("log").aria_snapshot()  # it would be read out ten times a second


def test_each_sentence_is_announced_once_and_none_again_after_a_reload(run: Shown, visit: Visit) -> None:
    page = visit.page()
    page.add_init_script(ANNOUNCED)
    look(page, run.url)
    holds(page, "window.announced.filter(({ live }) => live === 'polite').length >= 2")
    ids = [each["id"] for each in announced(page)]
    assert len(set(ids)) == len(ids)
    page.reload()
    holds(page, "window.announced.some(({ live }) => live === 'polite')")
    again = [each["id"] for each in announced(page)]
    known = run.get("/api/state")["said"]
    assert min(again) > max(ids)
    assert set(ids) <= {each["id"] for each in known}


@pytest.mark.long
def test_a_reload_shows_all_that_was_said_each_once(run: Shown, visit: Visit) -> None:
    page = look(visit.page(), run.url)
    page.reload()
    page.wait_for_selector("#history li")
    until(page, lambda: shown_ids(page) == [each["id"] for each in run.get("/api/state")["said"]][::-1])


@pytest.mark.long
def test_the_live_picture_is_drawn_and_new_ones_come(run: Shown, visit: Visit) -> None:
    page = look(visit.page(), run.url)
    page.locator("#picture-age").get_by_text("old").wait_for()
    picture = "document.getElementById('picture').toDataURL()"
    before = page.evaluate(picture)
    until(page, lambda: page.evaluate(picture) != before)
    assert page.evaluate("document.getElementById('picture').width") == 640


@pytest.mark.long
def test_the_figures_are_drawn_and_told_in_words(run: Shown, visit: Visit) -> None:
    page = look(visit.page(), run.url)
    holds(page, "[...document.querySelectorAll('#plots svg')].every(svg => svg.ariaLabel.includes('now'))")
    told = page.locator("#plots svg").evaluate_all("all => all.map(svg => svg.getAttribute('aria-label'))")
    assert [each.partition(":")[0] for each in told] == [
        *("First word", "Whole caption", "Age at first word", "Drafts accepted"),
    ]
    page.locator("#figures summary").click()
    assert page.get_by_role("table").get_by_role("row").count() > 1
    facts = page.locator("#facts").inner_text()
    assert "Memory, at most" in facts
    assert "Image tokens\n16" in facts


@pytest.mark.long
def test_what_is_said_is_one_key_away_for_who_has_no_mouse(run: Shown, visit: Visit) -> None:
    page = look(visit.page(), run.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to what is said"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "now"


def test_nobody_is_asked_for_a_camera_before_start_is_pressed(run: Shown, visit: Visit) -> None:
    page = visit.page()
    page.add_init_script(ASKED_FOR_CAMERA)
    look(page, run.url)
    assert page.evaluate("window.asked") == 0
    assert not page.evaluate("performance.getEntriesByType('resource').some(({ name }) => name.endsWith('eye.js'))")
    page.get_by_role("button", name="Start this browser’s camera").click()
    holds(page, "window.asked === 1")
    page.locator("#eye-state").get_by_text("camera").wait_for()
    page.get_by_role("button", name="Start this browser’s camera").wait_for()  # there is none: it can be tried again
    assert run.setup["source"] == "scenes"


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"color_scheme": "light"}, id="light"),
        pytest.param({"color_scheme": "dark"}, id="dark", marks=pytest.mark.long),
        pytest.param({"color_scheme": "light", "viewport": NARROW}, id="400 %", marks=pytest.mark.long),
    ],
)
def test_axe_finds_no_violation(run: Shown, driver: Driver, chrome: "Browser", how: dict[str, object]) -> None:
    with driver.at_work(), visiting(chrome, reduced_motion="reduce", **how) as stay:
        page = look(stay.page(), run.url)
        for closed in ("#cameras", "#models", "#prompts", "#figures"):
            page.locator(f"{closed} summary").click()
        page.locator("#model-form input").first.wait_for()
        page.locator("#camera-form input").first.wait_for()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for opened, closes in (("#keys", "Close"), ("#end", "Go on")):
            page.locator(opened).click()
            assert violations(page) == []
            page.get_by_role("dialog").get_by_role("button", name=closes).click()
