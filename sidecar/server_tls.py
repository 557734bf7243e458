"""The certificate that the sidecar shows to the application; another one can take its place.

Knows files and contexts; nothing of who connects.
"""

import ssl
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from sidecar.config import ServerTls


class Certificate(NamedTuple):
    """A certificate with its key, read and found to fit together."""

    context: ssl.SSLContext
    digest: bytes
    """Of what the files hold."""


def read_certificate(files: ServerTls) -> Certificate:
    """What is in the files now.

    Raises:
        OSError: one cannot be read, or they do not fit together (`ssl.SSLError` is an OSError).
    """
    digest = sha256()
    for name in (files.certificate, files.key):
        digest.update(sha256(Path(name).read_bytes()).digest())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.certificate, files.key)
    except ssl.SSLError as error:
        reason = error.reason or "no PEM"
        raise OSError(f"listen.tls: the files do not fit: {reason.lower()}") from error
    return Certificate(context, digest.digest())


class Shown:
    """One context for all listeners, whose handshakes go by the certificate that is shown now.

    OpenSSL asks for it in each handshake, whether the client names a server or not
    (SSL_CTX_set_tlsext_servername_callback).
    """

    def __init__(self, certificate: Certificate) -> None:
        self._certificate = certificate
        self.context = certificate.context
        """What sockets are opened with."""
        self.context.sni_callback = self._choose

    @property
    def digest(self) -> bytes:
        """Of the files of the certificate that is shown now."""
        return self._certificate.digest

    def show(self, certificate: Certificate) -> None:
        """Show this one in the handshakes that begin from now on."""
        self._certificate = certificate

    def _choose(
        self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: object
    ) -> None:
        connection.context = self._certificate.context
