"""Simulated applications: several users who read, write, stream, send, pay, repeat and leave."""

import asyncio
import json
from random import Random
from typing import Any

from sidecar.config import Address
from tests.simulation.journal import Call, Journal
from tests.support.raw import RawClient, RawResponse, call
from tests.support.wire import chunked

USERS = ("ann", "ben", "cleo", "dan")
ROWS = 6
LANES = 4
TOTAL = 6.0
"""Seconds of the upstream's `timeouts.total`."""
ENDLESS = 60.0
"""Seconds after which a client gives up a body that comes slowly."""
CHOICES = {
    "read": 40, "write": 12, "lists": 4, "raw": 12, "post": 10, "stream": 5,
    "message": 12, "pay": 5, "upload": 3, "large": 3,
}  # fmt: skip
LEAVES = 0.06
"""The share of calls whose client leaves before it has its answer."""


class Applications:
    """All users together. `address` is where the sidecar is now; None while there is none."""

    def __init__(self, seed: str, journal: Journal) -> None:
        self._seed = seed
        self._journal = journal
        self._numbers = iter(range(1, 1 << 60))
        self.address: Address | None = None
        self.stopped = False
        self.rate = 4.0
        """Calls that each user begins in a second."""
        self._calls: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Call until `stopped`, then wait for the answers."""
        await asyncio.gather(*(self._user(name) for name in USERS))
        while self._calls:
            await asyncio.wait(self._calls)

    async def _user(self, name: str) -> None:
        dice = Random(f"{self._seed} {name}")
        while not self.stopped:
            await asyncio.sleep(dice.expovariate(self.rate))
            kind = dice.choices(list(CHOICES), list(CHOICES.values()))[0]
            self._begin(dice, name, kind)
            if kind == "pay" and dice.random() < 0.7:  # the same once more, at once or later
                self._begin(dice, name, "pay-again")

    def _begin(self, dice: Random, name: str, kind: str) -> None:
        task = asyncio.get_running_loop().create_task(self._call(dice, name, kind))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _call(self, dice: Random, name: str, kind: str) -> None:
        number = next(self._numbers)
        leaves = dice.uniform(0.0, 2.0) if dice.random() < LEAVES else ENDLESS
        if kind == "pay":
            self._last = number
        made, method, row = _request(dice, name, kind, number, getattr(self, "_last", 0))
        if kind == "pay-again":
            await asyncio.sleep(dice.uniform(0.0, 3.0))
        if self.address is None:
            return
        now = self._journal.now()
        one = Call(number, name, kind, method, row, now, TOTAL)
        self._journal.begins(one)
        try:
            async with asyncio.timeout(leaves):
                await self._ask(one, made, self.address)
        except TimeoutError:
            self._journal.left(one, "timeout")
        except (OSError, EOFError) as error:
            self._journal.left(one, type(error).__name__)

    async def _ask(self, one: Call, made: bytes, address: Address) -> None:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        try:
            client = Patient(reader, writer)
            await client.send(made)
            answer = RawResponse(await client.head())
            self._journal.head(one, answer.status, answer.error or "-")
            await client.whole(answer)
            self._judge(one, answer)
        finally:
            writer.transport.abort()

    def _judge(self, one: Call, answer: RawResponse) -> None:
        journal = self._journal
        journal.say("got", n=one.number, end=answer.end, size=len(answer.body))
        journal.holds(answer.status < 600, "status", str(answer.status))
        if answer.status >= 400 or answer.end != "framed":
            return
        if one.kind == "message":
            journal.accepts(one, answer.value("x-sidecar-delivery"))
            return
        text = answer.body
        if one.kind == "stream":
            text = text.rstrip().rpartition(b"data: ")[2]
        told: dict[str, Any] = json.loads(text)
        if not isinstance(told, dict):
            told = {}
        cached, degraded = (b" ".join(answer.values(name)) for name in _NOTES)
        journal.counts[f"cache {cached.split(b'=')[0].decode()}"] += 1
        journal.answered(one, told, cached.decode(), degraded.decode())


_NOTES = ("cache-status", "x-sidecar-degraded")


class Patient(RawClient):
    """Waits as long as the caller does."""

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def chunk(self) -> bytes:
        size = int((await self.reader.readuntil(b"\r\n")).strip(), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def whole(self, answer: RawResponse) -> None:
        """Read the body, however it ends."""
        if answer.status not in (204, 304):
            await self._body(answer)


def _request(dice: Random, user: str, kind: str, number: int, paid: int) -> tuple[bytes, str, int]:
    row = dice.randrange(ROWS)
    fields = (f"Authorization: Bearer {user}", f"X-Nr: {number}")
    json_type = "Content-Type: application/json"
    content = json.dumps({"id": row, "number": number}).encode()
    if kind == "read":
        return call("GET", f"/api/rest/v1/items?id=eq.{row}", *fields), "GET", row
    if kind == "lists":
        return call("GET", f"/api/rest/v1/lists?page={row}", *fields), "GET", row
    if kind == "write":
        target = f"/api/rest/v1/items?id=eq.{row}"
        return call("PATCH", target, *fields, json_type, content=content), "PATCH", row
    if kind == "raw":
        return call("GET", f"/api/raw/{row}", *fields), "GET", row
    if kind == "large":
        return call("GET", "/api/raw/large", *fields), "GET", row
    if kind == "stream":
        return call("GET", "/api/stream/1", *fields), "GET", row
    if kind == "post":
        return call("POST", "/api/raw/x", *fields, json_type, content=content), "POST", row
    if kind == "upload":
        body = chunked(*[bytes(dice.randrange(1, 60_000)) for _ in range(4)])
        return (
            call("POST", "/api/raw/upload", *fields, "Transfer-Encoding: chunked") + body,
            "POST",
            row,
        )
    if kind == "message":
        message = {"to": f"lane{dice.randrange(LANES)}", "number": number}
        content = json.dumps(message).encode()
        return call("POST", "/msg/v1/1/messages", *fields, json_type, content=content), "POST", row
    key = f"Idempotency-Key: {user}-{paid if kind == 'pay-again' else number}"
    content = b'{"amount": 1}'
    return call("POST", "/pay/pay/1", *fields, key, json_type, content=content), "POST", row
