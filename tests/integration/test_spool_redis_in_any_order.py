"""A spool in a real server, whatever is done to it in whatever order."""

import asyncio
import secrets

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from sidecar.config.redis_address import RedisUrl
from sidecar.config.spool import RedisSpool as RedisSpoolConfig
from sidecar.spool import redis_finding
from sidecar.spool.redis import RedisSpool
from sidecar.spool.sealing import NoSeal
from tests.support.redis import redis_server
from tests.support.spool_machine import SpoolMachine
from tests.support.spool_views import MOST

LEASE = 0.04


def machine(url):
    class RedisMachine(SpoolMachine):
        def __init__(self):
            super().__init__()
            self.prefix = secrets.token_hex(4)

        async def make(self):
            config = RedisSpoolConfig(
                url=RedisUrl(url), prefix=self.prefix, lease=LEASE, max_deliveries=MOST
            )
            spool = RedisSpool(config, NoSeal())
            await spool.open()
            return spool

        async def leave(self):
            await self.spool._hand.stop()  # it says nothing any more
            await self.spool._server.close()
            await asyncio.sleep(LEASE * 1.5)

    return RedisMachine


async def test_a_server_in_any_order(tmp_path, monkeypatch):
    monkeypatch.setattr(redis_finding, "_LOOK", 3)  # or all would be found in one go
    async with redis_server(tmp_path) as server:
        await asyncio.to_thread(
            run_state_machine_as_test,
            machine(server.url),
            settings=settings(max_examples=10, stateful_step_count=40, deadline=None),
        )
