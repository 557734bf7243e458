"""An admin listener for the browser: the real application, guard and breakers, invented figures.

It can end and begin again on its port, refuse to reload, be empty, and have hostile names.
"""

import asyncio
import time

from aiohttp import web

from sidecar.admin import Answer, Endpoint, breaker_endpoints, make_admin_app
from sidecar.admin.hints import hint_endpoints
from sidecar.admin.queue import queue_endpoints
from sidecar.clock import SystemClock
from sidecar.config.admin import DEFAULT_ADMIN, Admin
from sidecar.config.breaker import Breaker
from sidecar.core.breaker.registry import Breakers, BreakerSet
from sidecar.loader import loads
from sidecar.side_listener import make_runner
from tests.browser.figures import NAMES, REPORT, exchange, figures, upstream

CONFIG = """
listen: {proxy: "127.0.0.1:8080"}
upstreams:
  supabase: {preset: supabase, url: "https://xyzcompany.supabase.co"}
  whatsapp: {preset: whatsapp, url: "https://graph.facebook.com"}
  gemini: {preset: gemini, url: "https://generativelanguage.googleapis.com"}
"""


class FakeQueue:
    """Deliveries as the control of a queue shows them."""

    def __init__(self):
        accepted = "2026-11-26T10:00:00.000+00:00"
        reasons = {"failed": "meta_131026", "unknown": "upstream_timeout", "expired": "expired"}
        self.letters = {
            f"{number:036d}": {
                "id": f"{number:036d}",
                "upstream": "whatsapp",
                "route": "messages",
                "state": state,
                "reason": reason,
                "attempts": 3,
                "accepted_at": accepted,
                "not_before": None,
                "expires_at": None,
                "updated_at": accepted,
                "method": "POST",
                "target": "/v26.0/1029384756/messages",
                "size": 312,
                "note": None,
            }
            for number, (state, reason) in enumerate(reasons.items(), 1)
        }

    def depth(self):
        states = [each["state"] for each in self.letters.values()]
        return {"queued": 2, **{state: states.count(state) for state in set(states)}}

    async def rows(self, chosen, after, most):
        wanted = [each for each in self.letters.values() if each["state"] in chosen.states]
        return wanted[:most]

    async def show(self, delivery_id):
        return self.letters.get(delivery_id)

    async def snapshot(self):
        return {"deliveries": self.depth(), "durability": "sqlite-wal-full", "replaying": False}

    async def replay(self, ids):
        for each in ids:
            self.letters[each]["state"] = "queued"
        return len(ids)

    async def replay_all(self, chosen):
        return await self.replay([each["id"] for each in await self.rows(chosen, None, 99)])

    def replay_slowly(self, chosen, rate):
        for each in self.letters.values():
            if each["state"] in chosen.states:
                each["state"] = "queued"
        return True

    async def discard(self, ids, reason):
        for each in ids:
            self.letters[each]["state"] = "discarded"
        return len(ids)

    async def discard_all(self, chosen, reason):
        return await self.discard(
            [each["id"] for each in await self.rows(chosen, None, 99)], reason
        )

    async def edit(self, delivery_id, change):
        return False


class Fake:
    """What is behind the listener; tests change its fields."""

    def __init__(self, admin=None, *, names=NAMES, queue=True, report=True):
        self.admin = admin or Admin()
        self.names = names
        self.clock = SystemClock()
        self.port = 0
        self.queue = FakeQueue() if queue else None
        self.reload = None
        self.empty = False
        self.report = REPORT if report else None
        self.exchanges = []
        self.seen = []
        self._runner = None
        self._loop = None
        self._begin()

    def _begin(self):
        self.started = time.time()
        now = self.clock.now()
        sets = {name: BreakerSet(name, Breaker(), lambda: 0.5, now=now) for name in self.names}
        if "gemini" in sets:
            sets["gemini"].at("gemini-2.5-flash", now)
        self.breakers = Breakers(sets)
        self.exchanges = []
        self.happen(24)

    def happen(self, count=1, **more):
        for _ in range(count):
            seq = len(self.exchanges) + 1
            self.exchanges.append(exchange(seq, time.time() - 0.2, **more))

    def summary(self, span="1m"):
        now = self.clock.now()
        calls = 0 if self.empty else {"1m": 120, "5m": 600, "15m": 1800}[span]
        made = {
            "supabase": {"seconds": 0.06},
            "whatsapp": {"seconds": 0.21, "errors": {"http_429": 2, "client_left": 1}},
            "gemini": {
                "seconds": 0.9,
                "errors": {"timeout": 7, "http_5xx": 6, "breaker": 11},
                "tokens": {"input": 123_456, "output": 7_890, "cached": 1_000},
            },
        }
        return {
            "at": time.time(),
            "version": "0.1.0",
            "uptime": time.time() - self.started,
            "state": "ready",
            "config": {
                "sha256": "3f9a1c77" * 8,
                "loaded_at": self.started,
                "generation": 1,
                "reload": self.reload,
            },
            "window": {"1m": 60.0, "5m": 300.0, "15m": 900.0}[span],
            "total": figures(
                calls=calls * 3, errors={"timeout": 7, "http_5xx": 6} if calls else {}
            ),
            "upstreams": [
                upstream(
                    name,
                    index,
                    self.breakers.snapshots(now, name),
                    calls=calls,
                    **(made.get(name, {}) if calls else {}),
                )
                for index, name in enumerate(self.names)
            ],
            "queue": {"up": True, "depth": self.queue.depth(), "bytes": 1234, "oldest": 12.0}
            if self.queue
            else None,
        }

    def _endpoints(self):
        async def summary(request):
            return Answer(self.summary(request.query.get("window", "1m")))

        async def exchanges(request):
            after, wanted = int(request.query.get("after", 0)), request.query
            rows = [] if self.empty else self.exchanges
            rows = [each for each in rows if each["seq"] > after]
            if name := wanted.get("upstream"):
                rows = [each for each in rows if each["upstream"] == name]
            if status := wanted.get("status"):
                rows = [each for each in rows if _is(each, status)]
            last = 0 if self.empty else len(self.exchanges)
            return Answer({"last": last, "dropped": False, "exchanges": rows[-200:]})

        async def report(_):
            return Answer(self.report)

        return (
            *breaker_endpoints(self.breakers, self.clock),
            *queue_endpoints(self.queue),
            *hint_endpoints(lambda: loads(CONFIG, env={}).config),
            Endpoint("GET", "/admin/summary", "figures", summary),
            Endpoint("GET", "/admin/exchanges", "exchanges", exchanges),
            *([Endpoint("GET", "/admin/report", "report", report)] if self.report else []),
        )

    async def __aenter__(self):
        self._loop = asyncio.get_running_loop()
        await self.start()
        return self

    async def __aexit__(self, *_):
        await self.stop()

    async def start(self):
        app = make_admin_app(self.admin, DEFAULT_ADMIN, self._endpoints())
        self._runner = make_runner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self):
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def do(self, coroutine):
        """Run in the listener's loop, from the test's thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def begin_again(self):
        self._begin()
        await self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"


def _is(each, status):
    if status == "error":
        return each["error"] is not None
    return (
        str(each["status"]).startswith(status[0])
        if "xx" in status
        else str(each["status"]) == status
    )
