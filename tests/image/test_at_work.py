"""The image runs read-only, without capabilities, in 128 MB; and the SDKs see no difference."""

import json
import re
import signal
import time
from pathlib import Path

import pytest

from tests.support.containers import container, python
from tests.support.process import resident

MODULE = python("-m", "tests.image.providers")
STORED = "from pathlib import Path; print([p.name for p in Path('/var/lib/sidecar').iterdir()])"
GET = "import sys, httpx; r = httpx.get(sys.argv[1]); print(r.status_code); print(r.text)"
LOAD = """
import asyncio, httpx
async def main():
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:
        async def some(count):
            for _ in range(count):
                r = await client.get("http://127.0.0.1:8080/supabase/auth/v1/health",
                                     headers={"apikey": "k"})
                assert "X-Sidecar-Error" not in r.headers, r.text
        await asyncio.gather(*(some(100) for _ in range(20)))
asyncio.run(main())
"""
CAUGHT = re.compile(r"^SigCgt:\s*([0-9a-f]+)", re.MULTILINE)
MEMORY = 128 * 1024 * 1024
ADMIN = ("--env=SIDECAR__LISTEN__ADMIN=0.0.0.0:9901",)

pytestmark = pytest.mark.timeout(240)


def get(running, url):
    status, body = running.run(*python("-c", GET, url)).split("\n", 1)
    return int(status), body


def test_it_is_ready_within_seconds_without_any_upstream(image, configured):
    with container(image, options=configured) as running:
        assert running.wait_until_healthy() < 10


def test_it_is_healthy_and_has_metrics(sidecar):
    assert get(sidecar, "http://127.0.0.1:9090/health/ready")[0] == 200
    status, metrics = get(sidecar, "http://127.0.0.1:9090/metrics")
    assert status == 200
    assert "sidecar_build_info" in metrics or "sidecar_info" in metrics


def test_probes_reach_it_from_outside_and_nothing_else_does(sidecar):
    listening = sidecar.run("ss", "-Htln")
    addresses = {line.split()[3] for line in listening.splitlines()}
    assert "0.0.0.0:9090" in addresses
    assert {each for each in addresses if not each.startswith("127.0.0.1:")} == {"0.0.0.0:9090"}


@pytest.mark.parametrize("name", ["supabase", "gemini", "whatsapp"])
def test_the_real_sdk_sees_the_same_through_it(sidecar, name):
    printed = sidecar.run(*python("-W", "ignore", "-m", "tests.image.sdks", name), timeout=200)
    checks, differences = json.loads(printed.splitlines()[-1])
    assert differences == []
    assert checks >= 40


def test_thousands_of_calls_fit_into_its_memory(image, configured):
    with container(image, options=configured) as running, running.beside(*MODULE):
        running.wait_until_healthy()
        running.run(*python("-c", LOAD), timeout=120)
        assert resident(running.pid) < 0.8 * MEMORY
        assert running.healthy()


def test_it_writes_nothing_but_where_a_volume_is(image, tmp_path):
    file = tmp_path / "sidecar.yaml"
    file.write_text(
        "stores: {shared: {kind: sqlite, path: /var/lib/sidecar/store.db}}\n"
        "upstreams: {shop: {url: 'http://127.0.0.1:7001'}}\n"
    )
    volume = f"state-{time.monotonic_ns()}"
    options = (
        f"--volume={file}:/etc/sidecar/sidecar.yaml:ro",
        f"--volume={volume}:/var/lib/sidecar",
    )
    with container(image, options=options) as running:
        running.wait_until_healthy()
        from scripts.image import engine

        assert "store.db" in engine.podman("exec", running.name, "python", "-c", STORED)
        changed = engine.podman("diff", running.name).splitlines()
    engine.podman("volume", "rm", "--force", volume)
    assert [line for line in changed if "/var/lib/sidecar/" in line] == []
    assert [line for line in changed if line.endswith((".pyc", ".db"))] == []


def test_an_admin_listener_for_others_is_refused_without_a_token(image, configured):
    with container(image, options=(*configured, *ADMIN)) as open_to_all:
        assert open_to_all.exit_code() in (1, 2)
        assert "token" in open_to_all.logs()
    secret = "--env=SIDECAR__ADMIN__TOKEN=a-token-of-sixteen-or-more"
    with container(image, options=(*configured, *ADMIN, secret)) as guarded:
        guarded.wait_until_healthy()
        assert get(guarded, "http://127.0.0.1:9901/admin/circuit-breakers")[0] == 401


def test_sigterm_that_comes_while_it_starts_is_not_lost(image, configured):
    """The first process of a container ignores signals that it does not handle."""
    with container(image, options=configured) as running:
        status = Path(f"/proc/{running.pid}/status")
        began = time.monotonic()
        while not int(CAUGHT.search(status.read_text())[1], 16) >> (signal.SIGTERM - 1) & 1:
            assert time.monotonic() - began < 20
        assert running.stop() == 0
        assert time.monotonic() - began < 10


def test_sigterm_ends_it_at_once_with_0(image, configured):
    with container(image, options=configured) as running:
        running.wait_until_healthy()
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < 3
        events = [
            json.loads(line).get("event") for line in running.logs().splitlines() if line[:1] == "{"
        ]
    assert events[0] == "started"
    assert events[-1] == "stopped"
