"""Idempotency keys at a scripted upstream: nobody gets the answer of another caller."""

import pytest

from sidecar.config import Ledger
from tests.support.proxied import proxied
from tests.support.raw import ask, call
from tests.support.steps import reply


@pytest.mark.parametrize(
    "callers",
    [
        [("/api/x", f"{name}: {who}") for who in ("alice", "bob")]
        for name in ("X-Auth-Token", "Private-Token", "X-User-Id", "X-Tenant-Id", "X-Role")
    ]
    + [[(f"/api/x?key={who}", "Accept: */*") for who in ("alice", "bob")]],
)
async def test_two_callers_with_the_same_key_each_get_their_own_answer(callers):
    settings = {"ledger": Ledger(header="X-Request-Key", honoured=False)}
    async with proxied(reply(b"alice's"), reply(b"bob's"), **settings) as (sidecar, origin):
        for _ in range(2):
            for (target, field), own in zip(callers, (b"alice's", b"bob's"), strict=True):
                sent = call("POST", target, field, "X-Request-Key: k", content=b"{}")
                answer = await ask(sidecar.proxy, sent)
                assert (answer.status, answer.body) == (200, own)
        assert len(origin.requests) == 2
