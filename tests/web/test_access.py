"""Who is let in: asked by clients that are not ours, over real sockets."""

import asyncio
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from app.security import FIXED, ClientLeft, RequestInfo, read_body, replay_body, request_info
from app.web.access import LARGEST, METHODS, Refusal, Rules
from app.web.page_server import Address
from tests.waiting import LIMIT_S
from tests.web.served import Site, served

TEN_MEGABYTES = 10 * 1024 * 1024
PAGE = {"Sec_Fetch_Site": "same-origin"}
ELSEWHERE = "https://evil.example"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served() as made:
        yield made


def socket_status(site: Site, path: str, origin: str | None = None, **given: object) -> int:
    """What a web socket is answered: 101, or the status that refuses it."""
    try:
        with connect(f"ws://{site.host}{path}", origin=origin, proxy=None, **given):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_this_machine_may_look_on_and_a_person_may_open_the_page(site: Site) -> None:
    assert site.get() == 200
    assert site.get("/api/state") == 200
    assert site.get(**PAGE) == 200
    assert site.get(Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate") == 200
    assert site.get(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document") == 200
    assert site.ask("HEAD", "/").status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost:1", "0.0.0.0:{port}", ""]
)
def test_a_name_that_was_made_to_point_here_is_sent_away(site: Site, host: str) -> None:
    refused = site.ask("GET", "/api/state", {"Host": host.format(port=site.address.port)})
    assert refused.status == 421
    assert refused.said["hint"]


@pytest.mark.parametrize("origin", [ELSEWHERE, "null", "http://localhost:3000", "http://127.0.0.1", "file://"])
def test_what_another_page_asks_is_sent_away(site: Site, origin: str) -> None:
    assert site.get("/api/state", Origin=origin) == 403
    assert site.post(Origin=origin).status == 403
    assert socket_status(site, "/live", origin) == 403
    assert socket_status(site, f"/eye?token={site.address.token}", origin) == 403


@pytest.mark.parametrize("said", ["cross-site", "same-site"])
def test_what_a_browser_asks_for_another_page_is_sent_away(site: Site, said: str) -> None:
    """A picture, a script or a frame, for which browsers send no Origin."""
    assert site.get("/api/picture.jpg", Sec_Fetch_Site=said, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image") == 403
    assert site.get("/", Sec_Fetch_Site=said, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="iframe") == 403
    assert site.get("/api/log.jsonl", Sec_Fetch_Site=said, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document") == 403
    assert site.post("/", Sec_Fetch_Site=said, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document").status == 403


def test_only_the_page_itself_is_told_the_token(site: Site) -> None:
    assert site.get("/api/token", **PAGE) == 200
    assert site.get("/api/token") == 200
    for said in ("none", "same-site", "cross-site"):
        assert site.get("/api/token", Sec_Fetch_Site=said, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document") == 403


@pytest.mark.parametrize(
    "credentials", ["", "Bearer wrong", "Bearer", "Basic {token}", "{token}", "Bearer {token}x", "Bearer ü"]
)
def test_nobody_steers_without_the_token(site: Site, credentials: str) -> None:
    refused = site.post(Authorization=credentials.format(token=site.address.token).encode("latin-1").decode("latin-1"))
    assert refused.status == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert set(refused.said) == {"error", "hint"}


def test_a_token_in_a_link_or_a_cookie_does_not_steer(site: Site) -> None:
    """Both are sent by whatever makes the browser ask."""
    cookie = f"{site.address.cookie}={site.address.token}"
    assert site.post(f"/api/end?token={site.address.token}", Authorization="", Cookie=cookie).status == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "get"])
def test_other_methods_are_sent_away_and_no_other_site_is_allowed_anything(site: Site, method: str) -> None:
    refused = site.ask(method, "/", {"Authorization": f"Bearer {site.address.token}"})
    assert refused.status == 405
    assert not [name for name in refused.headers if name.startswith("access-control")]


def test_a_message_of_ten_megabytes_is_not_read(site: Site) -> None:
    head = (
        f"POST /api/ask HTTP/1.1\r\nHost: {site.host}\r\nAuthorization: Bearer {site.address.token}\r\n"
        f"Content-Type: application/json\r\n"
    )
    with site.raw(f"{head}Content-Length: {TEN_MEGABYTES}\r\n\r\n".encode()) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    with site.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()) as connection:
        connection.sendall(b"".join(b"1000\r\n" + b"x" * 4096 + b"\r\n" for _ in range(LARGEST // 4096 + 1)))
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert site.post(body=b" " * LARGEST).said["bytes"] == LARGEST
    assert site.post(body=b" " * (LARGEST + 1)).status == 413


def test_a_head_of_ten_megabytes_is_not_read(site: Site) -> None:
    with site.raw(f"GET / HTTP/1.1\r\nHost: {site.host}\r\nX-Long: ".encode()) as connection, pytest.raises(OSError):
        connection.sendall(b"x" * TEN_MEGABYTES)
    assert site.get() == 200


def test_a_web_sockets_message_of_ten_megabytes_closes_it(site: Site) -> None:
    with connect(f"ws://{site.host}/eye?token={site.address.token}", proxy=None) as eye:
        eye.send(b"x" * (2 * 1024 * 1024))
        assert eye.recv() == str(2 * 1024 * 1024)
        with pytest.raises(ConnectionClosed) as closed:
            eye.send(b"x" * TEN_MEGABYTES) or eye.recv()
    assert closed.value.rcvd is None or closed.value.rcvd.code == 1009


def test_a_browser_is_no_eye_without_the_token(site: Site) -> None:
    own = f"http://{site.host}"
    assert socket_status(site, "/live", own) == 101
    assert socket_status(site, "/live") == 101
    assert socket_status(site, "/eye", own) == 403
    assert socket_status(site, "/eye?token=wrong", own) == 403
    assert socket_status(site, "/elsewhere", own) == 403
    assert socket_status(site, f"/eye?token={site.address.token}", own) == 101


def test_every_answer_carries_the_headers_and_none_names_the_server(site: Site) -> None:
    for answer in (site.ask("GET", "/"), site.ask("GET", "/", {"Host": "evil.example"}), site.post(Authorization="")):
        assert {name: answer.headers[name].encode() for name, _ in ((name.decode(), 0) for name, _ in FIXED)} == {
            name.decode(): value for name, value in FIXED
        }
        assert "default-src 'none'; script-src 'self';" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
    assert f"connect-src 'self' ws://{site.host};" in site.ask("GET", "/").headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/", "/static/page.css", "/api/state", "/api/token", "/api/events", "/api/picture.jpg"]
)
def test_over_a_network_nothing_is_open_without_the_token(path: str) -> None:
    rules = Rules(Address("kitchen", 8737, "secret", True, ("kitchen",)))
    plain = RequestInfo("GET", path, host="kitchen:8737")
    assert rules.refusal(plain).status == 401
    assert rules.refusal(RequestInfo("GET", path, host="kitchen:8737", bearer="secret")) is None
    assert (
        rules.refusal(RequestInfo("GET", path, host="kitchen:8737", cookies="a=b; __Host-looksay-8737=secret")) is None
    )
    assert (
        rules.refusal(RequestInfo("GET", path, host="kitchen:8737", cookies="__Host-looksay-8737=secret2")).status
        == 401
    )
    for socket in ("/live", "/eye"):
        assert rules.refusal(RequestInfo("", socket, host="kitchen:8737")).status == 401
        assert rules.refusal(RequestInfo("", socket, host="kitchen:8737", query_token="secret")) is None


def test_over_a_network_a_cookie_looks_on_and_does_not_steer() -> None:
    rules = Rules(Address("kitchen", 8737, "secret", True, ("kitchen",)))
    cookie = "__Host-looksay-8737=secret"
    assert rules.refusal(RequestInfo("", "/live", host="kitchen:8737", cookies=cookie)) is None
    assert rules.refusal(RequestInfo("", "/eye", host="kitchen:8737", cookies=cookie)).status == 401
    assert rules.refusal(RequestInfo("POST", "/api/end", host="kitchen:8737", cookies=cookie)).status == 401


@given(
    st.builds(
        RequestInfo,
        method=st.sampled_from(("", *METHODS, "PUT")),
        path=st.sampled_from(("/", "/live", "/eye", "/api/end")),
        host=st.sampled_from(("localhost:8737", "evil.example")),
        origin=st.sampled_from(("", "http://localhost:8737", ELSEWHERE, "null")),
        site=st.sampled_from(("", "none", "same-origin", "same-site", "cross-site")),
        mode=st.sampled_from(("", "navigate", "cors", "websocket")),
        destination=st.sampled_from(("", "document", "iframe")),
        content_type=st.sampled_from(("", "application/json", "text/plain")),
        length=st.sampled_from(("", "0", "12", "65537", "-1", "1e3", "²", "9" * 5000)),
        bearer=st.sampled_from(("", "secret", "wrong", "ü")),
        query_token=st.sampled_from(("", "secret", "wrong")),
        cookies=st.sampled_from(("", "__Host-looksay-8737=secret", "\x00;=;", "a" * 100)),
    )
)
def test_whatever_is_asked_nobody_steers_without_token_json_and_a_page_of_ours(request: RequestInfo) -> None:
    refusal = Rules(Address("127.0.0.1", 8737, "secret", False)).refusal(request)
    assert refusal is None or (400 <= refusal.status < 500 and refusal.hint)
    if refusal is None:
        assert request.host == "localhost:8737"
        assert request.origin in ("", "http://localhost:8737")
        assert request.method in ("", *METHODS)
        if request.method == "POST":
            assert (request.bearer, request.content_type) == ("secret", "application/json")
            assert request.site in ("", "same-origin")
            assert request.length in ("", "0", "12")
        if request.path == "/eye" and request.is_socket:
            assert "secret" in (request.bearer, request.query_token)


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=60))), st.binary(max_size=80))
def test_whatever_is_sent_can_be_read(headers: list[tuple[bytes, bytes]], query: bytes) -> None:
    names = (b"host", b"origin", b"cookie", b"authorization", b"content-length", b"content-type")
    sent = [*headers, *((name, value) for name, (_, value) in zip(names, headers, strict=False))]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": sent}
    assert isinstance(Rules(Address("127.0.0.1", 8737, "secret", False)).refusal(request_info(scope)), Refusal)


def test_a_query_is_read_as_it_was_meant() -> None:
    odd = "a+b/c=&d"
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": f"token={quote(odd)}".encode(),
        "headers": [],
    }
    assert request_info(scope).query_token == odd


def test_a_header_that_is_sent_twice_fits_nothing() -> None:
    twice = [(b"origin", b"http://localhost:8737"), (b"Origin", ELSEWHERE.encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": twice}
    assert request_info(scope).origin == f"http://localhost:8737, {ELSEWHERE}"


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def never() -> dict[str, object]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(TimeoutError):
        asyncio.run(read_body(never, most_bytes=9, seconds=0.01))


def test_a_body_whose_sender_has_gone_is_nobodys() -> None:
    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientLeft):
        asyncio.run(read_body(gone, most_bytes=9, seconds=LIMIT_S))


def test_a_body_that_was_read_is_read_again_and_then_what_follows() -> None:
    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def both() -> list[object]:
        receive = replay_body(b"{}", gone)
        return [await receive(), await receive()]

    assert asyncio.run(both()) == [
        {"type": "http.request", "body": b"{}", "more_body": False},
        {"type": "http.disconnect"},
    ]
