"""What an exchange was made of goes with it, also where it failed, and waits for no collector."""

import asyncio
import gc
from collections import Counter

import pytest

from tests.support.proxied import proxied
from tests.support.raw import ask, call, get
from tests.support.steps import body, close, message, reply, send
from tests.support.wire import chunked

SCRIPTS = {
    b"/small": reply(b"x" * 1024),
    b"/cut": (body, send(message(b"12345")[:-1]), close),
    b"/gone": (body, close),
    b"/bad": (body, send(b"HTTP/1.1 999 X\r\n\r\n")),
}
CALLS = {
    "answered": get("/api/small"),
    "with a body": call("POST", "/api/small", content=b"{}" * 500),
    "with a chunked body": call("POST", "/api/small", "Transfer-Encoding: chunked")
    + chunked(b"ab", b"cd"),
    "with a broken body": get("/api/cut"),
    "without an answer": get("/api/gone"),
    "with a bad answer": get("/api/bad"),
    "to nowhere": get("/nowhere"),
    "that is no request": b"no request\r\n\r\n",
}


def cyclic():
    """How many of which of our objects only the collector could free."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        kinds = [f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    return Counter(kind for kind in kinds if kind.startswith("sidecar."))


@pytest.mark.parametrize("data", CALLS.values(), ids=CALLS)
async def test_an_exchange_and_its_connections_leave_no_cycle(data):
    def choose(request):
        return SCRIPTS[request.target.partition(b"?")[0]]

    async with proxied(choose=choose, keep=False) as (sidecar, origin):
        await ask(sidecar.proxy, data)
        origin.forget()
        await asyncio.sleep(0.05)
        gc.collect()
        gc.freeze()  # a look at all that the tests have made would take half a second
        gc.disable()
        try:
            for _ in range(5):
                await ask(sidecar.proxy, data)
            origin.forget()
            await asyncio.sleep(0.05)
            found = cyclic()
        finally:
            gc.enable()
            gc.unfreeze()
        assert not found
