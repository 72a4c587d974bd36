"""What the page says when looksay does not answer: ended, killed, hanging, and back again. In a real browser."""

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import needs
from tests.chrome import Visit
from tests.web.looked import ANNOUNCED, DEMO, Shown, announced, holds, look, shown, shown_ids, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs.chromium()

WHEN = """window.alerted = new Promise((resolve) => addEventListener("DOMContentLoaded", () => {
    new MutationObserver(() => resolve(Date.now())).observe(document.getElementById("alerts"), { childList: true });
}));"""


@pytest.mark.long
def test_a_run_that_hangs_is_killed_or_ends_is_told_of_at_once_and_found_again(visit: Visit, tmp_path: Path) -> None:
    """One story, for each part needs the one before it: hanging, back, killed, started anew there, ended."""
    visit.allow("net::ERR_")
    with shown(tmp_path, *DEMO) as run:
        page = visit.page()
        page.add_init_script(WHEN)
        page.add_init_script(ANNOUNCED)
        look(page, run.url)
        holds(page, "document.getElementById('log').getAttribute('aria-live') === 'polite'")
        hangs_and_comes_back(page, run.process.pid)
        seen = announced(page)
        assert len({each["id"] for each in seen}) == len(seen)
        look(page, run.url)
        since = time.time()
        os.kill(run.process.pid, signal.SIGKILL)
        alerted = page.evaluate("window.alerted") / 1000
        print(f"killed: said after {alerted - since:.3f} s")
        page.get_by_role("alert").get_by_text("the connection is gone").wait_for()
        assert not page.locator("#strip").is_visible()
        page.keyboard.press("m")
        page.locator("[data-kind=unanswered]").wait_for()
    port = run.url.rstrip("/").rpartition(":")[2]
    with shown(tmp_path, "demo", "--page", "--page-port", port, "--no-speak") as anew:
        holds(page, "!document.querySelector('#alerts .alert')")
        page.wait_for_selector("#log .sentence")
        until(page, lambda: shown_ids(page) == [each["id"] for each in anew.get("/api/state")["said"]][::-1])
        says_goodbye(page, anew)


def says_goodbye(page: "Page", run: Shown) -> None:
    run.process.terminate()
    page.get_by_role("alert").get_by_text("looksay has ended.").wait_for()
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("alert").get_by_text("does not answer").wait_for()


def hangs_and_comes_back(page: "Page", pid: int) -> None:
    since = time.time()
    os.kill(pid, signal.SIGSTOP)
    alerted = page.evaluate("window.alerted") / 1000
    print(f"hanging: said after {alerted - since:.3f} s")
    page.get_by_role("alert").get_by_text("looksay does not answer.").wait_for()
    assert "is-stale" in (page.locator("#view").get_attribute("class") or "")
    os.kill(pid, signal.SIGCONT)
    page.locator("#alerts .alert").wait_for(state="detached")
    page.get_by_role("status").get_by_text("looksay answers again.").wait_for()
