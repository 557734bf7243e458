"""A retry layer in front of an upstream that answers, or fails, as a test says."""

from sidecar.config import Retry
from sidecar.core.budget import Budget
from sidecar.errors import ConnectError, UpstreamReset
from sidecar.exchange import Exchange, Handler, Response, stack
from sidecar.judgement import Judgement
from sidecar.layers.retry import Parts, retry
from sidecar.telemetry.retry_stats import RetryStats
from tests.support.builders import exchange, request
from tests.support.clock import FakeClock

REFUSED = ConnectError("refused", code="connect_error")
RESET = UpstreamReset("reset", code="upstream_reset")


def judged(status: int, wait: float | None = None) -> Judgement:
    """503 is refused and all else of 400 and above is permanent."""
    if status == 503:
        return Judgement("failure", "refused", "http_503", wait=wait)
    if status < 400:
        return Judgement("success", "done", f"http_{status}")
    return Judgement("ignore", "permanent", f"http_{status}")


class World:
    """One call at a time, and the attempts that became of it."""

    def __init__(
        self,
        *outcomes: Response | BaseException,
        wait: float | None = None,
        config: Retry | None = None,
        burst: int = 100,
    ) -> None:
        self.outcomes = list(outcomes)
        self.attempts: list[tuple[int, bytes]] = []
        """The number of each, and what came of its body."""
        self.wait = wait
        self.clock = FakeClock(start=100.0)
        self.stats = RetryStats()
        self.budget = Budget(0.1, burst, 0, 30.0)
        parts = Parts(config or Retry(), self.budget, self.stats, self.clock)
        self.handler: Handler = stack(retry(parts), on=self._upstream)
        self.exchange: Exchange

    async def _upstream(self, subject: Exchange, /) -> Response:
        body = subject.request.body
        self.attempts.append((subject.attempt, b"" if body is None else await body.read()))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        outcome.judgement = judged(outcome.status, self.wait)
        return outcome

    async def call(
        self, method: str = "GET", body: bytes | None = None, left: float = 30.0
    ) -> Response:
        """Make a call."""
        self.exchange = exchange(request(method, body=body), deadline=100.0 + left)
        return await self.handler(self.exchange)
