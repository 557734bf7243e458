"""An insert with an idempotency key is done once, though the sidecar itself makes it again."""

import json

import pytest

from sidecar.config import Ledger, Retry
from tests.support.proxied import proxied
from tests.support.raw import ask, call
from tests.support.steps import body, message, reset, send

INSERT = call("POST", "/api/rest/v1/messages", "Idempotency-Key: one", content=b'{"body":"x"}')
BUSY = message(b"{}", b"Retry-After: 0", status=b"503 Service Unavailable")


@pytest.mark.parametrize("attempts", [2, 3])
async def test_a_key_is_not_free_again_while_one_of_its_attempts_may_have_been_done(attempts):
    made = []

    async def answer(connection, request):
        await body(connection, request)
        if len(made) % attempts == 0:  # done, and lost
            made.append(json.loads(bytes(request.body))["id"])
            await reset(connection, request)
            return
        made.append("")
        await send(BUSY)(connection, request)

    retry = Retry(attempts=attempts, base=0.01, insert_key="id")
    settings = {"retry": retry, "ledger": Ledger(honoured=False)}
    async with proxied(choose=lambda _: (answer,), **settings) as (sidecar, _):
        assert (await ask(sidecar.proxy, INSERT)).status == 503
        again = await ask(sidecar.proxy, INSERT)
    assert (again.status, len(list(filter(None, made)))) == (409, 1)
