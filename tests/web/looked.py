"""A run with its page as a browser's tests look at it: a process of its own, and waiting for facts."""

import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import waiting
from tests.running import SLOW_S, start

if TYPE_CHECKING:
    from playwright.sync_api import Page

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")
DEMO = ("demo", "--page", "--page-port", "0", "--no-speak")

ANNOUNCED = """window.announced = [];
addEventListener("DOMContentLoaded", () => {
    const note = (region) => (changes) => {
        for (const { addedNodes } of changes) for (const node of addedNodes) {
            if (node.nodeType !== 1) continue;
            const live = document.getElementById(region).getAttribute("aria-live");
            window.announced.push({ region, live, text: node.textContent, id: Number(node.dataset.id ?? 0) });
        }
    };
    for (const region of ["log", "told"]) {
        new MutationObserver(note(region)).observe(document.getElementById(region), { childList: true });
    }
});"""
"""Notes what is put into the regions that a screen reader listens to, and how they speak at that moment."""


@dataclass(frozen=True)
class Shown:
    """A run, and where its page is."""

    process: subprocess.Popen[str]
    url: str

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path.lstrip("/"), timeout=SLOW_S) as answer:
            return json.load(answer)

    @property
    def setup(self) -> dict[str, Any]:
        setup: dict[str, Any] = self.get("/api/state")["setup"]
        return setup

    def is_set(self, name: str, value: object) -> None:
        """Wait until it is so for the run itself."""
        waiting.until(lambda: self.setup[name] == value)


@contextmanager
def shown(folder: Path, *argv: str) -> Iterator[Shown]:
    """`./run.sh ARGV`, as soon as its page is there."""
    words = folder / "stderr.txt"
    with words.open("w") as stderr:
        process = start(*argv, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        waiting.until(lambda: ADDRESS.search(words.read_text()) or process.poll() is not None)
        found = ADDRESS.search(words.read_text())
        assert found, words.read_text()
        yield Shown(process, found[0])
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        process.wait(SLOW_S)


def look(page: "Page", url: str) -> "Page":
    """Open the page, and wait for a sentence."""
    page.goto(url)
    page.wait_for_selector("#log .sentence")
    return page


def announced(page: "Page") -> list[dict[str, Any]]:
    """What a screen reader was given to say, so far."""
    found: list[dict[str, Any]] = page.evaluate("window.announced.filter(({ live }) => live !== 'off')")
    return found


def shown_ids(page: "Page") -> list[int]:
    """The numbers of what stands in the history, from top to bottom."""
    found: list[int] = page.locator("#history li").evaluate_all("all => all.map(item => Number(item.dataset.id))")
    return found


def holds(page: "Page", expression: str) -> None:
    """Wait until it is true on the page. Playwright's own way needs eval, which the page's policy forbids."""
    until(page, lambda: page.evaluate(expression))


def until(page: "Page", fact: Callable[[], object], limit_s: float = SLOW_S) -> None:
    """Wait for a fact outside the browser, while the browser goes on."""
    for _ in range(int(limit_s * 20)):
        if fact():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not become true")
