"""A process that fills and empties a spool until it is killed, and says in files what it did.

`accepted` has what was added, written after the spool said so; `sent` has what an upstream would
have seen. What is written to a file survives the end of the process.

    python -m tests.support.spool_worker FOLDER CONFIG [add]
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from sidecar.config.redis_address import RedisUrl
from sidecar.config.spool import RedisSpool, SqliteSpool
from sidecar.spool import Added, Delivery, Settlement, Spool, SpoolUnavailable
from sidecar.spool.identity import Identities
from sidecar.spool.opening import make_spool

LEASE = 0.3
LANES = 5


def spool_at(where: str) -> Spool:
    """The spool in that file, or in that server."""
    if where.startswith("redis://"):
        return make_spool(RedisSpool(url=RedisUrl(where), lease=LEASE, timeout=1.0))
    return make_spool(SqliteSpool(path=where))


async def fill(spool: Spool, accepted: int) -> None:
    """Add one after the other."""
    identities = Identities()
    number = 0
    while True:
        number += 1
        now = time.time()
        new = Delivery(
            id=identities.new(now),
            upstream="whatsapp",
            route="send",
            lane=f"{os.getpid()}-{number % LANES}" if number % 2 else "",
            method="POST",
            target="/",
            headers=[],
            body=b"%d" % number * 20,
            accepted_at=now,
            not_before=now,
            expires_at=float("inf"),
        )
        try:
            if isinstance(await spool.add(new), Added):
                os.write(accepted, f"{new.id} {new.lane}\n".encode())
        except SpoolUnavailable:
            await asyncio.sleep(0.01)


async def empty(spool: Spool, sent: int) -> None:
    """Send whatever there is."""
    while True:
        try:
            await spool.recover(time.time())
            taken = await spool.take(time.time(), 10)
            fenced = await spool.fence([one.id for one in taken], time.time())
        except SpoolUnavailable:
            await asyncio.sleep(0.01)
            continue
        for one in taken:
            if one.id in fenced:
                os.write(sent, f"{one.id} {one.lane}\n".encode())
                await delivered(spool, one.id)
        if not taken:
            await asyncio.sleep(0.002)


async def delivered(spool: Spool, delivery_id: str) -> None:
    """Say so, until it is heard."""
    while True:
        try:
            await spool.settle(delivery_id, Settlement(state="delivered", now=time.time()))
        except SpoolUnavailable:
            await asyncio.sleep(0.01)
        else:
            return


async def main() -> None:
    """Until it is killed."""
    folder, where, adds = Path(sys.argv[1]), sys.argv[2], "add" in sys.argv[3:]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    accepted, sent = (os.open(folder / name, flags, 0o600) for name in ("accepted", "sent"))
    spool = spool_at(where)
    await spool.open()
    print("ready", flush=True)
    filling = [fill(spool, accepted) for _ in range(4 if adds else 0)]
    await asyncio.gather(*filling, empty(spool, sent))


if __name__ == "__main__":
    asyncio.run(main())
