"""Nobody loses the place on the page in a real browser: alerts that go, zoom, leaving and coming back."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import needs
from tests.chrome import Driver, Visit, accessible, violations, visiting
from tests.web.looked import DEMO, Shown, holds, look, shown, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = needs.chromium()

NARROW = {"width": 320, "height": 256}
"""What is left of 1280×1024 at 400 %."""
LEFT = "dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))"
BACK = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
SOON_S = 30.0
"""Much longer than it takes, and half as long as looksay waits for a question that was begun."""
COVERED = """() => {
    const focused = document.activeElement;
    const { left, top, width, height } = focused.getBoundingClientRect();
    return !focused.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with shown(tmp_path_factory.mktemp("places"), *DEMO) as running:
        yield running


def failing(page: "Page", run: Shown) -> "Page":
    """Two alerts stand: More was refused, and Repeat not answered."""
    page.route("**/api/more", lambda route: route.fulfill(status=400, json={"error": "Not now.", "hint": "later"}))
    page.route("**/api/repeat", lambda route: route.abort())
    look(page, run.url)
    for key, words in (("m", "Not now."), ("r", "does not answer")):
        page.keyboard.press(key)
        page.get_by_role("alert").get_by_text(words).wait_for()
    return page


@pytest.mark.long
def test_who_dismisses_alerts_with_the_keyboard_stays_beside_them(run: Shown, visit: Visit) -> None:
    visit.allow("Failed to load resource")
    page = failing(visit.page(), run)
    page.get_by_role("button", name="Dismiss").last.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Dismiss"
    page.keyboard.press("Enter")
    assert page.locator("#alerts .alert").count() == 0
    assert page.evaluate("document.activeElement.id") == "now"


@pytest.mark.long
def test_an_alert_is_heard_by_who_has_a_dialog_open(run: Shown, visit: Visit) -> None:
    """What lies behind a dialog is kept from screen readers."""
    visit.allow("Failed to load resource")
    page = visit.page()
    held: list[Route] = []
    page.route("**/api/more", lambda route: held.append(route))  # playwright marks what it calls
    look(page, run.url)
    page.keyboard.press("m")
    until(page, lambda: held)
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    held[0].abort()
    page.locator("[data-kind=unanswered]").wait_for()
    page.locator("#alerts").get_by_role("button", name="Dismiss").wait_for()
    heard = [node.name for node in accessible(page) if node.role == "StaticText"]
    assert any("looksay does not answer" in each for each in heard)


@pytest.mark.long
def test_at_400_percent_an_alert_is_in_sight_and_covers_nothing_that_has_the_focus(
    run: Shown, driver: Driver, chrome: "Browser"
) -> None:
    with driver.at_work(), visiting(chrome, viewport=NARROW) as stay:
        stay.allow("Failed to load resource")
        page = failing(stay.page(), run)
        page.locator("#end").focus()
        assert page.locator("#alerts .alert").first.evaluate("alert => alert.getBoundingClientRect().top < innerHeight")
        for _ in range(20):
            page.keyboard.press("Shift+Tab")
            assert not page.evaluate(COVERED), page.evaluate("document.activeElement.outerHTML")
        assert violations(page) == []


@pytest.mark.long
def test_a_page_that_the_browser_had_kept_shows_new_pictures_and_sentences(run: Shown, visit: Visit) -> None:
    page = look(visit.page(), run.url)
    page.evaluate(LEFT)
    picture = "document.getElementById('picture').toDataURL()"
    newest = "Number(document.querySelector('#history li').dataset.id)"
    before = page.evaluate(f"[{picture}, {newest}]")
    page.evaluate(BACK)
    until(page, lambda: page.evaluate(picture) != before[0])
    holds(page, f"{newest} > {before[1]}")
    until(page, lambda: page.locator("#alerts .alert").count() == 0)


@pytest.mark.long
def test_a_question_that_was_begun_is_given_up_by_who_leaves(run: Shown, visit: Visit) -> None:
    page = look(visit.page(), run.url)
    with page.expect_response("**/api/listen"):
        page.keyboard.press("W")
    page.reload()
    newest = run.get("/api/state")["said"][-1]["id"]
    until(page, lambda: run.get("/api/state")["said"][-1]["id"] > newest, SOON_S)


@pytest.mark.long
def test_who_is_about_to_remove_a_watch_is_not_thrown_out_by_another_window(run: Shown, visit: Visit) -> None:
    page, other = look(visit.page(), run.url), look(visit.page(), run.url)
    page.get_by_label("Tell me when").fill("a red circle")
    page.keyboard.press("Enter")
    remove = page.get_by_role("button", name="Remove: a red circle")
    remove.focus()
    other.get_by_label("Tell me when").fill("a star")
    other.keyboard.press("Enter")
    page.get_by_role("button", name="Remove: a star").wait_for()
    assert page.evaluate("document.activeElement.ariaLabel") == "Remove: a red circle"
    other.get_by_role("button", name="Remove: a red circle").click()
    remove.wait_for(state="detached")
    assert page.evaluate("document.activeElement.id") == "watch"
