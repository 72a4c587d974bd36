"""What the page shows itself by to a network: a certificate made on the spot, or the one that a person gives.

Nobody vouches for one made here: a browser warns of it once, and a person compares the fingerprint with the one that
looksay printed. It keeps others from listening in, not from typing the address.
"""

import ipaddress
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.errors import OutputError
from app.files import explain, read_small
from app.web.page_server import LOOPBACK, is_address, plain

VALID = timedelta(days=397)
"""The longest that browsers take one for."""
RENEWED = timedelta(days=30)
"""How long before its end it is made anew."""
EARLIER = timedelta(hours=1)
"""How much a phone's clock may be behind."""
KEY_USAGE = (
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
"""What the key is not for: it signs handshakes, and nothing else."""
RENEW = "Give a newer one, or none: then looksay makes its own."


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and where it lies."""

    chain: Path
    key: Path
    """The same file, if that holds both."""
    fingerprint: str
    """SHA-256 in hex, as browsers show it: `AB:CD:…`."""

    def context(self) -> ssl.SSLContext:
        """What a server needs.

        Raises:
            OutputError: the files cannot be used, with the remedy.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self.chain, self.key, password=no_password)
        except (OSError, ValueError) as failure:
            raise OutputError(
                f"The page's certificate cannot be used: {failure}", f"Look at {self.chain} and {self.key}."
            ) from failure
        return context


def kept(file: Path, names: Iterable[str]) -> Certificate:
    """The certificate that was made for these names, or a new one, its key readable by its owner alone.

    Raises:
        OutputError: it cannot be written, with the remedy.
    """
    wanted = frozenset(plain(name) for name in (*names, *LOOPBACK) if name.isascii())
    known = _recalled(file)
    if known is None or not _serves(known, wanted):
        known = _made(file, wanted)
    return Certificate(file, file, fingerprint(known))


def given(chain: Path, key: Path) -> Certificate:
    """The certificate in these PEM files.

    Raises:
        OutputError: they cannot be read, do not belong together, or are out of date, with the remedy.
    """
    certificate = _certificate(chain)
    own, theirs = _key(key).public_key(), certificate.public_key()
    if _spelt(own) != _spelt(theirs):
        raise OutputError(f"{key} is not the key of {chain}.", "Give the two files that were made together.")
    now = datetime.now(UTC)
    if now > certificate.not_valid_after_utc:
        raise OutputError(f"{chain} is out of date since {certificate.not_valid_after_utc:%Y-%m-%d}.", RENEW)
    if now < certificate.not_valid_before_utc:
        raise OutputError(f"{chain} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}.", RENEW)
    return Certificate(chain, key, fingerprint(certificate))


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def no_password() -> str:
    """Asked only for a key that has been locked; without an answer the terminal would be asked."""
    raise ValueError("its key is locked with a password")


def _recalled(file: Path) -> x509.Certificate | None:
    """What was made before; None where there is nothing, or nothing that can be used."""
    try:
        return _certificate(file) if file.stat().st_mode & 0o077 == 0 and _key(file) else None
    except (OSError, OutputError):
        return None


def _serves(certificate: x509.Certificate, wanted: frozenset[str]) -> bool:
    """Whether it is for these names, and will be for a while."""
    now = datetime.now(UTC)
    lasts = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - RENEWED
    return lasts and wanted <= _names(certificate)


def _names(certificate: x509.Certificate) -> frozenset[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return frozenset()
    addresses = found.get_values_for_type(x509.IPAddress)
    return frozenset((*found.get_values_for_type(x509.DNSName), *map(str, addresses)))


def _made(file: Path, names: frozenset[str]) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key, names)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        _write_for_owner(file, secret + certificate.public_bytes(serialization.Encoding.PEM))
    except OSError as failure:
        message, hint = explain(failure, file, verb="written")
        raise OutputError(message, f"{hint}; or give a certificate of your own: --page-cert FILE") from failure
    return certificate


def _signed(key: ec.EllipticCurvePrivateKey, names: frozenset[str]) -> x509.Certificate:
    """RFC 5280, with all that strict clients ask of a certificate that nobody else has signed."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "looksay")])
    now = datetime.now(UTC)
    public = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    usage = x509.KeyUsage(
        digital_signature=True, encipher_only=False, decipher_only=False, **dict.fromkeys(KEY_USAGE, False)
    )
    builder = (
        x509.CertificateBuilder(name, name, public, x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now - EARLIER + VALID)
        .add_extension(x509.SubjectAlternativeName([_general(each) for each in sorted(names)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(name)) if is_address(name) else x509.DNSName(name)


def _write_for_owner(file: Path, content: bytes) -> None:
    """Put it in its place at once; nobody else can read it at any time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f"{file.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    try:
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
        os.replace(half, file)
    finally:
        half.unlink(missing_ok=True)


def _certificate(file: Path) -> x509.Certificate:
    """The first of a file, which is the server's own."""
    try:
        return x509.load_pem_x509_certificates(_read(file))[0]
    except ValueError as failure:
        raise OutputError(f"{file} holds no certificate.", "Give a file in the PEM format.") from failure


def _key(file: Path) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(_read(file), None)
    except TypeError as failure:
        raise OutputError(f"{file} is locked with a password.", "Give a key without one.") from failure
    except (ValueError, UnsupportedAlgorithm) as failure:
        raise OutputError(f"{file} holds no key.", "Give a file in the PEM format.") from failure


def _read(file: Path) -> bytes:
    try:
        return read_small(file, is_pipe_fine=False)  # the server reads it once more
    except OSError as failure:
        raise OutputError(*explain(failure, file)) from failure


def _spelt(key: PublicKeyTypes) -> bytes:
    """A public key in one way of writing."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
