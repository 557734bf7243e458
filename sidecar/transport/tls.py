"""The TLS settings of an upstream as an SSL context. Reads files when the sidecar starts."""

import asyncio
import ssl

from sidecar.config import ClientTls


def client_context(tls: ClientTls) -> ssl.SSLContext:
    """Verify the upstream's name and chain, always; show a client certificate if one is given.

    Raises:
        OSError: a file cannot be read, or holds no PEM (`ssl.SSLError` is an OSError).
    """
    context = ssl.create_default_context(cafile=tls.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 sets it, and then refuses many a private authority that 3.12 trusted.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["http/1.1"])
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context


def ended_cleanly(transport: asyncio.Transport | None) -> bool:
    """Whether an end was announced; over TLS a bare FIN is none (RFC 9112 §9.8).

    asyncio reports both alike.
    """
    tls = None if transport is None else transport.get_extra_info("ssl_object")
    if tls is None:
        return True
    try:
        return bool(tls.read(1) == b"")
    except ssl.SSLError:
        return False
