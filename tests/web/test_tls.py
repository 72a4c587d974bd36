"""The page over https: a certificate made on the spot or given, and clients that do and do not trust it."""

import asyncio
import hashlib
import ssl
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from websockets.asyncio.client import connect

from app.errors import OutputError
from app.web.tls import VALID, Certificate, given, kept
from tests import needs
from tests.web.served import Site, closed_by_server, served

NAMES = ("192.168.1.20", "kitchen.local", "Kitchen")


@pytest.fixture
def made(tmp_path: Path) -> Certificate:
    return kept(tmp_path / ".cache" / "page.pem", NAMES)


def read(certificate: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate.chain.read_bytes())


def trusting(certificate: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate.chain)


def pair(folder: Path, key: object = None, *, since_days: int = -1, until_days: int = 30) -> tuple[Path, Path]:
    """A certificate of somebody else's making, and its key."""
    key = key or ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + timedelta(days=since_days))
        .not_valid_after(now + timedelta(days=until_days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, own = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    own.write_bytes(written(key))
    return chain, own


def written(key: object, lock: object = None) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock or serialization.NoEncryption()
    )


def test_a_client_that_trusts_the_certificate_connects_and_another_does_not(made: Certificate) -> None:
    with served(tls=made.context(), trust=trusting(made)) as site:
        assert site.get() == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            replace(site, trust=ssl.create_default_context()).get()


def test_it_is_who_the_person_compares(made: Certificate) -> None:
    with served(tls=made.context(), trust=trusting(made)) as site, closing(site.connection()) as connection:
        connection.connect()
        shown = connection.sock.getpeercert(binary_form=True)
    assert made.fingerprint == ":".join(f"{byte:02X}" for byte in hashlib.sha256(shown).digest())


@needs.tool("openssl")
def test_openssl_reads_the_same_fingerprint_and_names(made: Certificate) -> None:
    asked = ["openssl", "x509", "-in", made.chain, "-noout", "-fingerprint", "-sha256", "-ext", "subjectAltName"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert f"Fingerprint={made.fingerprint}" in told
    assert all(name.lower() in told for name in NAMES)


def test_the_link_gives_a_browser_its_cookie_and_everything_needs_it(made: Certificate) -> None:
    with served("0.0.0.0", made.context(), trusting(made)) as site:
        assert site.get() == 401
        assert site.get("/?token=wrong") == 401
        entry = site.ask("GET", f"/?token={site.address.token}", {"Sec-Fetch-Site": "cross-site"} | WINDOW)
        assert entry.status == 200
        assert b'content="0;url=/"' in entry.body
        assert site.address.token.encode() not in entry.body
        cookie = entry.headers["set-cookie"]
        assert all(word in cookie for word in ("__Host-", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
        own = {"Cookie": cookie.partition(";")[0]}
        assert site.ask("GET", "/", own).status == 200
        assert site.ask("GET", "/api/token", own | {"Sec-Fetch-Site": "same-origin"}).status == 200
        assert site.post(Authorization="", **own).status == 401
        assert site.post().status == 200
        assert asyncio.run(looked_on(site, own)) == "4"


async def looked_on(site: Site, headers: dict[str, str]) -> object:
    """By the client without threads: the other reads and writes one TLS connection at once, and now and then hangs."""
    async with connect(f"wss://{site.host}/live", additional_headers=headers, ssl=site.trust, proxy=None) as live:
        await live.send("next")
        return await live.recv()


WINDOW = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def test_plain_http_is_not_answered_where_https_is_spoken(made: Certificate) -> None:
    with served(tls=made.context()) as site, site.raw(site.head("/")) as plain:
        assert closed_by_server(plain)


def test_it_is_for_the_machines_names_and_no_longer_than_browsers_take(made: Certificate) -> None:
    certificate = read(made)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"kitchen.local", "kitchen", "localhost"}
    assert set(map(str, names.get_values_for_type(x509.IPAddress))) == {"192.168.1.20", "127.0.0.1", "::1"}
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= VALID <= timedelta(days=397)


@pytest.mark.parametrize(
    "spoilt", [b"", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_one_that_is_spoilt_is_made_anew(made: Certificate, spoilt: bytes) -> None:
    made.chain.write_bytes(spoilt)
    assert kept(made.chain, NAMES).fingerprint != made.fingerprint


def test_one_whose_key_others_could_read_is_made_anew(made: Certificate) -> None:
    made.key.chmod(0o644)
    anew = kept(made.chain, NAMES)
    assert anew.fingerprint != made.fingerprint
    assert anew.key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("key", [None, rsa.generate_private_key(65537, 2048)], ids=["EC", "RSA"])
def test_one_that_is_given_is_shown(tmp_path: Path, key: object) -> None:
    certificate = given(*pair(tmp_path, key))
    with served(tls=certificate.context(), trust=trusting(certificate)) as site:
        site.host = f"localhost:{site.address.port}"
        assert site.get() == 200


def test_files_that_do_not_belong_together_are_explained(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    chain, _ = pair(tmp_path)
    _, other = pair(tmp_path / "other")
    with pytest.raises(OutputError, match="is not the key of"):
        given(chain, other)


def test_one_that_is_out_of_date_or_not_yet_valid_is_explained(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="out of date since"):
        given(*pair(tmp_path, since_days=-9, until_days=-1))
    with pytest.raises(OutputError, match="not valid before"):
        given(*pair(tmp_path, since_days=1))


def test_files_that_hold_something_else_are_explained(tmp_path: Path) -> None:
    chain, key = pair(tmp_path)
    with pytest.raises(OutputError, match="holds no certificate"):
        given(key, key)
    with pytest.raises(OutputError, match="holds no key"):
        given(chain, chain)
    with pytest.raises(OutputError, match="no such file"):
        given(chain, tmp_path / "nothing")
    with pytest.raises(OutputError, match="is a folder"):
        given(tmp_path, key)


def test_a_locked_key_is_explained_and_no_password_is_asked_for(tmp_path: Path) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    chain, key = pair(tmp_path, own)
    key.write_bytes(written(own, serialization.BestAvailableEncryption(b"secret")))
    with pytest.raises(OutputError, match="locked with a password"):
        given(chain, key)
    with pytest.raises(OutputError, match="cannot be used"):
        Certificate(chain, key, "").context()


