"""A sidecar with everything configured, simulated providers, and calls that meet all of it."""

import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from websockets.sync.client import connect

from sidecar.demo.simulators import make_apps
from tests.support.ports import free_port
from tests.support.sidecar import Running, sidecar_in_thread
from tests.support.simulated import simulated

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: "127.0.0.1:{admin}"}}
log: {{level: error}}
drills: {{allowed: true}}
stores:
  shared: {{kind: sqlite, path: "{folder}/store.db"}}
  spool: {{kind: sqlite, path: "{folder}/spool.db"}}
upstreams:
  supabase:
    preset: supabase
    url: {supabase}
    cache: {{ttl: 300ms, stale_while_revalidate: 10s}}
    hedge: {{enabled: true}}
  whatsapp:
    preset: whatsapp
    url: {whatsapp}
    routes:
      - name: messages
        queue: {{mode: prefer}}
  gemini:
    preset: gemini
    url: {gemini}
    credentials: {{header: x-goog-api-key, values: ["{key}"], names: [first]}}
  gone:
    url: http://127.0.0.1:{nobody}
    breaker: {{enabled: false}}
  paced:
    url: {supabase}
    pace: [{{rate: 1/s, max_wait: 500ms, name: slow}}]
  limited:
    url: {supabase}
    limit: {{inflight: 1, max_wait: 20ms}}
    breaker: {{enabled: false}}
"""
APIKEY = MappingProxyType({"apikey": "demo", "Authorization": "Bearer demo"})
AS_JSON = MappingProxyType({"Content-Type": "application/json"})
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
MESSAGE = json.dumps(
    {"messaging_product": "whatsapp", "to": "49176", "type": "text", "text": {"body": "Hi"}}
)
PROMPT = json.dumps({"contents": [{"parts": [{"text": "Hello"}]}]})


@dataclass(frozen=True)
class Live:
    """The sidecar, and those who call it."""

    running: Running

    @property
    def ops(self) -> str:
        """Where Prometheus finds it: `host:port`."""
        return str(self.running.bound["ops"])

    def call(self, method: str, path: str, *, body: str | None = None, **headers: str) -> int:
        """One call of the application; the status. `_` in names of headers stands for `-`."""
        where = self.running.proxy
        connection = http.client.HTTPConnection(str(where.host), where.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body=body, headers=named)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def admin(self, method: str, path: str) -> dict[str, object]:
        """One call of the admin listener."""
        where = self.running.bound["admin"]
        connection = http.client.HTTPConnection(str(where.host), where.port, timeout=20)
        connection.request(method, path, headers={"X-Sidecar-Admin": "1"})
        found = connection.getresponse()
        text = found.read()
        connection.close()
        assert found.status < 300, text
        return dict(json.loads(text))

    def drill(self, fault: str, upstream: str, percent: int = 100, **more: str) -> None:
        """Begin a drill that lasts as long as the test."""
        given = {"fault": fault, "upstream": upstream, "percent": str(percent), **more}
        query = "&".join(f"{name}={value}" for name, value in given.items())
        self.admin("POST", f"/admin/drills?{query}")


@contextmanager
def live(folder: Path) -> Iterator[Live]:
    """Serve until the block ends."""
    with simulated(make_apps) as providers:
        text = CONFIG.format(
            **providers.urls, folder=folder, admin=free_port(), nobody=free_port(), key="demo"
        )
        with sidecar_in_thread(text) as running:
            yield Live(running)


@contextmanager
def traffic(running: Live) -> Iterator[None]:
    """Calls of every kind, good and bad, and a WebSocket, until the block ends."""
    with connect(f"ws://{running.running.proxy}{_REALTIME}", proxy=None):
        yield from _traffic(running)


def _traffic(running: Live) -> Iterator[None]:
    running.drill("http_503", "supabase", 40)
    running.drill("latency", "limited", delay="100ms")
    stop = threading.Event()

    def repeat(kind: int) -> None:
        number = 0
        while not stop.wait(0.02):
            _one(running, kind, number)
            number += 1

    with ThreadPoolExecutor(_KINDS) as pool:
        calls = [pool.submit(repeat, kind) for kind in range(_KINDS)]
        try:
            yield
        finally:
            stop.set()
            for each in calls:
                each.result(30)


_KINDS = 8
_REALTIME = "/supabase/realtime/v1/websocket?apikey=demo&vsn=1.0.0"


def _one(live: Live, kind: int, number: int) -> None:
    rows = f"/rest/v1/conversations?select=*&limit={1 + number % 3}"
    traced = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    match kind:
        case 0:
            live.call("GET", f"/supabase{rows}", **APIKEY, **traced)
        case 1:
            body = json.dumps({"title": "x"})
            live.call("POST", "/supabase/rest/v1/nothing", body=body, **APIKEY, **AS_JSON)
        case 2:
            path = "/whatsapp/v23.0/100000000000/messages"
            prefer = {"Prefer": "respond-async"} if number % 2 else {}
            sent = {"Authorization": "Bearer demo", **AS_JSON, **prefer}
            live.call("POST", path, body=MESSAGE.replace("49176", f"4917{number}"), **sent)
        case 3:
            path = "/gemini/v1beta/models/gemini-2.5-flash:generateContent"
            live.call("POST", path, body=PROMPT, **AS_JSON)
        case 4:
            live.call("GET", "/gone/x")
        case 5:
            live.call("GET", f"/paced{rows}", **APIKEY)
        case _:
            live.call("GET", f"/limited{rows}", **APIKEY)
