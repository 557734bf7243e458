"""One upstream's side of the composition: its pool, and a handler for each of its routes.

Built when the configuration loads, so that a wrong certificate is found then.
"""

from urllib.parse import urlsplit

from sidecar.clock import Clock
from sidecar.config import Timeouts, Upstream
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.transport.attempt import Attempt
from sidecar.transport.dial import Dialer
from sidecar.transport.handshake import Handshake
from sidecar.transport.pool import Pool


class UpstreamTransport:
    """The connections of one upstream, and the handlers that use them.

    Raises:
        OSError: a certificate file cannot be read.
    """

    def __init__(self, config: Upstream, clock: Clock) -> None:
        url = urlsplit(config.url)
        default = ":443" if url.scheme == "https" else ":80"
        self._host = url.netloc.removesuffix(default).encode("idna")
        self._base = url.path.rstrip("/")
        self._clock = clock
        stats = PoolStats()
        self._dialer = Dialer(config, clock, stats)
        self.pool = Pool(config.pool, self._dialer, clock, stats)

    def __repr__(self) -> str:
        return f"<UpstreamTransport {self._host.decode()}{self._base} {self.pool!r}>"

    def handler(self, timeouts: Timeouts) -> Attempt:
        """The innermost handler of a route with these timeouts."""
        return Attempt(self.pool, self._host, self._base, timeouts, self._clock)

    def handshake(self, timeouts: Timeouts) -> Handshake:
        """The innermost handler of the same route for handshakes of WebSockets."""
        return Handshake(self.pool, self._host, self._base, timeouts, self._clock)

    def give_up(self) -> None:
        """End what is under way, each exchange with an error."""
        self.pool.give_up()

    @property
    def is_at_rest(self) -> bool:
        """Whether it has no connection, and nobody waits for one."""
        return not self.pool.stats.open and not self.pool.stats.waiters

    def retire(self) -> None:
        """Keep no connection any more: idle ones close now, busy ones when they come back.

        Whoever is under way still gets what is needed, new connections included.
        """
        self.pool.close()

    def close(self) -> None:
        """Retire, and forget a look-up that is under way."""
        self.pool.close()
        self._dialer.resolver.close()
