import pytest

from sidecar.errors import Rejected, UpstreamReset
from sidecar.exchange import BytesBody, Response
from sidecar.layers.switching import Places, switching
from sidecar.switched import Line, Switched
from tests.support.builders import exchange
from tests.support.connections import FakeTransport


def switched():
    line = Line(FakeTransport())
    return Switched(
        101, b"Switching Protocols", [(b"Upgrade", b"websocket")], BytesBody(b""), line=line
    )


class Next:
    """Answers with what it is given; an error is raised."""

    def __init__(self, outcome):
        self.outcome = outcome
        self.closed = []

    async def __call__(self, _exchange):
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        self.outcome.on_close(self.closed.append)
        return self.outcome


async def test_a_101_ends_the_handshake_for_what_is_below_and_keeps_its_connection():
    places, below = Places(1), Next(switched())
    response = await switching(places)(below)(exchange())
    assert isinstance(response, Switched)
    assert below.closed == [None]
    assert not response.line.transport.closing
    assert (response.status, response.headers) == (101, [(b"Upgrade", b"websocket")])
    assert places.taken == 1
    response.close()
    response.close()
    assert response.line.transport.closing
    assert places.taken == 0


async def test_more_than_so_many_are_refused_before_anything_is_asked():
    places = Places(1)
    first = await switching(places)(Next(switched()))(exchange())
    with pytest.raises(Rejected) as caught:
        await switching(places)(Next(switched()))(exchange())
    assert caught.value.code == "limit_full"
    first.close()
    await switching(places)(Next(switched()))(exchange())


@pytest.mark.parametrize(
    "outcome", [UpstreamReset("x", code="upstream_reset"), KeyboardInterrupt("as a cancellation")]
)
async def test_a_handshake_that_fails_keeps_no_place(outcome):
    places = Places(1)
    with pytest.raises(type(outcome)):
        await switching(places)(Next(outcome))(exchange())
    assert places.taken == 0


async def test_a_refusal_passes_as_it_is_and_keeps_no_place():
    places, refusal = Places(1), Response(403, b"No", [], BytesBody(b"no"))
    below = Next(refusal)
    assert await switching(places)(below)(exchange()) is refusal
    assert below.closed == []
    assert places.taken == 0


async def test_a_callback_that_fails_ends_the_connection_and_keeps_no_place():
    places, subject = Places(1), switched()

    def fail(_error):
        raise ValueError("a fault")

    subject.on_close(fail)
    with pytest.raises(ValueError, match="a fault"):
        await switching(places)(Next(subject))(exchange())
    assert subject.line.transport.closing
    assert places.taken == 0
