"""The Live API with google-genai (Python), which speaks it over TLS only: `https` in front."""

import asyncio
import ssl

import pytest

pytest.importorskip("google.genai", reason="install the `sdk` extra")

from google import genai
from google.genai import errors, types

from sidecar.config import Address, ServerTls
from tests.support import certificates
from tests.support.builders import config, upstream
from tests.support.sidecar import sidecar_in_thread
from tests.support.simulated import gemini, simulated

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ANY_PORT = Address(host="127.0.0.1", port=0)


@pytest.fixture(scope="module")
def base_url(tmp_path_factory):
    certs = certificates.make(tmp_path_factory.mktemp("certificates"))
    tls = ServerTls(str(certs.server), str(certs.server_key))
    with simulated(gemini) as simulators:
        subject = upstream(simulators.urls["gemini"])
        listen = {"proxy_tls": (ANY_PORT,), "tls": tls}
        with sidecar_in_thread(config(upstreams={"gemini": subject}, listen=listen)) as sidecar:
            yield f"https://{sidecar.proxy_tls}/gemini", str(certs.ca)


def client(base_url):
    url, authority = base_url
    context = ssl.create_default_context(cafile=authority)
    options = types.HttpOptions(base_url=url, async_client_args={"ssl": context})
    return genai.Client(api_key="key-1", http_options=options)


async def test_a_conversation_through_the_tls_listener(base_url):
    live = client(base_url).aio.live
    async with live.connect(
        model="gemini-2.0-flash", config={"response_modalities": ["TEXT"]}
    ) as session:
        for text in ("Hello", "Again"):
            turn = types.Content(role="user", parts=[types.Part(text=text)])
            await session.send_client_content(turns=turn, turn_complete=True)
            async with asyncio.timeout(10):
                said = [message.text or "" async for message in session.receive()]
            assert text in "".join(said)


async def test_an_unknown_model_is_an_error_with_the_code_and_reason_of_the_close(base_url):
    with pytest.raises(errors.APIError) as caught:
        async with client(base_url).aio.live.connect(model="none", config={}):
            pass
    assert caught.value.code == 1008
    assert "none is not found" in str(caught.value)
