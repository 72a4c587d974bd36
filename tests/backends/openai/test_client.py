"""A server's address, its key, TLS, and what a refusal means."""

import datetime
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.backends.openai.client import Endpoint, Timeouts, endpoint, is_loopback, read_api_key, refuse_remote, split_url
from app.backends.openai.describer import Form, ServerDescriber
from app.errors import ModelError, Outage, UsageError
from app.events import Request
from tests.backends.openai.faults import HALF, HEAD, SAID, Asked, Misbehaving, event, misbehaving, response, sends
from tests.backends.openai.test_faults import frame
from tests.running import ROOT
from tests.waiting import LIMIT_S


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://localhost/prefix/v1/chat/completions", "https://localhost/prefix"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("HTTP://LocalHost:80/v1", "http://localhost"),
    ],
)
def test_an_address_may_be_given_with_or_without_v1(given: str, root: str) -> None:
    assert endpoint(given).root == root


@pytest.mark.parametrize(
    "given",
    [
        *("ftp://x/", "http://", "file:///etc/passwd", "http:///v1", "http://[::1", "http://[x]/v1"),
        *("http://host:65536/v1", "http://host:0/v1", "http://host:port/v1"),
        *("http://host/\r\nX: 1", "http://host/a b", "http://h\u00f6st/", "http://host/\x1b[2J"),
    ],
)
def test_what_is_no_address_is_a_usage_error(given: str) -> None:
    with pytest.raises(UsageError) as failure:
        split_url(given)
    assert failure.value.message.isprintable()


@pytest.mark.parametrize(
    "given", ["http://me:secret@host/v1", "http://secret@host", "http://me:secret@[::1", "http://me:sec/ret@host:99999"]
)
def test_credentials_in_an_address_are_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(UsageError, match="name or password") as failure:
        split_url(given)
    assert "secret" not in str(failure.value)
    assert "host/" not in str(failure.value)


@pytest.mark.parametrize(
    "given",
    [
        *("http://127.0.0.1:9", "http://localhost:9/v1", "http://[::1]:9", "http://[::ffff:127.0.0.1]:9"),
        *("http://0.0.0.0:9", "http://127.1:9", "http://2130706433:9", "http://0x7f000001:9", "https://127.200.3.4"),
    ],
)
def test_every_form_of_this_machine_is_this_machine(given: str) -> None:
    found = endpoint(given)
    assert found.is_local
    assert not found.is_unencrypted
    refuse_remote(found)


@pytest.mark.parametrize(
    "given",
    ["http://192.0.2.7:8080/v1", "http://[2001:db8::7]:8080", "http://[::ffff:192.0.2.7]:9", "http://3221225991:9"],
)
def test_any_other_machine_is_refused_with_the_flag_that_allows_it(given: str) -> None:
    found = endpoint(given)
    assert not found.is_local
    assert found.is_unencrypted
    with pytest.raises(UsageError, match="is not this machine") as failure:
        refuse_remote(found)
    assert "--allow-remote" in failure.value.hint


def test_a_name_with_one_address_elsewhere_is_elsewhere() -> None:
    """Whoever answers for the name may not choose afterwards which of them it is."""
    mixed = Endpoint("https", "rebinding.example", 443, "", ("127.0.0.1", "192.0.2.7"))
    assert not mixed.is_local
    with pytest.raises(UsageError, match=r"rebinding.example \(127.0.0.1, 192.0.2.7\)"):
        refuse_remote(mixed)


def test_a_host_that_nobody_knows_is_explained() -> None:
    with pytest.raises(Outage, match=r"nowhere\.invalid cannot be found"):
        endpoint("http://nowhere.invalid:8080/v1")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("127.255.255.254", True),
        ("::1", True),
        ("fe80::1%eth0", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
    ],
)
def test_numbers_are_judged_and_not_their_spelling(number: str, expected: bool) -> None:
    assert is_loopback(number) is expected


SECRET = "sk-do-not-tell-0123456789"


def kept(folder: Path, text: str = SECRET, mode: int = 0o600) -> Path:
    file = folder / "key"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_it_is_shown_as_a_bearer_and_in_no_text_form(tmp_path: Path) -> None:
    server = endpoint("http://127.0.0.1:1", read_api_key(kept(tmp_path, f"  {SECRET}\n")))
    assert server.api_key == SECRET
    assert SECRET not in f"{server} {server!r}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_can_read_is_refused_with_what_to_type(tmp_path: Path, mode: int) -> None:
    with pytest.raises(UsageError, match="others may read") as failure:
        read_api_key(kept(tmp_path, mode=mode))
    assert failure.value.hint.startswith("chmod 600 ")
    assert SECRET not in str(failure.value)


@pytest.mark.parametrize("text", ["", " ", "two words", "a\r\nX-Other: b", "a\x00", "k\u00e9y", "x" * 3000])
def test_what_is_no_key_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as failure:
        read_api_key(kept(tmp_path, text))
    assert not text.strip() or text.strip() not in str(failure.value)


