"""A certificate authority of one's own, and server certificates that it signs.

Needs the package `cryptography`, which only `sidecar certs` uses. Knows no flags and no clock.
"""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
_SKEW = dt.timedelta(hours=1)
"""How much a client's clock may be behind."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key as PEM, not encrypted: the sidecar starts without anybody there."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds none.
    """
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        raise ValueError(f"{path}: not a certificate") from None


def read_pair(certificate: Path, key: Path) -> Pair:
    """The pair in two PEM files.

    Raises:
        OSError: one cannot be read.
        ValueError: one is not what it should be, or they do not belong together.
    """
    found = read_certificate(certificate)
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise ValueError(f"{key}: not a private key without a password") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or (
        private.public_key() != found.public_key()
    ):
        raise ValueError(f"{key}: not the key of {certificate.name}")
    return Pair(found, private)


def make_authority(names: Sequence[str], now: dt.datetime) -> Pair:
    """An authority that can vouch for `names` and for nothing else.

    Its name constraints (RFC 5280 §4.2.1.10) keep whoever gets at its key from posing as any other
    host to a client that trusts it. Valid for ten years.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
    subject = _named(f"outbound-sidecar local authority {mark}")  # two of them are told apart
    until = now + dt.timedelta(days=AUTHORITY_DAYS)
    builder = (
        _builder(subject, subject, key, key, (now, until))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints([*map(_subtree, names)], None), critical=True)
    )
    return Pair(builder.sign(key, hashes.SHA256()), key)


def make_server(
    authority: Pair, names: Sequence[str], now: dt.datetime, until: dt.datetime
) -> Pair:
    """A server certificate for `names`, valid up to `until`.

    It has what Python 3.13 asks for, which verifies strictly (`VERIFY_X509_STRICT`): alternative
    names, key usage, and the identifiers of its key and of the authority's.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = x509.SubjectAlternativeName([*map(_general, names)])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    issuer = authority.certificate.subject
    builder = (
        _builder(_named("outbound-sidecar"), issuer, key, authority.key, (now, until))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs=False), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(alternatives, critical=False)
    )
    return Pair(builder.sign(authority.key, hashes.SHA256()), key)


def can_sign(authority: Pair, names: Sequence[str], until: dt.datetime) -> bool:
    """Whether its certificates for `names` would be accepted up to `until`."""
    certificate = authority.certificate
    try:
        limits = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        allowed = {*limits.permitted_subtrees} if limits.permitted_subtrees else set()
    except x509.ExtensionNotFound:
        return False  # not one of ours
    return certificate.not_valid_after_utc >= until and {*map(_subtree, names)} <= allowed


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Host names and addresses that it is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in found)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    valid: tuple[dt.datetime, dt.datetime],
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0] - _SKEW)
        .not_valid_after(valid[1])
        .add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
    )


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _address(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _general(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _subtree(name: str) -> x509.GeneralName:
    """The constraint to one name: an address is a network of one."""
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(ipaddress.ip_network(address))


def key_usage(*, signs: bool) -> x509.KeyUsage:
    """What a key is for: OpenSSL, strict as in Python 3.13, asks authorities for it (RFC 5280)."""
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
