"""The page's server and clients that never read, and how many descriptors it may use: real sockets, real limits."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.web.page_server import DESCRIPTORS
from app.web.tls import kept
from tests.waiting import until
from tests.web.served import LINE, Site, served
from tests.web.test_tls import trusting

LIMITS = """
import resource, sys
from app.web.page_server import raise_descriptor_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
raise_descriptor_limit()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.page_server.SEND_S", 0.3)


@pytest.fixture(params=["http", "https"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    certificate = kept(tmp_path / "page.pem", ()) if request.param == "https" else None
    tls, trust = (certificate.context(), trusting(certificate)) if certificate else (None, None)
    with served(tls=tls, trust=trust) as made:
        yield made


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("is_socket", [False, True], ids=["request", "web socket"])
def test_a_client_that_never_reads_is_disconnected_and_another_is_served(site: Site, *, is_socket: bool) -> None:
    connections = site.serving.server.server_state.connections
    with ExitStack() as stack:
        window = stack.enter_context(site.raw(site.head()))
        until(lambda: "/stream" in site.asked)
        stack.enter_context(site.raw(upgrade(site) if is_socket else site.head("/flood")))
        until(lambda: "/flood" in site.asked)
        until(lambda: len(connections) == 1 and site.running == ["/stream"])
        window.recv(65536)
        assert LINE in window.recv(65536)


def upgrade(site: Site) -> bytes:
    """A request for a web socket that sends without an end."""
    sent = f"GET /flood?token={site.address.token} HTTP/1.1\r\nHost: {site.host}\r\nConnection: Upgrade\r\n"
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    return f"{sent}Upgrade: websocket\r\n{key}\r\n".encode()


@pytest.mark.parametrize(
    ("before", "after"),
    [((256, 8192), (DESCRIPTORS, 8192)), ((256, 1024), (1024, 1024)), ((5000, 8192), (5000, 8192))],
    ids=["raised", "no higher than the hard limit", "never lowered"],
)
def test_the_descriptor_limit(before: tuple[int, int], after: tuple[int, int]) -> None:
    asked = [sys.executable, "-c", LIMITS, *map(str, before)]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert told.split() == [*map(str, after)]
