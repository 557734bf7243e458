"""Clients whose URLs are fixed, left as they are: the name that they call leads to the sidecar."""

import socket

import pytest

pytest.importorskip("heyoo", reason="install the `sdk` extra")
pytest.importorskip("pywa", reason="install the `sdk` extra")

import heyoo
import pywa

from sidecar import cli
from sidecar.demo.authority import SEEN
from sidecar.demo.whatsapp.state import PHONE_ID
from tests.support.sidecar import sidecar_in_thread
from tests.support.simulated import simulated, whatsapp

USER = "4917612345678"
HOSTS = {"whatsapp": "graph.facebook.com", "whatsapp-media": "lookaside.fbsbx.com"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def world(tmp_path, monkeypatch):
    """The simulators, behind a sidecar that has the names of Meta's hosts, with a certificate."""
    names = [word for host in HOSTS.values() for word in ("--name", host)]
    assert cli.main(["certs", "--dir", str(tmp_path), *names]) == 0
    listen = "listen: {proxy: 127.0.0.1:0, proxy_tls: 127.0.0.1:0, ops: 127.0.0.1:0, admin: null, "
    listen += f"tls: {{certificate: {tmp_path}/server.pem, key: {tmp_path}/server.key}}}}"
    with simulated(whatsapp) as simulators:
        lines = [listen, "log: {level: error}", "upstreams:"]
        for name, host in HOSTS.items():
            url = simulators.urls[name]
            lines.append(f"  {name}: {{preset: {name}, url: '{url}', hosts: [{host}]}}")
        with sidecar_in_thread("\n".join(lines)) as sidecar:
            real, port = socket.getaddrinfo, sidecar.proxy_tls.port

            def resolved(host, wanted, *rest, **more):
                if host in HOSTS.values():
                    host, wanted = "127.0.0.1", port
                return real(host, wanted, *rest, **more)

            monkeypatch.setattr(socket, "getaddrinfo", resolved)
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "bundle.pem"))
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "bundle.pem"))
            yield simulators


def test_pywa_sends_and_downloads_as_it_is(world):
    wa = pywa.WhatsApp(phone_id=PHONE_ID, token="token-1")
    assert wa.send_message(USER, "Hello").id.startswith("wamid.")
    media = wa.upload_media(media=PNG, mime_type="image/png", filename="a.png")
    url = wa.get_media_url(media.id).url
    assert url.startswith("https://lookaside.fbsbx.com/")
    assert wa.get_media_bytes(url) == PNG
    assert len(world.apps["whatsapp"][SEEN]) == 3
    assert len(world.apps["whatsapp-media"][SEEN]) == 1
    wa.api._session.close()


def test_heyoo_sends_as_it_is(world):
    wa = heyoo.WhatsApp(token="token-1", phone_number_id=PHONE_ID)
    assert wa.send_message("Hello", USER)["messages"][0]["id"].startswith("wamid.")
    assert len(world.apps["whatsapp"][SEEN]) == 1
