"""A write that is made again may have been done the first time, whatever is said to the second."""

import pytest

from sidecar.config import Retry
from sidecar.errors import ConnectError, ExchangeError, UpstreamReset
from sidecar.exchange import BytesBody
from sidecar.layers.invalidate import Parts, invalidate
from tests.support.builders import exchange, response
from tests.support.postgrest import write
from tests.support.retried import World

RESET = UpstreamReset("reset", code="upstream_reset")
REFUSED = ConnectError("refused", code="connect_error")
RETRY = Retry(harmless="postgrest")


class Seen:
    """What a PATCH drops that is as good twice as once, and what it will drop again."""

    def __init__(self, *outcomes):
        self.dropped, self.again = [], []
        self.world = World(*outcomes, config=RETRY)
        parts = Parts(
            written=self.written,
            credential=lambda _: None,
            sessions=lambda _: (),
            ends_session=lambda _: False,
            drop=self.dropped.extend,
            write=self.dropped.extend,
            write_again=lambda _, anew: self.again.extend(anew()),
            reads=lambda _: False,
        )
        self.layer = invalidate(parts)(self.world.handler)

    def written(self, _request, head, _body):
        if head is None:  # nobody knows, and rows may move until then
            return ("t", "t!")
        return ("t",) if head.status < 400 else ()

    async def call(self):
        request = write("PATCH", "t?id=eq.5", {"a": 1})
        assert isinstance(request.body, BytesBody)
        try:
            return (await self.layer(exchange(request, deadline=130.0))).status
        except ExchangeError as error:
            return error.code


@pytest.mark.parametrize(
    ("second", "told"),
    [(response(403), 403), (response(409), 409), (REFUSED, "connect_error")],
    ids=["forbidden", "conflict", "no connection"],
)
async def test_a_write_that_was_lost_and_then_refused_drops_what_it_may_have_changed(second, told):
    seen = Seen(RESET, second, second, second)
    assert await seen.call() == told
    assert (seen.dropped, seen.again) == (["t", "t!"], ["t", "t!"])


async def test_a_write_that_was_lost_and_then_done_is_dropped_again_later():
    """The first may still be under way, and write over what somebody else writes meanwhile.

    It is the same write, so that no more is dropped than by the one that was answered.
    """
    seen = Seen(RESET, response(204))
    assert await seen.call() == 204
    assert (seen.dropped, seen.again) == (["t"], ["t"])


async def test_attempts_that_never_arrived_leave_no_doubt():
    seen = Seen(REFUSED, response(403))
    assert await seen.call() == 403
    assert (seen.dropped, seen.again) == ([], [])
