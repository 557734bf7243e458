"""Opens connections to one upstream: name, TCP (happy eyeballs, RFC 8305), TLS.

Says in which of the three a failure happened. Knows nothing of pools.
"""

import asyncio
import os
import socket
import ssl
from typing import Literal
from urllib.parse import urlsplit

import aiohappyeyeballs

from sidecar.clock import Clock
from sidecar.config import Upstream
from sidecar.core.allowance import Allowance
from sidecar.errors import ConnectError, ConnectTimeout
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.transport.connection import Connection
from sidecar.transport.resolver import Resolver
from sidecar.transport.tls import client_context, refusal, told

_ATTEMPT_DELAY = 0.25
"""Seconds before the next address is tried beside a slow one (RFC 8305 §5)."""


Phase = Literal["dns", "connect", "tls"]


def _reason(error: OSError) -> str:
    """The system's word for it, without the addresses that asyncio adds."""
    return os.strerror(error.errno).lower() if error.errno else "no address accepted one"


class Dialer:
    """Opens connections to one upstream.

    Raises:
        OSError: a certificate file cannot be read.
    """

    def __init__(self, upstream: Upstream, clock: Clock, stats: PoolStats) -> None:
        url = urlsplit(upstream.url)
        host = url.hostname or ""
        secure = url.scheme == "https"
        self.port = url.port or (443 if secure else 80)
        self.host = host
        self.tls = client_context(upstream.tls) if secure else None
        self.server_name = upstream.tls.server_name or host
        self.resolver = Resolver(host, self.port, upstream.dns.ttl, clock, stats)
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Dialer {self.host}:{self.port}{' tls' if self.tls else ''}>"

    async def dial(self, allowance: Allowance, attempt: int) -> Connection:
        """A new connection.

        Raises:
            ConnectError: `dns_error`, `connect_error` or `tls_error`.
            ConnectTimeout: the allowance passed in one of the three.
            DeadlineExceeded: the allowance was what was left to the deadline.
        """
        phase: list[Phase] = ["dns"]
        try:
            async with asyncio.timeout(allowance.seconds):
                return await self._dial(phase)
        except TimeoutError as error:
            if allowance.code == "total_timeout":
                doing = f"while connecting to {self.host} ({phase[0]})"
                raise allowance.expired(doing, attempt) from error
            raise ConnectTimeout(
                f"{phase[0]} timeout of {allowance.seconds:g} s on attempt {attempt}, "
                f"while connecting to {self.host}:{self.port}",
                code=f"{phase[0]}_timeout",
            ) from error

    async def _dial(self, phase: list[Phase]) -> Connection:
        addresses = await self.resolver.addresses()
        phase[0] = "connect"
        loop = asyncio.get_running_loop()
        try:
            sock = await aiohappyeyeballs.start_connection(
                addresses, happy_eyeballs_delay=_ATTEMPT_DELAY, interleave=1, loop=loop
            )
        except OSError as error:
            raise ConnectError(
                f"no connection to {self.host}:{self.port}: {_reason(error)}",
                code="connect_error",
            ) from error
        phase[0] = "tls"
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection = Connection(loop, sock, self._clock)
        try:
            await loop.create_connection(
                lambda: connection,
                sock=sock,
                ssl=self.tls,
                server_hostname=self.server_name if self.tls else None,
            )
        except OSError as error:
            sock.close()
            code = "connect_error" if _broke(error) else "tls_error"
            raise ConnectError(self._tls_failure(error), code=code) from error
        return connection

    def _tls_failure(self, error: Exception) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {self.server_name} is not trusted: {error.verify_message}; "
                "if it comes from an authority of your own, name it in tls.ca"
            )
        refused = refusal(error, uses=1)
        if refused is not None:
            return refused.message
        reason = told(error) or getattr(error, "strerror", None) or "the upstream ended it"
        return f"the TLS handshake with {self.server_name} failed: {reason}"


def _broke(error: OSError) -> bool:
    """Whether a handshake ended without a verdict on it: the next connection may be made."""
    return not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError)
