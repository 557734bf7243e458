import pytest

from sidecar.exchange import stack
from sidecar.layers.deadline import deadline
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock


async def deadline_of(total, headers=()):
    subject = exchange(request(headers=list(headers)))
    subject.timeline.started = 1000.0
    answer = response()
    seen = []

    async def following(passed):
        seen.append((passed, passed.deadline))
        return answer

    clock = FakeClock(start=1003.0)
    assert await stack(deadline(total, clock), on=following)(subject) is answer
    assert seen == [(subject, subject.deadline)]
    return subject.deadline


@pytest.mark.parametrize(
    ("announced", "expected"),
    [
        (None, 1010.0),
        (b"4", 1004.0),
        (b"2.5", 1002.5),
        (b"10", 1010.0),
        (b"60", 1010.0),
        (b"0", 1010.0),
        (b"soon", 1010.0),
    ],
)
async def test_deadline_is_the_shorter_of_total_and_what_the_client_announces(announced, expected):
    headers = [] if announced is None else [(b"X-Server-Timeout", announced)]
    assert await deadline_of(10.0, headers) == expected


async def test_deadline_counts_from_the_first_byte_of_the_request():
    assert await deadline_of(2.0) == 1002.0  # already past: the transport says so


@pytest.mark.parametrize(("announced", "expected"), [(b"4s", 1004.0), (b"1m", 1010.0)])
async def test_the_sidecars_own_field_may_only_shorten(announced, expected):
    assert await deadline_of(10.0, [(b"X-Sidecar-Timeout", announced)]) == expected


async def test_the_announcement_travels_on():
    subject = exchange(request(headers=[(b"X-Server-Timeout", b"1")]))

    async def following(_passed):
        return response()

    await stack(deadline(10.0, FakeClock()), on=following)(subject)
    assert subject.request.headers == [(b"X-Server-Timeout", b"1")]
