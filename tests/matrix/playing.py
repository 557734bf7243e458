"""Plays a fault on calls over real sockets: one sidecar, and an upstream for each case.

Tells what came of it, in the words of `expectations.py`; knows no expectation.
"""

import asyncio
import itertools
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from tests.matrix.calls import Call
from tests.matrix.faults import Fault
from tests.support.ports import free_port
from tests.support.raw import RawResponse, ask, get
from tests.support.sidecar import Running, running_sidecar
from tests.support.steps import reply
from tests.support.upstream import Upstream

TOTAL = 3.5
"""Seconds: two waits of a second fit, on a busy machine too; one more of four does not."""

_UP_AFTER = 0.02
"""Seconds until somebody listens, where at first nobody does."""

_UPSTREAM = """
  {name}:
    url: {url}
    {preset}
    timeouts: {{connect: 1s, first_byte: 300ms, idle: 300ms, total: {total}s}}
    retry: {{attempts: {attempts}, base: 10ms, cap: 20ms}}
"""
_SIDECAR = """
listen: {proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}
log: {level: error}
upstreams:
"""


@dataclass(slots=True)
class Case:
    """One call, a fault that strikes once or always, and the upstream that it strikes."""

    name: str
    call: Call
    fault: Fault
    once: bool
    port: int = field(default_factory=free_port)
    upstream: Upstream = field(init=False)

    def __post_init__(self) -> None:
        warm_up = [reply(b"warm")] if self.fault.after_a_call else []
        failing = self.fault.script and self.fault.script(self.call)
        then = [self.call.success] if self.once else []
        scripts = [*warm_up, *([failing] if failing else []), *(then if failing or then else [])]
        self.upstream = Upstream(*(scripts or [()]), port=self.port)

    def configuration(self) -> str:
        """Its upstream, in the YAML."""
        return _UPSTREAM.format(
            name=self.name,
            url=f"http://127.0.0.1:{self.port}",
            preset=f"preset: {self.call.preset}" if self.call.preset else "errors: generic",
            # Until somebody listens, attempts fail that nobody counts.
            attempts=10 if self.once and self.fault.script is None else 3,
            total=TOTAL,
        )

    async def play(self, sidecar: Running) -> str:
        """What the application saw, and how many requests reached the upstream."""
        async with AsyncExitStack() as stack:
            if self.fault.script is not None:
                await stack.enter_async_context(self.upstream)
            if self.fault.after_a_call:
                await ask(sidecar.proxy, get(f"/{self.name}/warm"))
                self.upstream.requests.clear()
            asked = asyncio.ensure_future(ask(sidecar.proxy, self.call.request(self.name)))
            if self.fault.script is None and self.once:
                await asyncio.sleep(_UP_AFTER)
                await stack.enter_async_context(self.upstream)
            seen = self._seen(await asked)
            self._check_that_all_attempts_are_the_same()
            return f"{seen}, {len(self.upstream.requests)}"

    def _seen(self, answer: RawResponse) -> str:
        if answer.error is not None:
            return f"{answer.status} {answer.error}"
        if answer.end in ("short", "reset"):
            return f"{answer.status} broken"
        if (answer.status, answer.body) == (200, self.call.answer):
            return "ok"
        if (answer.status, answer.body) == (self.fault.status, self.fault.content):
            return "own"
        rewritten = answer.values("x-sidecar-original-content-type") == [b"text/html"]
        same = rewritten and answer.status == self.fault.status and json.loads(answer.body)
        return "as JSON" if same else f"{answer.status} other"

    def _check_that_all_attempts_are_the_same(self) -> None:
        arrived = [(request.head, bytes(request.body)) for request in self.upstream.requests]
        assert all(one == other for one, other in itertools.pairwise(arrived)), arrived


async def play(fault: Fault, calls: tuple[Call, ...]) -> dict[str, tuple[str, str]]:
    """What becomes of each call, when the fault strikes once and when it strikes always."""
    cases = [
        Case(f"u{index}-{'once' if once else 'always'}", call, fault, once)
        for index, call in enumerate(calls)
        for once in (True, False)
    ]
    text = _SIDECAR + "".join(case.configuration() for case in cases)
    async with running_sidecar(text) as sidecar:
        seen = await asyncio.gather(*(case.play(sidecar) for case in cases))
    return {call.name: (seen[2 * index], seen[2 * index + 1]) for index, call in enumerate(calls)}