def test_a_file_that_is_not_there_a_folder_and_a_pipe_are_explained(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe", 0o600)
    for each in (tmp_path / "none", tmp_path, pipe):
        with pytest.raises(UsageError):
            read_api_key(each)


def test_from_the_environment_it_is_remembered_and_what_is_started_from_here_does_not_see_it() -> None:
    """In a process of its own: it is taken out of the environment once and for all."""
    asked = (
        "import os; from app.backends.openai.client import read_api_key; "
        "print(read_api_key(None) == read_api_key(None) != '', 'LOOKSAY_API_KEY' in os.environ)"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "LOOKSAY_API_KEY": SECRET},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["True", "False"]


def test_a_server_that_wants_it_gets_it_and_nobody_is_told_when_it_is_refused() -> None:
    def refuse(asked: Asked) -> None:
        shown = asked.headers["Authorization"]
        asked.send(response("401 Unauthorized", f'{{"error": {{"message": "Incorrect key: {shown}"}}}}'.encode()))

    away = sends(response("302 Found", b"", f"Location: https://elsewhere.example/?key={SECRET}"))
    failed = sends(response("500 Internal Server Error", f"headers: Bearer {SECRET}".encode()))
    with misbehaving(Misbehaving([refuse, away, failed], is_meant=lambda asked: not asked.pictures)) as root:
        eyes = ServerDescriber(endpoint(root, SECRET), Form("small"))
        for kind in (ModelError, ModelError, Outage):
            with pytest.raises(kind) as failure:
                list(eyes.describe(Request((), "What?")))
            assert SECRET not in str(failure.value)
        assert SAID in "".join(piece.text for piece in eyes.describe(Request((), "What?")))
    assert SECRET not in repr(eyes.banner)


def test_without_a_key_no_header_is_sent() -> None:
    server = Misbehaving([])
    with misbehaving(server) as root:
        list(ServerDescriber(endpoint(root), Form("small")).describe(Request((), "What?")))
    assert "Authorization" not in server.asked[0].headers


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, signed by itself; key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form, encoding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    file = tmp_path_factory.mktemp("certificate") / "both.pem"
    file.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()) + signed.public_bytes(encoding))
    return file


@pytest.fixture
def _is_believed(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@contextmanager
def eyes(
    server: Misbehaving, certificate: Path | None, scheme: str = "https", silence_s: float = LIMIT_S
) -> Iterator[ServerDescriber]:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    with misbehaving(server, context) as root:
        line = endpoint(root.replace("http", scheme, 1), SECRET)
        yield ServerDescriber(line, Form("small"), Timeouts(total_s=LIMIT_S, silence_s=silence_s))


def said(describer: ServerDescriber) -> str:
    return "".join(piece.text for piece in describer.describe(Request((frame(),), "What?", 8)))


@pytest.mark.usefixtures("_is_believed")
def test_an_answer_comes_over_it_as_over_http(certificate: Path) -> None:
    server = Misbehaving([])
    with eyes(server, certificate) as describer:
        assert [said(describer) for _ in range(3)] == [SAID] * 3
    assert server.asked[0].headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.usefixtures("_is_believed")
def test_what_breaks_off_is_noticed_as_over_http(certificate: Path) -> None:
    with eyes(Misbehaving([sends(HEAD, event(HALF))]), certificate) as describer:
        with pytest.raises(Outage, match=r"broke off before the end|no server answers"):
            said(describer)
        assert said(describer) == SAID


def test_one_that_cannot_prove_who_it_is_gets_nothing(certificate: Path) -> None:
    server = Misbehaving([])
    with eyes(server, certificate) as describer, pytest.raises(ModelError, match="cannot prove") as failure:
        said(describer)
    assert not server.asked
    assert SECRET not in str(failure.value)


@pytest.mark.usefixtures("_is_believed")
def test_a_certificate_of_another_name_proves_nothing(certificate: Path) -> None:
    server = Misbehaving([])
    with eyes(server, certificate) as describer:
        root = describer.server.root.replace("127.0.0.1", "localhost")
        with pytest.raises(ModelError, match="cannot prove"):
            said(ServerDescriber(endpoint(root), Form("small")))
    assert not server.asked


@pytest.mark.parametrize(("scheme", "is_encrypted"), [("https", False), ("http", True)])
def test_the_wrong_one_of_the_two_is_explained(certificate: Path, scheme: str, *, is_encrypted: bool) -> None:
    server = Misbehaving([])
    with (
        eyes(server, certificate if is_encrypted else None, scheme, silence_s=1.0) as describer,  # both wait for more
        pytest.raises(ModelError) as failure,
    ):
        said(describer)
    assert failure.value.message.isprintable()
    assert not server.asked
    if scheme == "https":
        assert failure.value.hint.endswith(f"--url {describer.server.root.replace('https', 'http')}/v1")


def test_one_that_answers_in_http_is_to_be_asked_in_http() -> None:
    def answer(listening: socket.socket) -> None:
        own, _ = listening.accept()
        with own:
            own.recv(4096)
            own.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        pool.submit(answer, listening)
        where = f"127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(Outage, match="does not use https") as failure:
            said(ServerDescriber(endpoint(f"https://{where}/v1"), Form("small")))
    assert failure.value.hint == f"try --url http://{where}/v1"
