"""Who is let in, for what, and how much: each refusal comes before the model server hears of anything."""

import asyncio
import json

import pytest

from app.api_server.guard import MOST_WAITING, Guard, Key, Limits
from app.security import Message, Scope
from tests.api_server.asgi import HOST, JSON, OPEN, PORT, SECRET, SERVED, Behind, Header, ask

GOOD = json.dumps({"messages": [{"role": "user", "content": "What do you see?"}]}).encode()


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/v1/models/demo", "/health", "/", "/unload"])
@pytest.mark.parametrize(
    "shown",
    [
        [],
        [(b"authorization", b"Bearer wrong")],
        [(b"authorization", SECRET.encode())],
        [(b"authorization", f"Basic {SECRET}".encode())],
        [(b"authorization", f"Bearer {SECRET[:-1]}".encode())],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", b"Bearer \xff\xfe")],
        [OPEN, OPEN],
        [(b"x-api-key", SECRET.encode())],
    ],
    ids=["none", "wrong", "bare", "basic", "shorter", "empty", "bytes", "twice", "elsewhere"],
)
def test_nothing_is_told_without_the_key(behind: Behind, path: str, shown: list[Header]) -> None:
    answered = ask(behind, path, "POST" if "chat" in path else "GET", GOOD, [HOST, JSON, *shown])
    assert answered is not None
    assert (answered.status, answered.error["code"]) == (401, "invalid_api_key")
    assert answered.headers[b"www-authenticate"] == b"Bearer"
    assert not behind.bodies


@pytest.mark.parametrize(
    "name", [b"127.0.0.1:8410", b"localhost:8410", b"LOCALHOST:8410", b"[::1]:8410", b"host.docker.internal:8410"]
)
def test_every_name_of_this_machine_is_answered(behind: Behind, name: bytes) -> None:
    answered = ask(behind, body=GOOD, headers=[(b"host", name), OPEN, JSON])
    assert answered is not None
    assert answered.status == 200


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [(b"host", b"evil.example:8410")],
        [(b"host", b"127.0.0.1")],
        [(b"host", b"127.0.0.1:80")],
        [(b"host", b"127.0.0.1.evil.example:8410")],
        [(b"host", b"localhost:8410@evil.example")],
        [HOST, (b"host", b"evil.example:8410")],
    ],
)
def test_another_name_is_refused_even_with_the_key(behind: Behind, hosts: list[Header]) -> None:
    answered = ask(behind, body=GOOD, headers=[*hosts, OPEN, JSON])
    assert answered is not None
    assert answered.status == 421
    assert not behind.bodies


@pytest.mark.parametrize("origin", [b"https://evil.example", b"null", b"http://127.0.0.1:8410", b""])
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_web_pages_are_refused_and_told_no_other_may_read_it(behind: Behind, origin: bytes, method: str) -> None:
    answered = ask(behind, method=method, body=GOOD, headers=[HOST, OPEN, JSON, (b"origin", origin)])
    assert answered is not None
    assert answered.status == 403
    assert not [name for name in answered.headers if name.startswith(b"access-control")]
    assert not behind.bodies


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/unload", 404),
        ("GET", "/v1/settings", 404),
        ("PATCH", "/v1/settings", 404),
        ("GET", "/metrics", 404),
        ("POST", "/v1/responses", 404),
        ("POST", "/v1/messages", 404),
        ("POST", "/v1/audio/transcriptions", 404),
        ("POST", "/v1/embeddings", 404),
        ("POST", "/v1/images/generations", 404),
        ("POST", "/v1/chat/completions/", 404),
        ("POST", "/v1/../unload", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("DELETE", "/v1/models/demo", 405),
        ("GET", "/v1/models/other", 404),
        ("GET", "/v1/models/..%2Fdemo", 404),
    ],
)
def test_nothing_else_can_be_asked_for(behind: Behind, method: str, path: str, status: int) -> None:
    answered = ask(behind, path, method, GOOD)
    assert answered is not None
    assert answered.status == status
    assert not behind.bodies


