"""The page of a real run under attack: whatever is sent, the narration goes on, and whoever looks on misses nothing."""

import hashlib
import http.client
import json
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from app.signals import INTERRUPTED
from tests.running import SLOW_S, start
from tests.waiting import until

LINK = re.compile(r"https?://\S+")
ELSEWHERE = "https://evil.example"
LARGE = b"x" * (10 * 1024 * 1024)
MANY = 1000
FEW = 256
ATTACK = f"""
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (min({MANY} + 200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
made = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) for _ in range(int(sys.argv[2]))]
print(len(made), flush=True)
sys.stdin.read()
"""
"""Opens connections, asks for nothing, and stays until its own input ends."""


@dataclass
class Run:
    """A run, and what it wrote where people see it."""

    process: subprocess.Popen[str]
    stderr: Path

    @property
    def written(self) -> str:
        return self.stderr.read_text()

    @property
    def link(self) -> str:
        found = LINK.search(self.written)
        assert found, self.written
        return found[0]

    @property
    def place(self) -> str:
        return f"127.0.0.1:{urlsplit(self.link).port}"

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> int:
        with closing(http.client.HTTPConnection(self.place, timeout=SLOW_S)) as connection:
            connection.request(method, path, body, headers)
            return connection.getresponse().status

    def state(self) -> dict[str, Any]:
        with closing(http.client.HTTPConnection(self.place, timeout=SLOW_S)) as connection:
            connection.request("GET", "/api/state")
            found: dict[str, Any] = json.load(connection.getresponse())
        return found

    def said(self) -> list[int]:
        """The numbers of the sentences so far."""
        return [each["id"] for each in self.state()["said"] if each["event"] == "sentence"]


@contextmanager
def running(folder: Path, *argv: str, **how: Any) -> Iterator[Run]:
    """The demo with its page, once it has said a sentence."""
    stderr = folder / "stderr.txt"
    with stderr.open("w") as words:
        process = start("demo", "--page-port", "0", "--no-speak", *argv, stdout=subprocess.PIPE, stderr=words, **how)
    run = Run(process, stderr)
    try:
        assert process.stdout
        assert process.stdout.readline(), run.written
        yield run
        process.terminate()
        process.communicate(timeout=SLOW_S)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running(tmp_path_factory.mktemp("abuse")) as made:
        yield made


def events(window: socket.socket) -> Iterator[str]:
    """The names of what a window that reads along is told."""
    with window.makefile("r", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("event: "):
                yield line.removeprefix("event: ").strip()


def connected(run: Run) -> socket.socket:
    host, port = run.place.split(":")
    return socket.create_connection((host, int(port)), timeout=SLOW_S)


def opened(run: Run, *more: str) -> socket.socket:
    """A connection on which the events were asked for."""
    window = connected(run)
    window.sendall("\r\n".join(("GET /api/events HTTP/1.1", f"Host: {run.place}", *more, "", "")).encode())
    return window


@contextmanager
def attacked(run: Run, count: int = MANY) -> Iterator[None]:
    """So many connections on which nothing is asked for, held open meanwhile."""
    attack = [sys.executable, "-c", ATTACK, run.place.partition(":")[2], str(count)]
    with subprocess.Popen(attack, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == f"{count}\n"
        yield
        process.communicate()


@contextmanager
def flooded(run: Run) -> Iterator[None]:
    """A web socket that asks for pictures and reads none of them."""
    with connect(f"ws://{run.place}/live", proxy=None, max_queue=1, close_timeout=0.1) as live:
        for _ in range(100):
            live.send("next")
        yield


@pytest.mark.long
def test_narration_goes_on_under_a_thousand_connections_and_clients_that_never_read(run: Run) -> None:
    with ExitStack() as stack:
        told = events(stack.enter_context(opened(run)))
        assert next(told) == "state"
        for _ in range(8):
            stack.enter_context(opened(run))
        stack.enter_context(flooded(run))
        stack.enter_context(attacked(run))
        assert any(name == "sentence" for name in told), "nothing more was said"
        before = run.said()
        until(lambda: run.said()[-1] > before[-1], SLOW_S)


@pytest.mark.long
def test_narration_goes_on_without_a_descriptor_left(tmp_path: Path) -> None:
    """The page cannot be opened then; it can again once the others have gone."""
    with running(tmp_path, preexec_fn=few_descriptors) as run:
        assert run.process.stdout
        with attacked(run, FEW + 60):
            for _ in range(5):
                assert run.process.stdout.readline()
        assert run.said()
        assert only_notices(run.written.splitlines()), run.written


def few_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, FEW))


