"""Pictures from a real server on this machine: within limits, over the web alone, with passwords kept."""

import http.server
import io
import ipaddress
import socket
import threading
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.errors import SourceError
from app.image_files import fetch as address
from app.image_files import picture
from app.image_files.fetch import Limits, fetch, is_public
from app.web.tls import kept

PICTURE = io.BytesIO()
Image.new("RGB", (4, 3), (255, 0, 0)).save(PICTURE, "PNG")
LOCAL = "http://127.0.0.1"
ANYWHERE = Limits(allow_private=True)


class Server(http.server.BaseHTTPRequestHandler):
    """Each path is one way to answer. The headers of every request are kept."""

    seen: list  # of (path, headers), one a request
    gone: threading.Event  # set at the end: the slow ones stop waiting

    def do_GET(self):
        type(self).seen.append((self.path, dict(self.headers)))
        getattr(self, urlsplit(self.path).path.strip("/").partition("/")[0])()

    def answer(self, data, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def picture(self):
        self.answer(PICTURE.getvalue(), Content_Type="text/html")

    def html(self):
        self.answer(b"<!doctype html><title>Sign in</title>", Content_Type="image/png")

    def missing(self):
        self.answer(b"", 404)

    def login(self):
        self.answer(b"", 401, WWW_Authenticate="Basic")

    def broken(self):
        self.answer(b"", 500)

    def empty(self):
        self.answer(b"")

    def huge(self):
        self.answer(b"", Content_Length="99000000000")

    def endless(self):
        self.send_response(200)
        self.end_headers()
        while not type(self).gone.is_set():
            self.wfile.write(bytes(65536))

    def cut(self):
        self.answer(PICTURE.getvalue()[:40], Content_Length=str(len(PICTURE.getvalue())))

    def silent(self):
        type(self).gone.wait(30)

    def dripping(self):
        self.send_response(200)
        self.end_headers()
        while not type(self).gone.wait(0.02):
            self.wfile.write(b".")

    def dripping_headers(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
        while not type(self).gone.wait(0.02):
            self.wfile.write(b".")

    def to_metadata(self):
        self.answer(b"", 302, Location="http://169.254.169.254/latest/meta-data/")

    def to_neighbour(self):
        self.answer(b"", 307, Location=f"http://127.0.0.2:{self.server.server_port}/picture")

    def to_picture(self):
        self.answer(b"", 302, Location="/picture")

    def to_itself(self):
        self.answer(b"", 302, Location="/to_itself")

    def to_file(self):
        self.answer(b"", 302, Location="file:///etc/hostname")

    def to_ftp(self):
        self.answer(b"", 301, Location="ftp://127.0.0.1/a.png")

    def to_data(self):
        self.answer(b"", 307, Location="data:,hello")

    def nonsense(self):
        self.wfile.write(b"I do not speak HTTP\r\n\r\n")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    made.handle_error = lambda *_: None  # clients that hang up are the point
    Server.seen, Server.gone = [], threading.Event()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"{LOCAL}:{made.server_port}"
    Server.gone.set()
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def without_a_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def refusal(url, **limits):
    with pytest.raises(SourceError) as caught:
        fetch(url, "it", Limits(allow_private=True, **limits))
    assert caught.value.hint
    return caught.value.message


def test_a_picture_is_fetched_and_known_by_its_bytes(server):
    assert picture(server + "/picture", ANYWHERE).pixels.shape == (3, 4, 3)


def test_blanks_and_umlauts_in_an_address_are_sent_as_a_browser_does(server):
    picture(server + "/picture/grüne Wiese%20.png?q=ä", ANYWHERE)
    assert Server.seen[-1][0] == "/picture/gr%C3%BCne%20Wiese%20.png?q=%C3%A4"


def test_a_web_page_called_a_picture_is_refused(server):
    with pytest.raises(SourceError, match="is a web page"):
        picture(server + "/html", ANYWHERE)


@pytest.mark.parametrize(("path", "what"), [("/missing", "404"), ("/login", "401"), ("/broken", "500")])
def test_a_refusal_is_told_with_its_number(server, path, what):
    assert what in refusal(server + path)


@pytest.mark.parametrize("path", ["/huge", "/endless"])
def test_more_than_the_limit_is_not_read(server, path):
    assert "more than the 1 MB" in refusal(server + path, size=1_000_000)


def test_an_answer_cut_off_is_no_picture(server):
    with pytest.raises(SourceError):
        picture(server + "/cut", ANYWHERE)


def test_a_server_that_does_not_answer_is_given_up(server):
    assert "too slowly" in refusal(server + "/silent", wait_s=0.1)


@pytest.mark.parametrize("path", ["/dripping", "/dripping_headers"])
def test_a_server_that_drips_is_given_up(server, path):
    assert "too slowly" in refusal(server + path, whole_s=0.1)


def test_a_redirect_is_followed(server):
    assert picture(server + "/to_picture", ANYWHERE).pixels.shape == (3, 4, 3)


@pytest.mark.parametrize("path", ["/to_file", "/to_ftp", "/to_data"])
def test_a_redirect_away_from_the_web_is_refused(server, path):
    assert "not on the web" in refusal(server + path)


def test_a_redirect_in_a_circle_ends(server):
    assert "in a circle" in refusal(server + "/to_itself")


@pytest.mark.parametrize(
    "url", ["http://", "http://host:port/", "http://[::1", f"{LOCAL}:1/a.png", "http://a b/", "http://0177.0.0.1/a.png"]
)
def test_an_address_that_leads_nowhere_is_explained(url):
    assert "cannot be fetched" in refusal(url)


def test_a_login_in_the_address_is_sent_to_its_server(server):
    picture(server.replace("//", "//anna:geh%40im@") + "/picture", ANYWHERE)
    assert Server.seen[-1][1]["Authorization"] == "Basic YW5uYTpnZWhAaW0="


def test_a_login_is_not_carried_on_by_a_redirect(server):
    picture(server.replace("//", "//anna:geheim@") + "/to_picture", ANYWHERE)
    (first, kept), (second, after) = Server.seen[-2:]
    assert (first, second) == ("/to_picture", "/picture")
    assert "Authorization" in kept
    assert "Authorization" not in after


def test_no_message_holds_the_password(server):
    with pytest.raises(SourceError) as caught:
        picture(server.replace("//", "//anna:geheim@") + "/missing?token=geheim", ANYWHERE)
    assert "geheim" not in str(caught.value)


INWARD = [
    *("127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0", "0.0.0.0", "%31%32%37.0.0.1"),
    *("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "255.255.255.255", "224.0.0.1"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]", "[::7f00:1]", "[fc00::1]", "[fe80::1]"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
]


@pytest.mark.parametrize("host", INWARD)
def test_nothing_is_fetched_from_within_unless_it_is_allowed(server, host):
    before = len(Server.seen)
    with pytest.raises(SourceError) as caught:
        picture(f"http://{host}:{urlsplit(server).port}/picture")
    assert "--allow-private" in caught.value.hint
    assert len(Server.seen) == before


@pytest.mark.parametrize("path", ["/to_metadata", "/to_neighbour"])
def test_a_redirect_inwards_is_refused(server, path, monkeypatch):
    """The server itself counts as one of the public web here."""
    monkeypatch.setattr(address, "is_public", lambda written: written == "127.0.0.1")
    with pytest.raises(SourceError) as caught:
        picture(server + path)
    assert "--allow-private" in caught.value.hint
    assert Server.seen[-1][0] == path


def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing(server, monkeypatch):
    """What was looked at is connected to: the name is asked for once."""
    answers, look_up = iter(["192.0.2.1", "127.0.0.1"]), socket.getaddrinfo

    def rebound(host, port, *args, **how):
        if host == "rebound.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (next(answers), port))]
        return look_up(host, port, *args, **how)

    before = len(Server.seen)
    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    monkeypatch.setattr(address, "is_public", lambda written: written == "192.0.2.1")
    with pytest.raises(SourceError):
        fetch(server.replace("127.0.0.1", "rebound.example") + "/picture", "it", Limits(wait_s=0.2))
    assert (len(Server.seen), next(answers)) == (before, "127.0.0.1")


def test_a_proxy_on_this_machine_is_used_and_private_hosts_are_refused_all_the_same(server, monkeypatch):
    monkeypatch.setenv("http_proxy", server)
    assert fetch("http://known.to.the.proxy.invalid/picture", "it") == PICTURE.getvalue()
    assert Server.seen[-1][0] == "http://known.to.the.proxy.invalid/picture"
    for host in ("10.0.0.1", "%31%30.0.0.1"):
        with pytest.raises(SourceError, match="on this machine or your local network"):
            fetch(f"http://{host}/picture", "it")
    assert Server.seen[-1][0] == "http://known.to.the.proxy.invalid/picture"


def test_https_wants_the_certificate_of_the_name_it_was_asked_for(tmp_path, monkeypatch):
    """One that a server made itself is refused, until the system is told to trust it; that of another name always."""
    monkeypatch.setenv("no_proxy", "localhost,other.example")
    certificate = kept(tmp_path / "own.pem", ["localhost"])
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    made.socket = certificate.context().wrap_socket(made.socket, server_side=True)
    made.handle_error = lambda *_: None
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        url = f"https://localhost:{made.server_port}/picture"
        with pytest.raises(SourceError, match="certificate"):
            picture(url, ANYWHERE)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
        assert picture(url, ANYWHERE).pixels.shape == (3, 4, 3)
        here = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", made.server_port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [here])
        with pytest.raises(SourceError, match=r"not valid for 'other\.example'"):
            picture(url.replace("localhost", "other.example"), ANYWHERE)
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


FOURS = st.ip_addresses(v=4)


@pytest.mark.parametrize(
    "public", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]
)
def test_addresses_of_the_web_are_public(public):
    assert is_public(public)


@pytest.mark.parametrize("nonsense", ["", "localhost", "1.2.3", "1.2.3.4.5", "fe80::1%eth0", "::1%1", "²", "1.1.1.1\n"])
def test_what_is_no_address_or_has_a_zone_is_not_public(nonsense):
    assert not is_public(nonsense)


@given(FOURS)
def test_an_address_within_an_address_is_judged_by_itself(four):
    packed = int(four)
    mapped = ipaddress.IPv6Address(0xFFFF << 32 | packed)
    nat64 = ipaddress.IPv6Address(0x64FF9B << 96 | packed)
    sixtofour = ipaddress.IPv6Address(0x2002 << 112 | packed << 80)
    assert {is_public(str(each)) for each in (mapped, nat64, sixtofour)} == {is_public(str(four))}


@pytest.mark.parametrize(
    "network",
    [
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("192.0.0.0/24", "100.64.0.0/10", "fe80::/10", "fec0::/10", "fc00::/7", "3fff::/20", "5f00::/16"),
    ],
)
def test_no_address_of_a_private_network_is_public(network):
    @given(st.ip_addresses(network=network))
    def check(address):
        assert not is_public(str(address))

    check()