def test_the_models_are_one_and_no_folder_is_named(behind: Behind) -> None:
    for path in ("/v1/models", "/v1/models/demo", "/health"):
        answered = ask(behind, path, "GET")
        assert answered is not None
        assert answered.status == 200
        assert "demo" in answered.body.decode()
        assert "/" not in answered.body.decode()
    assert not behind.bodies


def test_nothing_of_the_clients_goes_on_but_what_was_made_of_the_body(behind: Behind) -> None:
    ask(behind, body=GOOD, headers=[HOST, OPEN, JSON, (b"x-apc-tenant", b"another"), (b"cookie", b"a=b")])
    (scope,) = behind.scopes
    assert {name for name, _ in scope["headers"]} == {b"host", b"content-type", b"content-length"}
    assert scope["query_string"] == b""


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"multipart/form-data; boundary=x")],
        [JSON, (b"content-encoding", b"gzip")],
        [JSON, (b"content-type", b"text/plain")],
    ],
)
def test_a_body_of_another_kind_is_refused(behind: Behind, headers: list[Header]) -> None:
    answered = ask(behind, body=GOOD, headers=[HOST, OPEN, *headers])
    assert answered is not None
    assert answered.status == 415
    assert not behind.bodies


def test_a_body_is_counted_while_it_comes_in(behind: Behind) -> None:
    answered = ask(behind, body=[b" " * 600, b" " * 600, GOOD], limits=Limits(size=1000))
    assert answered is not None
    assert answered.status == 413
    announced = ask(behind, body=GOOD, headers=[HOST, OPEN, JSON, (b"content-length", b"99999999999")])
    assert announced is not None
    assert announced.status == 413
    assert not behind.bodies


def test_a_body_that_never_ends_is_given_up() -> None:
    sent: list[Message] = []
    behind = Behind()

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    guard = Guard(behind, SERVED, Key(SECRET), PORT, Limits(whole_s=0.01))
    scope: Scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": [HOST, OPEN, JSON]}
    asyncio.run(guard(scope, never, send))
    assert sent[0]["status"] == 408
    assert not behind.bodies


def test_who_leaves_before_the_end_of_the_body_is_not_answered(behind: Behind) -> None:
    assert ask(behind, body=()) is None
    assert not behind.bodies


def test_too_many_at_once_are_sent_away_and_room_is_made_again() -> None:
    behind, statuses = Behind(), list[int]()

    async def one(guard: Guard, go_on: asyncio.Event) -> None:
        async def receive() -> Message:
            await go_on.wait()
            return {"type": "http.request", "body": GOOD}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        about = {"asgi": {}, "http_version": "1.1", "scheme": "http", "server": None, "client": None}
        where = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": [HOST, OPEN, JSON]}
        await guard({**about, **where}, receive, send)

    async def all_at_once() -> None:
        guard, go_on = Guard(behind, SERVED, Key(SECRET), PORT), asyncio.Event()
        waiting = [asyncio.create_task(one(guard, go_on)) for _ in range(MOST_WAITING + 2)]
        while len(statuses) < 2:
            await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(*waiting)
        await one(guard, go_on)

    asyncio.run(all_at_once())
    assert statuses == [429, 429] + [200] * (MOST_WAITING + 1)


@pytest.mark.parametrize(
    ("behind", "status", "said"),
    [
        (Behind(failure=RuntimeError("secret")), 500, "The model server has failed."),
        (Behind(500, b'{"detail": "Generation failed: bad shape\\nTraceback: secret"}'), 500, "bad shape"),
        (Behind(500, b"Internal Server Error"), 500, "it has failed"),
        (Behind(400, b'{"detail": "Request needs 2000 context tokens"}'), 400, "2000 context tokens"),
        (Behind(422, b'{"detail": [{"input": "secret"}]}'), 400, "refuses"),
    ],
)
def test_a_failure_behind_is_told_in_openais_form_and_no_trace(behind: Behind, status: int, said: str) -> None:
    answered = ask(behind, body=GOOD)
    assert answered is not None
    assert answered.status == status
    assert said in answered.error["message"]
    assert "secret" not in answered.body.decode()
    assert answered.error["type"] == ("server_error" if status == 500 else "invalid_request_error")
