"""Keys that the sidecar holds, at a scripted upstream: what arrives, and what is shown."""

import pytest

from sidecar.config import Credentials, Retry
from sidecar.config.secret import Secret
from tests.support.proxied import proxied
from tests.support.raw import ask, call
from tests.support.steps import reply

BUSY = reply(b"{}", b"Retry-After: 30", status=b"429 Too Many Requests")
DENIED = reply(b"{}", status=b"403 Forbidden")
OK = reply(b"done")
KEYS = Credentials(
    header="x-goog-api-key",
    query="key",
    values=(Secret("AIzaFirst"), Secret("AIzaSecond"), Secret("AIzaThird")),
)


def keys(origin):
    return [
        value
        for seen in origin.requests
        for name, value in seen.headers
        if name.lower() == b"x-goog-api-key"
    ]


@pytest.mark.parametrize("refusal", [BUSY, DENIED])
async def test_a_call_goes_through_with_the_next_key_and_later_ones_begin_with_it(refusal):
    settings = {"credentials": KEYS, "retry": Retry(attempts=2)}
    async with proxied(refusal, OK, OK, **settings) as (sidecar, origin):
        for _ in range(2):
            answer = await ask(sidecar.proxy, call("POST", "/api/x", content=b"{}"))
            assert (answer.status, answer.body) == (200, b"done")
        assert keys(origin) == [b"AIzaFirst", b"AIzaSecond", b"AIzaSecond"]
        assert "AIza" not in repr(sidecar.sidecar)


async def test_the_applications_own_key_goes_on_as_it_is():
    async with proxied(OK, credentials=KEYS) as (sidecar, origin):
        await ask(sidecar.proxy, call("GET", "/api/x?key=own"))
        assert keys(origin) == []
        assert origin.requests[0].target == b"/x?key=own"
