"""A real browser for the tests of the page: headless Chromium, kept off the network, a fresh context for every test.

    pytestmark = needs.chromium()

    def test_the_page_greets(visit: Visit, address: str) -> None:
        page = visit.page()
        page.goto(address)
        assert violations(page) == []

When a test ends, `visit` asserts that nothing was asked of any host but 127.0.0.1, and that the page has put no error
on its console and thrown none; a test that brings one about says so first, with `visit.allow("part of its text")`.
What the browser itself wants of the world (updates, search, models) is off, and every name but 127.0.0.1 resolves to
nothing. It does not tell whether a screen reader is pleasant to use, only what one is given.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from app.images import Pixels
from tests import needs

if TYPE_CHECKING:  # playwright is imported when the first test wants a browser
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, WebError

QUIET = (
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
HERE = "127.0.0.1"
INNER = ("data", "blob", "about", "chrome-error")
"""Addresses that lead nowhere."""
PATIENCE_MS = 60_000
"""A test waits this long for what takes milliseconds, so that a busy machine does not fail it."""


@dataclass
class Visit:
    """One test's stay in the browser: its own cookies, its own storage, and what went wrong in it."""

    context: "BrowserContext"
    foreign: list[str] = field(default_factory=list)
    """Addresses that were asked for and are not on 127.0.0.1."""
    errors: list[str] = field(default_factory=list)
    """What the console and uncaught exceptions said."""
    _allowed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("request", self._note_request)
        self.context.on("console", self._note_console)
        self.context.on("weberror", self._note_exception)
        self.context.on("page", lambda page: page.on("websocket", lambda socket: self._note_address(socket.url)))

    def page(self) -> "Page":
        """A new window."""
        return self.context.new_page()

    def allow(self, part: str) -> None:
        """Errors and foreign addresses that hold this text are meant."""
        self._allowed.append(part)

    def check(self) -> None:
        foreign, errors = self._unmeant(self.foreign), self._unmeant(self.errors)
        assert not foreign, f"asked for what is not on this machine: {foreign}"
        assert not errors, f"errors on the page: {errors}"

    def _unmeant(self, noted: list[str]) -> list[str]:
        return [each for each in noted if not any(part in each for part in self._allowed)]

    def _note_request(self, request: "Request") -> None:
        self._note_address(request.url)

    def _note_address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.hostname != HERE and parts.scheme not in INNER:
            self.foreign.append(url)

    def _note_console(self, message: "ConsoleMessage") -> None:
        if message.type in ("error", "assert"):
            where = message.location
            self.errors.append(f"{message.text} ({where['url']}:{where['lineNumber'] + 1})")

    def _note_exception(self, thrown: "WebError") -> None:
        self.errors.append(f"uncaught: {thrown.error}")


@dataclass(frozen=True, slots=True)
class Driver:
    """Playwright, started, and the event loop that it keeps for itself."""

    playwright: "Playwright"
    loop: asyncio.AbstractEventLoop

    @contextmanager
    def at_work(self) -> Iterator["Playwright"]:
        """Between tests its loop counts as not running, or else every other test's asyncio.run() would be refused."""
        asyncio._set_running_loop(self.loop)
        try:
            yield self.playwright
        finally:
            asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LD_PRELOAD", raising=False)  # OpenBLAS is for MLX
        started = sync_playwright().start()
    ours = Driver(started, asyncio.get_running_loop())
    asyncio._set_running_loop(None)
    yield ours
    with ours.at_work():
        started.stop()


@pytest.fixture(scope="session")
def chrome(driver: Driver) -> Iterator["Browser"]:
    """The browser without a camera, which all tests share."""
    with driver.at_work() as playwright:
        browser = launched(playwright)
    yield browser
    with driver.at_work():
        browser.close()


@pytest.fixture
def visit(driver: Driver, chrome: "Browser") -> Iterator[Visit]:
    with driver.at_work(), visiting(chrome) as stay:
        yield stay


@pytest.fixture
def visit_with_camera(driver: Driver) -> Iterator[Callable[[Path], Visit]]:
    """Starts another browser, whose only camera shows a clip (.mjpeg, .y4m) again and again; nobody is asked first."""
    with driver.at_work() as playwright:
        stays: list[Visit] = []

        def open_with(clip: Path) -> Visit:
            browser = launched(playwright, *camera(clip))
            stays.append(Visit(browser.new_context()))
            return stays[-1]

        yield open_with
        for stay in stays:
            if stay.context.browser:
                stay.context.browser.close()
        for stay in stays:
            stay.check()


def launched(playwright: "Playwright", *more: str) -> "Browser":
    return playwright.chromium.launch(
        executable_path=needs.found_chromium(),
        args=[*QUIET, *more],
        chromium_sandbox=os.geteuid() != 0,  # Chromium refuses to run as root with it
        env={name: value for name, value in os.environ.items() if name != "LD_PRELOAD"},
        timeout=PATIENCE_MS,
    )


def camera(clip: Path) -> tuple[str, ...]:
    """What makes a clip the only camera there is."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    )


def write_clip(path: Path, pictures: Iterable[Pixels]) -> Path:
    """RGB pictures as a .mjpeg for the camera, which shows 30 of them a second."""
    import cv2

    with path.open("wb") as file:
        for picture in pictures:
            is_encoded, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
            assert is_encoded
            file.write(data.tobytes())
    return path


@contextmanager
def visiting(browser: "Browser", **how: Any) -> Iterator[Visit]:
    """A stay of its own, looked over when it ends: `with visiting(chrome, color_scheme="dark") as stay:`."""
    stay = Visit(browser.new_context(**how))
    try:
        yield stay
    finally:
        stay.context.close()  # what it still had to say has been said then
    stay.check()


def violations(page: "Page", **options: Any) -> list[str]:
    """What axe-core finds fault with, one line an element; `options` are those of axe.run."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {' '.join(map(str, node['target']))}: {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]


@dataclass(frozen=True, slots=True)
class Node:
    """What assistive technology is told of one thing on the page."""

    role: str
    name: str
    properties: Mapping[str, Any]
    """As Chromium names them: "live", "atomic", "checked", "disabled", "focused"…"""


def accessible(page: "Page") -> list[Node]:
    """The accessibility tree in reading order, without what is ignored in it."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [_node(each) for each in nodes if not each["ignored"]]


def _node(told: Mapping[str, Any]) -> Node:
    properties = {each["name"]: each["value"].get("value") for each in told.get("properties", ())}
    return Node(told["role"].get("value", ""), told.get("name", {}).get("value", ""), properties)
