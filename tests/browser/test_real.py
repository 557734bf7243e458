"""The dashboard of a real sidecar before a small provider: figures as in /metrics, and buttons."""

import json
import re
import urllib.error
import urllib.request
from contextlib import ExitStack, asynccontextmanager

import pytest
from aiohttp import web

from tests.support.background import in_thread
from tests.support.ports import free_port
from tests.support.sidecar import sidecar_in_thread

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: "127.0.0.1:{admin}"}}
log: {{level: error}}
stores: {{spool: {{kind: sqlite, path: "{folder}/spool.db"}}}}
upstreams:
  api:
    url: "http://127.0.0.1:{port}"
    retry: {{base: 10ms}}
    breaker: {{hold: 0s}}
    routes:
      - {{name: kept, match: {{path: /kept/**}}, cache: {{ttl: 10m}}}}
      - {{name: send, match: {{methods: [POST], path: /send/**}}, retry: {{attempts: 1}}, queue: {{mode: always}}}}
"""  # noqa: E501
GONE = "ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|503"
"""What a page meets while the sidecar stops, and after that."""


class Provider:
    """Answers 503 where it is told to, the first time; refuses what is sent until it is well."""

    def __init__(self):
        self.port = 0
        self.hits = 0
        self.well = False
        self._failed = set()

    async def _answer(self, request):
        self.hits += 1
        if request.path.startswith("/send/"):
            return web.json_response({"error": "no"}, status=200 if self.well else 400)
        if request.path.startswith("/shaky/") and request.path not in self._failed:
            self._failed.add(request.path)
            return web.Response(status=503)
        return web.Response(status=500 if request.path == "/broken" else 200, text="x" * 100)

    @asynccontextmanager
    async def serve(self):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        yield self
        await runner.cleanup()


class World:
    """The provider, the sidecar before it, and what asks both."""

    def __init__(self, stack, folder):
        self.provider = stack.enter_context(in_thread(Provider().serve, "the provider"))
        self.admin = free_port()
        self.config = CONFIG.format(admin=self.admin, folder=folder, port=self.provider.port)
        self.url = f"http://127.0.0.1:{self.admin}/"
        self._sidecar = None

    def start(self):
        self._sidecar = sidecar_in_thread(self.config)
        self.running = self._sidecar.__enter__()

    def stop(self):
        if self._sidecar is not None:
            self._sidecar.__exit__(None, None, None)
            self._sidecar = None

    def call(self, path, *, method="GET", data=None):
        request = urllib.request.Request(
            f"{self.running.proxy_url}/api{path}", data=data, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                answer.read()  # who leaves before the end is counted as one that left
                return answer.status
        except urllib.error.HTTPError as error:
            error.read()
            return error.code

    def read(self, path):
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            return json.load(answer)

    def samples(self, name):
        """Of /metrics: labels and values."""
        url = f"http://{self.running.bound['ops']}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
        found = re.findall(rf"^{name}{{(.*)}} (\S+)$", text, re.MULTILINE)
        return [(dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(v)) for labels, v in found]


@pytest.fixture
def world(tmp_path):
    with ExitStack() as stack:
        made = World(stack, tmp_path)
        made.start()
        stack.callback(made.stop)
        yield made


def quantile(rank, samples):
    """As `histogram_quantile` of Prometheus, of all series together."""
    below = {}
    for labels, value in samples:
        bound = float(labels["le"])
        below[bound] = below.get(bound, 0.0) + value
    wanted = rank * below[float("inf")]
    lower, before = 0.0, 0.0
    for bound, count in sorted(below.items()):
        if count >= wanted:
            return lower + (bound - lower) * (wanted - before) / (count - before)
        lower, before = bound, count
    raise AssertionError("no observations")


def of(page, name, state):
    return page.page.locator(f'[data-testid="breaker"][data-name="{name}"][data-state="{state}"]')


def test_the_figures_are_those_of_metrics_and_of_the_summary(world, tab):
    for number in range(12):
        assert world.call(f"/plain/{number}") == 200
    for number in range(3):
        assert world.call(f"/shaky/{number}") == 200
    for _ in range(5):
        assert world.call("/kept/one") == 200
    for _ in range(2):
        world.call("/broken", method="POST", data=b"x")
    page = tab().open(world.url)
    page.wait("document.querySelectorAll('[data-testid=exchange]').length === 22")
    page.page.locator('[title^="22 in "]').wait_for()  # the summary knows of all, too
    page.id("pause").click()
    card = page.card("api")
    summary = world.read("admin/summary")
    (upstream,) = summary["upstreams"]
    exchanges = sum(value for _, value in world.samples("sidecar_exchanges_total"))
    assert upstream["calls"] == exchanges == 22
    assert page.value("rescued", card) == upstream["retries"]["rescued"] == 3
    assert page.value("errors", card) == upstream["errors"]["ratio"]
    assert page.value("cache-ratio", card) == upstream["cache"]["ratio"] == 0.8
    buckets = world.samples("sidecar_exchange_duration_seconds_bucket")
    for rank, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        shown = page.value(f"latency-{name}", card)
        assert shown == pytest.approx(upstream["latency"][name], abs=1e-6)
        assert shown == pytest.approx(quantile(rank, buckets), rel=0.01, abs=2e-6)
        assert page.value(f"overhead-{name}", card) == upstream["overhead"][name]
    assert page.page.get_by_text("rescued").count() >= 3
    assert page.page.locator(".row .chip", has_text="cached").count() == 4


def test_a_breaker_that_is_forced_open_lets_nothing_through(world, tab):
    assert world.call("/plain/1") == 200
    page = tab().open(world.url)
    of(page, "api/api", "closed").get_by_test_id("breaker-open").click()
    page.id("field-reason").fill("the provider asked us to")
    page.id("confirm").click()
    of(page, "api/api", "forced_open").wait_for()
    (breaker,) = world.read("admin/circuit-breakers")
    assert (breaker["state"], breaker["forced"]["reason"]) == (
        "forced_open",
        "the provider asked us to",
    )
    before = world.provider.hits
    assert world.call("/plain/2") == 503
    assert world.provider.hits == before
    of(page, "api/api", "forced_open").get_by_test_id("breaker-auto").click()
    of(page, "api/api", "closed").wait_for()
    assert world.call("/plain/3") == 200


def test_a_dead_letter_is_sent_again(world, tab):
    assert world.call("/send/1", method="POST", data=b"{}") == 202
    page = tab().open(world.url)
    page.id("letter").wait_for()
    world.provider.well = True
    page.id("replay").click()
    page.id("confirm").click()
    page.id("letter").wait_for(state="detached")
    page.wait("document.querySelector('[data-testid=strip-dead]').dataset.value === '0'")


def test_the_page_outlives_the_sidecar(world, tab):
    assert world.call("/plain/1") == 200
    page = tab(allowed=GONE).open(world.url)
    page.id("exchange").wait_for()
    world.stop()
    page.wait_link("lost")
    world.start()
    page.wait_link("live")
    page.id("hint").wait_for()
    assert "/api" in page.id("hint").inner_text()
    hostile = "/plain/<u>text</u>"
    assert world.call(hostile) == 200
    page.id("exchange").wait_for()
    assert page.id("target").inner_text().endswith(hostile)
    assert page.page.locator("#app u").count() == 0
