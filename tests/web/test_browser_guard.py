"""What a real browser sends for other people's pages, and what the guard makes of it; and the link over a network."""

import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from app.web.tls import kept
from tests import needs
from tests.chrome import Driver, Visit
from tests.web.served import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs.chromium()

TRIES = """async ({ site, token }) => {
    const ended = (promise) => promise.then(() => "got it", () => "refused");
    const waited = (target, good, bad) => new Promise((resolve, reject) => {
        target.addEventListener(good, resolve); target.addEventListener(bad, reject);
    });
    const put = (name, source) => {
        const element = document.createElement(name); element.src = source; document.body.append(element);
        return waited(element, "load", "error");
    };
    const json = { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } };
    return {
        read: await ended(fetch(`${site}/api/state`)),
        cookie: await ended(fetch(`${site}/api/token`, { credentials: "include" })),
        json: await ended(fetch(`${site}/api/end`, json)),
        token: await ended(fetch(`${site}/api/end`, { ...json, headers: { ...json.headers, Authorization: token } })),
        picture: await ended(put("img", `${site}/api/picture.jpg`)),
        script: await ended(put("script", `${site}/api/state`)),
        events: await ended(waited(new EventSource(`${site}/stream`), "open", "error")),
        live: await ended(waited(new WebSocket(`${site.replace("http", "ws")}/live`), "open", "error")),
        blind: await ended(fetch(`${site}/api/end`, { method: "POST", mode: "no-cors", body: "{}" })),
    };
}"""
"""What a hostile page can do without a person's help."""


@contextmanager
def elsewhere() -> Iterator[str]:
    """Another site: an empty page on a port of its own."""

    class Empty(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title><body>")

        def log_message(self, *_said: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_another_page_in_the_same_browser_gets_nothing_and_changes_nothing(visit: Visit) -> None:
    visit.allow("")  # everything that it tries is an error on its console
    with served() as site, elsewhere() as foreign:
        page = visit.page()
        page.goto(foreign)
        tried: dict[str, str] = page.evaluate(
            TRIES, {"site": f"http://{site.host}", "token": f"Bearer {site.address.token}"}
        )
        assert set(tried.values()) == {"refused"}, tried
        assert site.asked == [], "something of it came through to the application"


@pytest.mark.long
def test_the_page_cannot_be_put_in_a_frame_of_another(visit: Visit) -> None:
    visit.allow("")
    with served() as site, elsewhere() as foreign:
        page = visit.page()
        page.goto(foreign)
        with page.expect_response(f"http://{site.host}/") as answered:
            page.evaluate("url => { document.body.innerHTML = `<iframe src=${url}></iframe>` }", f"http://{site.host}/")
        assert answered.value.status == 403


@pytest.mark.long
def test_a_link_on_another_page_opens_it(visit: Visit) -> None:
    with served() as site, elsewhere() as foreign:
        page = visit.page()
        page.goto(foreign)
        page.evaluate("url => { document.body.innerHTML = `<a href=${url}>looksay</a>` }", f"http://{site.host}/")
        with page.expect_response(f"http://{site.host}/") as answered:
            page.click("a")
        assert answered.value.status == 200


@pytest.mark.long
def test_the_page_itself_may_do_what_it_needs_and_the_browser_knows_every_word_of_the_headers(visit: Visit) -> None:
    said: list[str] = []
    with served() as site:
        page = visit.page()
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"http://{site.host}/")
        read = page.evaluate("async () => (await fetch('/api/token')).status")
        steered = page.evaluate(
            """async (token) => (await fetch("/api/more", { method: "POST", body: "{}", headers: {
                "Content-Type": "application/json", Authorization: `Bearer ${token}` } })).status""",
            site.address.token,
        )
        looked = page.evaluate(
            """() => new Promise((resolve) => { const live = new WebSocket(`ws://${location.host}/live`);
                live.onopen = () => live.send("next"); live.onmessage = ({ data }) => resolve(data); })"""
        )
    assert (read, steered, looked) == (200, 200, "4")
    assert said == []


def test_nothing_is_fetched_from_outside_and_no_text_becomes_markup(visit: Visit) -> None:
    visit.allow("")
    with served() as site, elsewhere() as foreign:
        page = visit.page()
        page.goto(f"http://{site.host}/")
        assert (
            page.evaluate("url => fetch(url, { mode: 'no-cors' }).then(() => 'got it', () => 'refused')", foreign)
            == "refused"
        )
        tried = page.evaluate(
            "() => { try { document.body.innerHTML = '<b>'; return 'set' } catch (e) { return e.name } }"
        )
        assert tried == "TypeError"


@pytest.mark.long
def test_over_a_network_the_link_opens_the_page_wherever_it_is_followed_and_leaves_no_token_behind(
    driver: Driver, chrome: "Browser", tmp_path: Path
) -> None:
    certificate = kept(tmp_path / "page.pem", ())
    with served("0.0.0.0", certificate.context()) as site, driver.at_work():
        context = chrome.new_context(ignore_https_errors=True)
        page = context.new_page()
        root = f"https://{site.host}/"
        assert page.goto(root).status == 401
        page.goto("about:blank")
        page.set_content(f'<a href="{root}?token={site.address.token}">the link</a>')
        page.click("a")
        page.wait_for_url(root)
        assert status(page, "/api/state") == 200
        assert page.evaluate("document.referrer") == ""
        assert page.goto(root).status == 200
        assert page.evaluate("document.cookie") == ""
        assert looked_on(page) == "4"
        context.close()


def status(page: Any, path: str) -> int:
    found: int = page.evaluate("async (path) => (await fetch(path)).status", path)
    return found


def looked_on(page: Any) -> str:
    found: str = page.evaluate(
        """() => new Promise((resolve) => { const live = new WebSocket(`wss://${location.host}/live`);
            live.onopen = () => live.send("next"); live.onmessage = ({ data }) => resolve(data); })"""
    )
    return found
