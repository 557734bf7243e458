"""A sidecar before simulated providers, with a past: calls, kept answers, a failed delivery."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from sidecar.demo.supabase import SERVICE_KEY
from sidecar.demo.whatsapp.state import PHONE_ID
from tests.docs.executed.sandbox import PATIENCE, USUAL, Sandbox
from tests.e2e.supabase import project
from tests.support.ports import free_port
from tests.support.simulated import Apps, Simulated, gemini, simulated, whatsapp

CONFIG = Path(__file__).with_name("sidecar.yaml")
SLOW = 0.06
KEYS = {"apikey": SERVICE_KEY, "Authorization": f"Bearer {SERVICE_KEY}"}
PROJECT = "https://your-project.supabase.co"


@web.middleware
async def _slow(request, handler):
    """A filter without an index."""
    if request.path == "/rest/v1/messages" and "conversation_id" in request.query:
        await asyncio.sleep(SLOW)
    return await handler(request)


def make() -> Apps:
    """All providers, one with a slow filter."""
    apps = {**project.make(), **whatsapp(), **gemini()}
    apps["supabase"].middlewares.insert(0, _slow)
    return apps


def ports() -> dict[str, int]:
    """A free one for each of those in the documents."""
    return {name: free_port() for name in USUAL}


def outside(simulators: Simulated) -> dict[str, str]:
    """The providers' URLs, as variables of `sidecar.yaml` beside this file."""
    urls = simulators.urls
    return {
        "SUPABASE": urls["supabase"],
        "WHATSAPP": urls["whatsapp"],
        "MEDIA": urls["whatsapp-media"],
        "GEMINI": urls["gemini"],
    }


class World:
    """What the commands of the documents meet."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self._proxy = f"http://127.0.0.1:{box.ports['proxy']}"
        self.failed = ""
        """The id of a delivery that failed."""

    def call(
        self, target: str, body: object = None, headers: Mapping[str, str] = KEYS
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One call through the sidecar."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._proxy}{target}", data, dict(headers))
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers, answer.read()

    def live(self) -> None:
        """Do what an application does, so that there is something to see."""
        with ThreadPoolExecutor(4) as pool:
            slow = "/supabase/rest/v1/messages?conversation_id=eq.{}&order=created_at.desc&limit=5"
            list(pool.map(lambda n: self.call(slow.format(n)), range(1, 31)))
        for number in range(30):
            assert self.call("/supabase/rest/v1/conversations?id=eq.5")[0] == 200
            assert self.call(f"/supabase/rest/v1/contacts?id=eq.{number}")[0] == 200
        someone = {
            "email": f"user-{time.monotonic_ns()}@example.com",
            "password": "a-long-password",
        }
        user = json.loads(self.call("/supabase/auth/v1/signup", someone)[2])
        for _ in range(2):
            mine = {**KEYS, "Authorization": f"Bearer {user['access_token']}"}
            assert self.call("/supabase/auth/v1/user", headers=mine)[0] == 200
        self.call("/whatsapp-media/nothing", headers={"Authorization": "Bearer token-1"})
        model = "/gemini/v1beta/models/gemini-2.5-flash:generateContent"
        said = {"contents": [{"parts": [{"text": "Hello"}]}]}
        assert self.call(model, said, {"x-goog-api-key": "key-1"})[0] == 200
        self.ran("sidecar drill start http_503 --upstream supabase --for 1m")
        assert self.call("/supabase/rest/v1/contacts?select=*&phone=eq.1")[0] == 503
        self.ran(f"sidecar drill stop {self.drill}")

    def settle(self) -> None:
        """Make all breakers as new, whatever the commands of a document did to them."""
        admin = f"http://127.0.0.1:{self.box.ports['admin']}/admin/circuit-breakers"
        with urllib.request.urlopen(admin, timeout=PATIENCE) as answer:
            names = [each["name"] for each in json.load(answer)]
        for name in names:
            write = urllib.request.Request(f"{admin}/{name}/reset", b"", {"X-Sidecar-Admin": "1"})
            urllib.request.urlopen(write, timeout=PATIENCE).close()

    @property
    def drill(self) -> str:
        """The id of the drill that was begun last."""
        return str(json.loads(self.ran("sidecar drill --json"))["active"][-1]["id"])

    def fail_one(self) -> None:
        """Have a message refused for good (it has no text), so that there is a dead letter."""
        body = {"messaging_product": "whatsapp", "to": "4917612345678", "type": "text"}
        path = f"/whatsapp/v26.0/{PHONE_ID}/messages"
        status, headers, _ = self.call(path, body, {"Authorization": "Bearer token-1"})
        assert status == 200
        self.failed = headers["X-Sidecar-Delivery"]
        until = time.monotonic() + PATIENCE
        while '"failed"' not in self.ran(f"sidecar queue show {self.failed} --json"):
            assert time.monotonic() < until
            time.sleep(0.1)

    def ran(self, command: str) -> str:
        """What a command prints, which must do its work."""
        done = self.box.run(command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout


@contextmanager
def living(folder: Path) -> Iterator[World]:
    """The sidecar, its providers and its past, until the block ends."""
    with simulated(make) as simulators:
        box = Sandbox(folder, ports(), env=outside(simulators))
        (folder / "sidecar.yaml").write_text(box.placed(CONFIG.read_text()))
        with box.begun("sidecar run"):
            world = World(box)
            world.live()
            world.fail_one()
            yield world
