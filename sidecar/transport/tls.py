"""The TLS settings of an upstream as an SSL context. Reads files when the sidecar starts."""

import asyncio
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sidecar.config import ClientTls
from sidecar.errors import ConnectError

_ABOUT_OURS = (
    "access denied",
    "bad certificate",
    "certificate expired",
    "certificate required",
    "certificate revoked",
    "certificate unknown",
    "decrypt error",
    "unknown ca",
    "unsupported certificate",
)
"""Alerts of a server that does not accept the client's certificate (RFC 8446 §6.2)."""

_AUTHORITIES = "SSL_CERT_FILE"
"""The variable by which OpenSSL is told of another file (SSL_CTX_set_default_verify_paths)."""


def client_context(tls: ClientTls) -> ssl.SSLContext:
    """Verify the upstream's name and chain, always; show a client certificate if one is given.

    Upstreams without files of their own share one: to read the system's authorities takes 20 ms.

    Raises:
        OSError: a file cannot be read, holds no PEM, or does not fit the other; it is named.
    """
    if tls.ca is None and tls.certificate is None:
        return _with_the_systems_authorities()
    return _made(tls)


@cache
def _with_the_systems_authorities() -> ssl.SSLContext:
    return _made(ClientTls())


@contextmanager
def without_authorities() -> Iterator[None]:
    """Let contexts that are made meanwhile have none of the system's file of authorities."""
    before = os.environ.get(_AUTHORITIES)
    os.environ[_AUTHORITIES] = os.devnull
    try:
        yield
    finally:
        if before is None:
            del os.environ[_AUTHORITIES]
        else:
            os.environ[_AUTHORITIES] = before


def _made(tls: ClientTls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca)
    except ssl.SSLError as error:
        raise _unusable(error, tls.ca) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 sets it, and then refuses many a private authority that 3.12 trusted.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["http/1.1"])
    if tls.certificate is not None:
        try:
            context.load_cert_chain(tls.certificate, tls.key)
        except ssl.SSLError as error:
            raise _unusable(error, tls.certificate, tls.key) from error
    return context


def _unusable(error: ssl.SSLError, *files: str | None) -> OSError:
    """OpenSSL says what is wrong and not where."""
    names = " with ".join(filter(None, files))
    reason = (error.reason or "no PEM").replace("_", " ").lower()
    return OSError(f"{names} cannot be used: {reason}")


def told(error: BaseException) -> str:
    """What the other side, or OpenSSL, says in plain words: `unknown ca`; "" if nothing."""
    reason = getattr(error, "reason", None) or ""
    return str(reason).rpartition("ALERT_")[2].replace("_", " ").lower()


def refusal(error: BaseException | None, uses: int) -> ConnectError | None:
    """The error for a server that ends a new connection because of the client's certificate.

    With TLS 1.3 it can say so only after the client's handshake, when the first request is on its
    way; none of that is processed before the certificate was accepted (RFC 8446 §4.4.2.4).

    Args:
        error: why the connection was lost.
        uses: how many exchanges it has had, with this one.
    """
    said = told(error) if isinstance(error, ssl.SSLError) else ""
    if uses > 1 or said not in _ABOUT_OURS:
        return None
    return ConnectError(
        f"the upstream does not accept the client certificate ({said}); it is tls.certificate",
        code="tls_error",
    )


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