@pytest.mark.long
def test_the_run_ends_whoever_is_being_served(tmp_path: Path) -> None:
    with running(tmp_path) as run, ExitStack() as stack:
        told = events(stack.enter_context(opened(run)))
        stack.enter_context(opened(run))
        stack.enter_context(flooded(run))
        stack.enter_context(attacked(run))
        run.process.send_signal(signal.SIGINT)
        assert "end" in told
        run.process.communicate(timeout=SLOW_S)
        assert run.process.returncode == INTERRUPTED
        *before, summary = run.written.splitlines()
        assert summary.startswith("Done: ")
        assert only_notices(before), run.written


def test_what_is_sent_by_others_is_refused_and_changes_nothing(run: Run) -> None:
    before = run.state()["setup"]
    form, program = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
    end = b'{"is_stopped": true}'
    assert run.ask("POST", "/api/hold", {"Origin": ELSEWHERE, **form}, end) == 403
    assert run.ask("POST", "/api/hold", {"Sec-Fetch-Site": "cross-site", **program}, end) == 403
    assert run.ask("POST", "/api/hold", {"Host": "evil.example", **program}, end) == 421
    assert run.ask("POST", "/api/hold", program, end) == 401
    assert run.ask("POST", "/api/hold", {"Authorization": "Bearer wrong", **program}, end) == 401
    assert run.ask("GET", "/api/token", {"Origin": ELSEWHERE}) == 403
    assert run.ask("GET", "/api/picture.jpg", {"Host": "rebound.example"}) == 421
    assert run.ask("GET", "/api/events", {"Origin": "null"}) == 403
    assert run.state()["setup"] == before


def test_messages_of_ten_megabytes_are_not_taken(run: Run) -> None:
    """Not even of who has the token: it is refused before it is sent, or cut off in the middle."""
    with closing(http.client.HTTPConnection(run.place, timeout=SLOW_S)) as connection:
        connection.request("GET", "/api/token")
        token = json.load(connection.getresponse())["token"]
        connection.putrequest("POST", "/api/ask")
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Content-Length": len(LARGE)}
        for name, value in headers.items():
            connection.putheader(name, str(value))
        connection.endheaders()
        assert connection.getresponse().status == 413
    with pytest.raises(OSError):
        run.ask("GET", "/", {"X-Long": LARGE.decode()})
    with connect(f"ws://{run.place}/eye?token={token}", proxy=None) as eye, pytest.raises(ConnectionClosed):
        shout(eye)
    assert run.said()


def shout(eye: ClientConnection) -> None:
    eye.send(LARGE)
    for _ in eye:
        pass
    eye.send("is it closed?")


@pytest.mark.parametrize(("path", "origin"), [("/eye", None), ("/eye?token=wrong", None), ("/live", ELSEWHERE)])
def test_a_web_socket_that_is_not_the_pages_is_refused(run: Run, path: str, origin: str | None) -> None:
    with pytest.raises(InvalidStatus), connect(f"ws://{run.place}{path}", origin=origin, proxy=None):
        pass


@pytest.mark.long
def test_nothing_is_written_where_the_sentences_go(run: Run) -> None:
    """Nor of what the tests above have sent."""
    for sent in (
        b"\x16\x03\x01 this is not HTTP\r\n\r\n",
        b"GET /eye HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: x\r\n\r\n",
    ):
        with connected(run) as odd:
            odd.sendall(sent.replace(b"{host}", run.place.encode()))
            while odd.recv(65536):
                pass
    with connect(f"ws://{run.place}/live", proxy=None) as live:
        live.socket.shutdown(socket.SHUT_RDWR)
    assert run.said()
    assert only_notices(run.written.splitlines()), run.written


def only_notices(lines: Sequence[str]) -> bool:
    return all(line.startswith("notice: ") for line in lines)


def test_over_a_network_the_link_is_the_key_and_its_seal_is_the_one_that_was_printed(tmp_path: Path) -> None:
    with running(tmp_path, "--page-host", "0.0.0.0") as run:
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        with closing(http.client.HTTPSConnection(run.place, timeout=SLOW_S, context=trust)) as connection:
            connection.request("GET", "/api/state")
            assert connection.getresponse().status == 401
            connection.connect()
            seal = hashlib.sha256(connection.sock.getpeercert(binary_form=True)).hexdigest().upper()
            assert seal in run.written.replace(":", "").replace("\n", "")
            connection.request("GET", "/?" + urlsplit(run.link).query)
            entry = connection.getresponse()
            assert entry.status == 200
            entry.read()
            own = {"Cookie": entry.headers["Set-Cookie"].partition(";")[0]}
            connection.request("GET", "/api/state", headers=own)
            assert json.load(connection.getresponse())["is_loopback"] is False
