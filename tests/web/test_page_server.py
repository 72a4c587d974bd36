"""Where the page is, and under which names it answers."""

import string
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import OutputError
from app.web.page_server import DESCRIPTORS, PORT, Address, address, listen, placed
from app.web.tls import kept
from tests.waiting import until
from tests.web.served import LINE, Site, served
from tests.web.test_tls import trusting

ALONE = Address("127.0.0.1", 8737, "secret", False)
SHOWN = Address("0.0.0.0", 8737, "secret", True, ("192.168.1.20", "kitchen.local", "kitchen"))
HOSTISH = st.text(alphabet=string.ascii_lowercase + string.digits + ".:[]@-_/\\#?%\t ıK０", max_size=40)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8737", "localhost:8737", "LocalHost:8737", "[::1]:8737", "[0:0:0:0:0:0:0:1]:8737"]
)
def test_on_loopback_it_answers_under_the_names_of_loopback(host: str) -> None:
    assert ALONE.allows(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:87370", "localhost", "localhost:8738", "evil.example:8737"),
        *("localhost.evil.example:8737", "127.0.0.1.nip.io:8737", "evil.example", "0.0.0.0:8737", "192.168.1.20:8737"),
        *("user@localhost:8737", "localhost:8737@evil.example", "localhost:8737, evil.example", "localhost:8737/"),
        *("[::1]", "[::1:8737", "::1:8737", "[::]:8737", "[::1%25lo]:8737", "localhost.:8737", " localhost:8737"),
        *("localhost:８７３７", "kitchen.local:8737", "2130706433:8737", "127.1:8737"),
    ],
)
def test_on_loopback_it_answers_under_no_other_name(host: str) -> None:
    assert not ALONE.allows(host)


@pytest.mark.parametrize(
    "host", ["192.168.1.20:8737", "Kitchen.local:8737", "kitchen:8737", "[fe80::1]:8737", "127.0.0.1:8737"]
)
def test_over_a_network_it_answers_under_this_machines_names_and_under_addresses(host: str) -> None:
    assert SHOWN.allows(host)


@pytest.mark.parametrize(
    "host", ["evil.example:8737", "0.0.0.0:8737", "[::]:8737", "kitchen.local", "kitchen.evil.example:8737", ""]
)
def test_over_a_network_it_answers_under_no_other_name(host: str) -> None:
    assert not SHOWN.allows(host)


@given(HOSTISH | HOSTISH.map(lambda text: f"{text}:8737"))
def test_whatever_is_allowed_is_the_place_that_a_browser_reads_in_it(host: str) -> None:
    for where in (ALONE, SHOWN):
        if where.allows(host):
            read = urlsplit(f"http://{host}")
            assert (read.hostname, read.port) == (placed(host, 80).host, 8737)
            assert not read.path
            assert not read.username


@given(HOSTISH | HOSTISH.map(lambda text: f"http://{text}") | HOSTISH.map(lambda text: f"http://{text}:8737"))
def test_an_origin_is_its_own_only_if_it_names_the_same_place(origin: str) -> None:
    if ALONE.is_own_origin(origin, "localhost:8737"):
        assert origin.removeprefix("http://").lower() == "localhost:8737"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        *(("null", "localhost:8737"), ("", "localhost:8737"), ("https://localhost:8737", "localhost:8737")),
        *(("http://localhost:3000", "localhost:8737"), ("http://127.0.0.1:8737", "localhost:8737")),
        *(("http://evil.example", "localhost:8737"), ("http://localhost:8737.evil.example", "localhost:8737")),
    ],
)
def test_other_origins_are_not_its_own(origin: str, host: str) -> None:
    assert not ALONE.is_own_origin(origin, host)


def test_the_link_holds_the_token_only_where_it_is_needed() -> None:
    assert ALONE.url == "http://127.0.0.1:8737/"
    assert SHOWN.url == "https://192.168.1.20:8737/?token=secret"
    assert Address("::1", 8737, "secret", False).url == "http://[::1]:8737/"


def test_every_address_has_a_token_of_its_own_and_is_secure_unless_it_is_loopback() -> None:
    one, other = address("127.0.0.1", 8737), address("0.0.0.0", 8737)
    assert one.token != other.token
    assert len(one.token) >= 43
    assert not one.is_secure
    assert other.is_secure
    assert address("localhost", 1).is_loopback
    assert address("127.8.8.8", 1).is_loopback
    assert not address("192.168.1.20", 1).is_loopback


def test_a_taken_port_is_said_before_anything_starts() -> None:
    with closing(listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(OutputError, match=f"port {port} is already in use") as failed:
            listen("127.0.0.1", port)
        assert failed.value.hint


def test_the_usual_port_gives_way_to_the_next_that_is_free() -> None:
    with closing(listen("127.0.0.1")) as one, closing(listen("127.0.0.1")) as other:
        assert PORT <= one.getsockname()[1] != other.getsockname()[1] >= PORT


@pytest.mark.parametrize("host", ["192.0.2.77", "no such host", ""])
def test_an_address_that_is_not_this_machines_is_explained(host: str) -> None:
    with pytest.raises(OutputError, match="has no address") as failed:
        listen(host, 0)
    assert "0.0.0.0" in failed.value.hint


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
