"""A sidecar as a process that is killed again and again under load, and an upstream that counts.

What was accepted must have been delivered once, or be known to be in doubt; nothing twice.
"""

import asyncio
import json
import os
import random
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidecar.config import Address
from tests.support import steps
from tests.support.ports import free_port
from tests.support.raw import ask, call, get
from tests.support.upstream import Script, Upstream
from tests.support.wire import WireRequest

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds for a start: the first one compiles what is not compiled yet."""
RECIPIENTS = 5
CLIENTS = 8
LOST_ANSWER, REFUSED_ONCE = 7, 3
"""Of twenty messages, the one whose answer is lost; and the one that is refused the first time."""

CONFIG = """
listen: {{proxy: "127.0.0.1:{port}", ops: "127.0.0.1:{ops}", admin: null}}
log: {{level: error}}
drain_timeout: 2s
upstreams:
  whatsapp:
    url: {url}
    retry: {{base: 10ms}}
    breaker: {{enabled: false}}
    routes:
      - name: messages
        match: {{methods: [POST], path: "/{{version}}/{{phone_number_id}}/messages"}}
        queue:
          mode: always
          order: phone_number_id+$.to
          schedule: {{base: 50ms, cap: 200ms}}
stores: {{spool: {spool}}}
"""
LEASE = "1s"


@dataclass(slots=True)
class Tally:
    """What the upstream got, by the number of the message."""

    seen: Counter[int] = field(default_factory=Counter)
    """How often it acted on each."""
    order: dict[str, list[int]] = field(default_factory=dict)
    """By recipient, as they came."""
    refused: set[int] = field(default_factory=set)

    def choose(self, request: WireRequest) -> Script:
        """Wait for the body, act on it once it is whole, answer."""
        return (steps.body, self._act)

    async def _act(self, connection: Any, request: WireRequest) -> None:
        message = json.loads(bytes(request.body))
        number = message["number"]
        if number % 20 == REFUSED_ONCE and number not in self.refused:
            self.refused.add(number)
            await connection.send(steps.message(b"{}", status=b"429 Too Many Requests"))
            return
        self.seen[number] += 1
        self.order.setdefault(message["to"], []).append(number)
        await asyncio.sleep(random.random() * 0.01)
        if number % 20 == LOST_ANSWER:
            await steps.close(connection, request)
        else:
            await connection.send(steps.message(b'{"messages":[{"id":"wamid.x"}]}'))


@dataclass(slots=True)
class Crashing:
    """The process, and those who call it."""

    address: Address
    config: Path
    tally: Tally
    origin: Upstream
    acked: dict[int, str] = field(default_factory=dict)
    """The delivery of each message that was accepted."""
    number: int = 0
    process: Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sidecar", "run", "-c", str(self.config)),
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONFAULTHANDLER": "1",
                "PYTHONPYCACHEPREFIX": str(self.config.parent / "pycache"),
            },
        )
        try:
            async with asyncio.timeout(PATIENCE):
                await self._answers(self.process)
        except TimeoutError:
            self.process.send_signal(signal.SIGABRT)  # it says where it is
            await self.process.wait()
            raise

    async def _answers(self, process: Process) -> None:
        while True:
            assert process.returncode is None, "it did not start"
            with suppress(OSError, EOFError):
                if (await ask(self.address, get("/_sidecar/deliveries?limit=1"))).status == 200:
                    return
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """As a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """In order: its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        async with asyncio.timeout(15):
            return await self.process.wait()

    async def load(self, seconds: float) -> None:
        """Many clients at once, for so long, or until it is gone."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(self._client() for _ in range(CLIENTS)))

    async def _client(self) -> None:
        while True:
            self.number += 1
            number = self.number
            message = {"to": f"49{number % RECIPIENTS}", "number": number}
            sent = call("POST", "/whatsapp/v1/1/messages", content=json.dumps(message).encode())
            try:
                answer = await ask(self.address, sent)
            except (OSError, EOFError):
                return
            if answer.end == "framed" and answer.status == 202:
                self.acked[number] = answer.value("x-sidecar-delivery")

    async def rounds(
        self, kills: int, chance: random.Random, also: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Kill it so often, each time after another moment of load, and start it once more.

        Args:
            kills: how often.
            chance: chooses the moments.
            also: is done at each fifth of them, before.
        """
        for number in range(kills):
            await self.start()
            moment = 0.05 + chance.random() * 0.5
            load = asyncio.ensure_future(self.load(moment + 5.0))
            await asyncio.sleep(moment)
            if also is not None and number % 5 == 4:
                await also()
            await self.kill()
            await load
            self.origin.forget()
        await self.start()

    async def states(self) -> dict[str, dict[str, Any]]:
        """All deliveries, by id."""
        found: dict[str, dict[str, Any]] = {}
        after = ""
        while True:
            more = f"&after={after}" if after else ""
            answer = await ask(self.address, get(f"/_sidecar/deliveries?limit=1000{more}"))
            page = json.loads(answer.body)
            found.update({row["id"]: row for row in page["deliveries"]})
            after = page["next"]
            if not after:
                return found

    async def quiet(self, within: float = 240.0) -> dict[str, dict[str, Any]]:
        """All deliveries, once none is queued or under way."""
        async with asyncio.timeout(within):
            waiting = get("/_sidecar/deliveries?state=queued,sending&limit=1")
            while json.loads((await ask(self.address, waiting)).body)["deliveries"]:
                await asyncio.sleep(0.2)
            return await self.states()


@asynccontextmanager
async def crashing(folder: Path, spool: str = "") -> AsyncIterator[Crashing]:
    """A sidecar that was not started yet, and its upstream, which outlives it.

    Args:
        folder: for its files.
        spool: as `stores.spool` has it; by default a file in that folder.
    """
    spool = spool or f'{{kind: sqlite, path: "{folder / "spool.db"}"}}'
    tally = Tally()
    async with Upstream(choose=tally.choose) as origin:
        port = free_port()
        text = CONFIG.format(port=port, ops=free_port(), url=origin.url, spool=spool)
        config = folder / "sidecar.yaml"
        config.write_text(text)
        subject = Crashing(Address("127.0.0.1", port), config, tally, origin)
        try:
            yield subject
        finally:
            if subject.process is not None and subject.process.returncode is None:
                await subject.kill()


def judge_all(subject: Crashing, states: dict[str, dict[str, Any]]) -> None:
    """Every promise that was made to the application, and to those who get the messages."""
    seen = subject.tally.seen
    lost = {number for number, name in subject.acked.items() if name not in states}
    assert not lost, "what was accepted is gone"
    assert not {number for number, count in seen.items() if count > 1}, "sent twice"
    for number, name in subject.acked.items():
        state, count = states[name]["state"], seen[number]
        assert state in ("delivered", "unknown"), (number, states[name])
        assert count == 1 or state == "unknown", (number, states[name])
        if number % 20 == LOST_ANSWER:
            assert state == "unknown", (number, states[name])
    for recipient, numbers in subject.tally.order.items():
        names = [subject.acked[number] for number in numbers if number in subject.acked]
        assert names == sorted(names), f"{recipient} got them out of order"
