"""Certificates of `sidecar certs`, as clients see them that reach the sidecar with TLS."""

import asyncio
import json
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from sidecar import cli
from sidecar.config import Address
from sidecar.config.root import ServerTls
from tests.support.builders import LOOPBACK
from tests.support.proxied import proxied
from tests.support.steps import OK
from tests.support.tools import require_node

HOST = "graph.facebook.com"
PYTHON = """
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())
"""
NODE = "const answer = await fetch(process.argv[1]); console.log(await answer.text())"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    assert cli.main(["certs", "--dir", str(folder), "--name", HOST]) == 0
    return folder


@asynccontextmanager
async def served(made):
    """A sidecar that shows the certificate, and the URL of its upstream."""
    files = ServerTls(certificate=str(made / "server.pem"), key=str(made / "server.key"))
    listen = {"proxy_tls": (LOOPBACK,), "tls": files}
    async with proxied(OK, listen=listen) as (sidecar, _):
        yield sidecar.proxy_tls


def strict(ca, flags=ssl.VERIFY_X509_STRICT):
    """As Python 3.13 verifies."""
    context = ssl.create_default_context(cafile=str(ca))
    context.verify_flags |= flags
    return context


async def connect(address: Address, context: ssl.SSLContext, name: str) -> None:
    _, writer = await asyncio.open_connection(
        address.host, address.port, ssl=context, server_hostname=name
    )
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", HOST])
@pytest.mark.parametrize("file", ["ca.pem", "bundle.pem"])
async def test_strict_verification_accepts_every_name(made, file, name):
    async with served(made) as address:
        await connect(address, strict(made / file), name)


async def test_other_names_are_refused(made):
    async with served(made) as address:
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            await connect(address, strict(made / "ca.pem"), "api.stripe.com")


async def test_the_authority_can_vouch_for_no_other_host(made, tmp_path):
    """Whoever gets at `ca.key` cannot pose as the rest of the internet."""
    import datetime as dt

    from sidecar.commands.local_authority import make_server, read_pair

    authority = read_pair(made / "ca.pem", made / "ca.key")
    now = dt.datetime.now(dt.UTC)
    forged = make_server(authority, ["api.stripe.com"], now, now + dt.timedelta(days=1))
    (tmp_path / "server.pem").write_bytes(forged.certificate_pem)
    (tmp_path / "server.key").write_bytes(forged.key_pem)
    async with served(tmp_path) as address:
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            await connect(address, strict(made / "ca.pem"), "api.stripe.com")


async def client(*command: str, **variables: str) -> str:
    """What a client in a process of its own prints."""
    process = await asyncio.create_subprocess_exec(
        *command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return (out or err).decode()


async def test_python_trusts_it_by_the_variable(made):
    async with served(made) as address:
        url = f"https://{address}/api/x"
        trusting = {"SSL_CERT_FILE": str(made / "bundle.pem")}
        assert await client(sys.executable, "-c", PYTHON, url, **trusting) == "ok\n"
        assert "CERTIFICATE_VERIFY_FAILED" in await client(sys.executable, "-c", PYTHON, url)


async def test_node_trusts_it_by_the_variable(made):
    node = [require_node(), "--input-type=module", "-e", NODE]
    async with served(made) as address:
        url = f"https://localhost:{address.port}/api/x"
        trusting = {"NODE_EXTRA_CA_CERTS": str(made / "ca.pem")}
        assert await client(*node, url, **trusting) == "ok\n"
        assert "fetch failed" in await client(*node, url)


def test_what_is_said_in_json_loads_as_a_configuration(made, capsys):
    from sidecar.loader import loads

    assert cli.main(["certs", "--dir", str(made), "--show", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    text = json.dumps({**said["configuration"], "upstreams": {"a": {"url": "https://x"}}})
    assert loads(text, env={}, look_for_files=True).config.listen.tls is not None
