"""Measures one size in a process of its own: `python -m bench.scale.worker DIMENSION N`.

A process for each size, so that memory is that of this size, and no size warms the next one up.
"""

import asyncio
import gc
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from sidecar.config import SqliteSpool as SpoolConfig
from sidecar.core.cache.generations import Generations
from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.core.routing import RouteTable
from sidecar.loader import loads
from sidecar.spool import Delivery, Spool
from sidecar.spool.identity import Identities
from sidecar.spool.opening import make_spool
from sidecar.store.bounded import ENTRY, Bounded
from sidecar.store.entries import Entries
from sidecar.telemetry.store_stats import StoreStats

_ROUNDS = 7
_WALL = 1_700_000_000.0
_AT_ONCE = 64
_LANES = 1000
_TAGS = 1000


def memory() -> float:
    """Resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096.0


def micros(work: Callable[[], object], times: int) -> float:
    """CPU µs of one call: the best of some rounds, because whatever disturbs adds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - began) / times)
    return best * 1e6


def routes(number: int) -> dict[str, float]:
    """A configuration of so many routes, its table, and requests to the first and the last."""
    lines = [f"      - {{name: r{n}, match: {{path: '/t{n}/{{id}}/rows'}}}}" for n in range(number)]
    text = "upstreams:\n  api:\n    url: http://127.0.0.1:1\n    routes:\n" + "\n".join(lines)
    began = time.process_time()
    config = loads(text, env={}).config
    load = time.process_time() - began

    def build() -> None:
        re.purge()  # patterns are compiled anew, as in a process that starts
        RouteTable.from_config(config)

    gc.collect()
    before = memory()
    tables = [RouteTable.from_config(config) for _ in range(50)]
    per_table = max(1.0, (memory() - before) / len(tables))
    table = tables[0]
    return {
        "load": load * 1e3,
        "build": micros(build, 1),
        "first": micros(lambda: table.resolve("GET", "/api/t0/1/rows?select=id"), 2000),
        "last": micros(lambda: table.resolve("GET", f"/api/t{number - 1}/1/rows?select=id"), 200),
        "memory": per_table / 1e3,
    }


def cache(number: int) -> dict[str, float]:
    """A memory that so many answers fill, found by key, displaced one by one, dropped by tag."""
    gc.collect()
    before = memory()
    generations, dice = Generations(), Random(20)
    size = _entry(generations, 0).size + ENTRY + len(_key(number))
    entries = Entries(Bounded(size * number, size, StoreStats()), generations, b"secret")
    for n in range(number):
        entries.keep(_key(n), _entry(generations, n))
    used = memory() - before
    fresh = iter(range(number, 100 * number + 10_000_000))

    def keep() -> None:
        n = next(fresh)
        entries.keep(_key(n), _entry(generations, n))

    def find(key: str) -> object:
        asking = entries.find(key, [], _WALL)  # without a shared store it never waits
        try:
            asking.send(None)
        except StopIteration as found:
            return found.value
        raise AssertionError("it waited")

    keys = [_key(n) for n in dice.choices(range(number), k=997)]
    turn = iter(keys * 1000)
    return {
        "hit": micros(lambda: find(next(turn)), 2000),
        "miss": micros(lambda: find("none"), 2000),
        "keep": micros(keep, 2000),
        "drop": micros(lambda: entries.bump((f"tag{dice.randrange(_TAGS)}",), _WALL), 2000),
        "memory": used / 1e6,
    }


def _key(number: int) -> str:
    return f"{number:040x}"


def _entry(generations: Generations, number: int) -> Entry:
    head = Head(200, b"OK", [(b"Content-Type", b"application/json"), (b"ETag", b'"%d"' % number)])
    tags = generations.now((f"tag{number % _TAGS}",))
    body = (b"%d " % number).ljust(200)
    return Entry(head, body, _WALL, Plan(3600.0), tags, upstream="api", path=f"/rows/{number}")


async def _queue(number: int, folder: str) -> dict[str, float]:
    path = Path(folder) / "spool.db"
    config = SpoolConfig(path=str(path), max_deliveries=10 * number, max_size=10**11)
    spool = make_spool(config)
    before = memory()
    await spool.open()
    await spool.recover(_WALL)
    identities = Identities()
    for begin in range(0, number, _AT_ONCE):
        last = min(number, begin + _AT_ONCE)
        await _add(spool, [_delivery(identities, n) for n in range(begin, last)])
    found = {
        "add": await _timed(lambda: _add(spool, _more(identities)), 20) / _AT_ONCE,
        "take": await _timed(lambda: _take(spool), 50),
        "figures": await _timed(lambda: spool.figures(_WALL), 50),
        "memory": (memory() - before) / 1e6,
        "disk": _size(folder) / 1e6,
    }
    await spool.close()
    return found


def _size(folder: str) -> int:
    return sum(each.stat().st_size for each in Path(folder).glob("spool.db*"))


async def _timed(work: Callable[[], object], times: int) -> float:
    """CPU µs of one call, in all threads; the best round."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(times):
            await work()  # type: ignore[misc]
        best = min(best, (time.process_time() - began) / times)
    return best * 1e6


async def _add(spool: Spool, deliveries: list[Delivery]) -> None:
    await asyncio.gather(*(spool.add(each) for each in deliveries))


async def _take(spool: Spool) -> None:
    taken = await spool.take(_WALL + 1, 1)
    await spool.release([each.id for each in taken])


def _more(identities: Identities) -> list[Delivery]:
    return [_delivery(identities, n) for n in range(_AT_ONCE)]


def _delivery(identities: Identities, number: int) -> Delivery:
    return Delivery(
        id=identities.new(_WALL),
        upstream="whatsapp",
        route="messages",
        lane=f"lane{number % _LANES}",
        method="POST",
        target="/v26.0/1/messages",
        headers=[(b"Authorization", b"Bearer " + b"t" * 200)],
        body=b'{"to":"4912345678","text":{"body":"' + b"x" * 160 + b'"}}',
        accepted_at=_WALL,
        not_before=_WALL,
        expires_at=float("inf"),
    )


def queue(number: int) -> dict[str, float]:
    """So many messages that nobody delivers: one more, the next one, their number."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_queue(number, folder))


MEASURES = {"routes": routes, "cache": cache, "queue": queue}


def main() -> int:
    """Print the figures as JSON."""
    print(json.dumps(MEASURES[sys.argv[1]](int(sys.argv[2]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
