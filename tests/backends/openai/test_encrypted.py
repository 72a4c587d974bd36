"""https: the same road, encrypted; and who cannot prove who they are gets neither pictures nor key."""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.backends.openai.client import line_to
from app.backends.openai.describer import ServerDescriber
from app.backends.openai.payload import Form
from app.backends.openai.wire import Patience, trust
from app.errors import ModelError, Outage
from app.events import Request
from tests.backends.openai.faults import HALF, HEAD, SAID, Misbehaving, event, misbehaving, sends
from tests.backends.openai.test_faults import frame
from tests.waiting import LIMIT_S

SECRET = "sk-do-not-tell-0123456789"


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
def _is_believed(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trust.cache_clear()
    yield
    trust.cache_clear()


@contextmanager
def eyes(
    server: Misbehaving, certificate: Path | None, scheme: str = "https", silence_s: float = LIMIT_S
) -> Iterator[ServerDescriber]:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    with misbehaving(server, context) as root:
        line = line_to(root.replace("http", scheme, 1), SECRET)
        yield ServerDescriber(line, Form("small"), Patience(total_s=LIMIT_S, silence_s=silence_s))


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
        root = describer.line.root.replace("127.0.0.1", "localhost")
        with pytest.raises(ModelError, match="cannot prove"):
            said(ServerDescriber(line_to(root), Form("small")))
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
        assert failure.value.hint.endswith(f"--url {describer.line.root.replace('https', 'http')}/v1")


def test_one_that_answers_in_http_is_to_be_asked_in_http() -> None:
    def answer(listening: socket.socket) -> None:
        own, _ = listening.accept()
        with own:
            own.recv(4096)
            own.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        pool.submit(answer, listening)
        where = f"127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(Outage, match="speaks no https") as failure:
            said(ServerDescriber(line_to(f"https://{where}/v1"), Form("small")))
    assert failure.value.hint == f"try --url http://{where}/v1"
