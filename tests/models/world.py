"""The real chains of one configuration, in virtual time, over an upstream that a model plays.

All is the product's own but the transport: `upstream` stands where a connection would be written
to. What must hold is not known here.
"""

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine

from sidecar.assembly import Assembly
from sidecar.config import Config
from sidecar.core.routing import RouteEntry
from sidecar.errors import ExchangeError
from sidecar.exchange import Exchange, Handler, RawHeaders, Request, Response, Timeline
from sidecar.loader import loads
from sidecar.pipeline import build
from sidecar.telemetry.metrics import Metrics
from tests.support.virtual_time import VirtualClock, VirtualLoop

QUIET = "log: {level: error}\n"


def budget(examples: int, steps: int) -> settings:
    """How much of it `make test` plays, the same each time; a failure says how to play it again.

    `FUZZ_FACTOR=20` plays so many times as much, and other histories.
    """
    factor = os.environ.get("FUZZ_FACTOR")
    return settings(
        max_examples=int(examples * float(factor or "1")),
        derandomize=factor is None,
        stateful_step_count=steps,
        deadline=None,
        print_blob=True,
    )


def read(text: str) -> Config:
    """What is written so."""
    return loads(QUIET + text, env={}).config


class _Played:
    """Stands for the connections to the upstream."""

    def __init__(self, upstream: Handler) -> None:
        self._upstream = upstream

    def handler(self, _timeouts: object) -> Handler:
        """What is called for each attempt."""
        return self._upstream


class Chains:
    """The chains of all routes. Made, and called, while the loop runs."""

    def __init__(
        self, config: Config | str, upstream: Handler, before: "Chains | None" = None
    ) -> None:
        self.config = read(config) if isinstance(config, str) else config
        self.clock: VirtualClock = before.clock if before else VirtualClock()
        self.metrics: Metrics = before.metrics if before else Metrics("0")
        self.assembly = Assembly(
            self.config, self.clock, self.metrics, before.assembly if before else None
        )
        self.resilience = self.assembly.resilience
        parts = self.assembly.chains.parts
        self.handlers: dict[RouteEntry, Handler] = {
            route: build(
                route,
                _Played(upstream),  # type: ignore[arg-type]
                self.resilience[route.upstream],
                parts,
            )
            for route in self.assembly.table.entries
        }
        self.assembly._destinations.tell(self.handlers)
        self._number = 0

    def exchange(self, method: str, target: str, headers: RawHeaders, body: Any) -> Exchange:
        """One call of the application, routed as it would be."""
        self._number += 1
        routed = self.assembly.table.resolve(method, target)
        request = Request(method, routed.target, headers, body)
        now = self.clock.now()
        return Exchange(
            f"x{self._number}",
            routed.route.upstream,
            routed.route.name,
            request,
            float("inf"),
            Timeline(now),
        )

    async def call(self, exchange: Exchange) -> Response:
        """What the chain of its route answers."""
        for route, handler in self.handlers.items():
            if (route.upstream, route.name) == (exchange.upstream, exchange.route):
                return await handler(exchange)
        raise AssertionError(exchange)


class _Faults(logging.Handler):
    """What the sidecar calls a fault of its own, is one."""

    def __init__(self, wrong: list[dict[str, Any]]) -> None:
        super().__init__()
        self._wrong = wrong

    def emit(self, record: logging.LogRecord) -> None:
        self._wrong.append({"message": record.getMessage(), "exception": record.exc_info})


class Machine(RuleBasedStateMachine):
    """A state machine whose time is that of a loop; what goes wrong in a callback, is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.wrong: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _loop, context: self.wrong.append(context))
        self._faults = _Faults(self.wrong)
        logging.getLogger("sidecar.fault").addHandler(self._faults)
        self.calls: list[asyncio.Task[Any]] = []

    def watched(self, upstream: Handler) -> Handler:
        """The same; what it finds wrong is not lost in a task that nobody looks at."""

        async def call(exchange: Exchange, /) -> Response:
            try:
                return await upstream(exchange)
            except ExchangeError:
                raise
            except Exception as fault:
                self.wrong.append({"message": "the upstream found", "exception": fault})
                raise

        return call

    @property
    def now(self) -> float:
        """The instant."""
        return self.loop.time()

    def run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        """What the coroutine returns; time passes where it waits."""
        found = self.loop.run_until_complete(doing)
        assert not self.wrong, self.wrong
        return found

    def begin(self, doing: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Begin something, and let it do what it can at once."""
        task = self.loop.create_task(doing)
        self.calls.append(task)
        self.pass_(0.0)
        return task

    def pass_(self, seconds: float) -> None:
        """Let time pass; who has failed, fails here."""
        self.run(_passing(seconds))
        self.collect()

    def collect(self) -> None:
        """Forget what has ended."""
        for task in [each for each in self.calls if each.done()]:
            self.calls.remove(task)
            assert not task.cancelled(), "cut off though its application waits"
            task.result()

    def leave(self, which: int) -> None:
        """One application leaves in the middle of its call."""
        if self.calls:
            self.calls.pop(which % len(self.calls)).cancel()
            self.pass_(0.0)

    def finish(self) -> None:
        """What must hold in the end."""
        raise NotImplementedError

    def teardown(self) -> None:
        """Look at the end; then cut all off."""
        try:
            self.finish()
        finally:
            self._close()

    def _close(self) -> None:
        logging.getLogger("sidecar.fault").removeHandler(self._faults)
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(_passing(0.0))
        self.loop.close()


async def _passing(seconds: float) -> None:
    for _ in range(30):
        await asyncio.sleep(0)
    if seconds:
        await asyncio.sleep(seconds)
        for _ in range(30):
            await asyncio.sleep(0)
