"""The code of the pages about clients works as it is written there."""

import importlib.util
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="install the `sdk` extra")

from sidecar import cli
from sidecar.demo.authority import SEEN
from sidecar.demo.targets import PROVIDERS
from tests.e2e.pages import BASE, FOLDER, SECURE, Block, blocks
from tests.e2e.supabase import project
from tests.support.sidecar import Running, sidecar_in_thread
from tests.support.simulated import Apps, Simulated, gemini, simulated, whatsapp

META = "meta-whatsapp"
ALL = list(blocks())
PLAIN = [block for block in ALL if block.page != META]
HTTPS = 443


def make() -> Apps:
    return {**project.make(), **whatsapp(), **gemini()}


@pytest.fixture(scope="module")
def certs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("certs")
    assert cli.main(["certs", "--dir", str(folder)]) == 0
    return folder


@contextmanager
def running(certs: Path, of_whatsapp: str = "") -> Iterator[tuple[Simulated, Running]]:
    """All providers behind a sidecar, by the names of the pages."""
    with simulated(make) as simulators:
        lines = ["listen:", "  {proxy: 127.0.0.1:0, ops: 127.0.0.1:0, admin: null,"]
        lines += ["  proxy_tls: 127.0.0.1:0,"]
        lines += [f"  tls: {{certificate: {certs}/server.pem, key: {certs}/server.key}}}}"]
        lines += ["log: {level: error}", "upstreams:"]
        for name in PROVIDERS:
            more = of_whatsapp if name == "whatsapp" else ""
            lines.append(f"  {name}: {{preset: {name}, url: '{simulators.urls[name]}'{more}}}")
        with sidecar_in_thread("\n".join(lines)) as sidecar:
            yield simulators, sidecar


@pytest.fixture(scope="module")
def world(certs) -> Iterator[tuple[Simulated, Running]]:
    with running(certs) as both:
        yield both


def arrived(simulators: Simulated) -> int:
    return sum(len(app[SEEN]) for app in simulators.apps.values())


def printed(block: Block, sidecar: Running, certs: Path) -> str:
    return block.run(sidecar.proxy_url, f"https://{sidecar.proxy_tls}", certs)


@pytest.mark.parametrize("block", PLAIN, ids=lambda block: block.id)
def test_the_code_of_a_page_reaches_the_provider(block: Block, world, certs):
    simulators, sidecar = world
    missing = [name for name in block.modules if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"install the `sdk` extra: {', '.join(missing)}")
    before = arrived(simulators)
    assert printed(block, sidecar, certs).strip() not in ("", "None", "undefined")
    assert arrived(simulators) > before


def test_metas_own_client_reaches_it_by_https_at_the_port_that_it_insists_on(certs):
    try:
        socket.create_server(("127.0.0.1", HTTPS)).close()
    except OSError as error:
        pytest.skip(f"port {HTTPS}: {error.strerror}")
    (block,) = [block for block in ALL if block.page == META]
    with running(certs, f", tls_port: {HTTPS}") as (simulators, sidecar):
        assert "wamid." in printed(block, sidecar, certs)
        assert arrived(simulators) == 1


def test_every_page_has_code_that_runs():
    assert {block.page for block in ALL} == {page.stem for page in FOLDER.glob("*.md")}
    assert all(BASE in block.text or SECURE in block.text or block.variables for block in ALL)
