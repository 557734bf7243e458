"""How an exchange is worded in a line."""

import pytest

from sidecar.commands.tap_view import line
from sidecar.telemetry.recent import shown
from sidecar.telemetry.record import Record
from sidecar.trail import Tried


def worded(*, colour=False, **changes):
    settings = {"upstream": "api", "route": "r", "method": "GET", "status": 200, **changes}
    record = Record("id", target="/x", started_wall=1_700_000_000.123, **settings)
    return line(shown(1, record), colour=colour).split(" ", 1)[1]


def tried(status=0, error=None):
    each = Tried(1, 0.0, status=status)
    each.error = error
    return each


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"duration": 0.012}, "200  12ms GET api/r /x"),
        ({"route": "-", "upstream": "-"}, "200   0us GET - /x"),
        ({"status": 503, "error": "breaker_open"}, "503   0us GET api/r /x  breaker_open"),
        ({"source": "cache"}, "200   0us GET api/r /x  cache hit"),
        ({"client_closed": True, "status": 499}, "499   0us GET api/r /x  the client left"),
        ({"held": 0.0004, "paced": 1.5}, "200   0us GET api/r /x  paced 1.50s"),
        (
            {
                "attempts": 2,
                "trail": [tried(503), tried(error="upstream_reset"), tried(200)],
                "backoff": 0.1,
            },
            "200   0us GET api/r /x  2 attempts (503, upstream_reset, 200), backoff 100ms",
        ),
    ],
)
def test_what_is_not_as_usual_stands_behind_the_target(changes, expected):
    assert worded(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 32),
        ({"status": 404}, 33),
        ({"status": 500}, 31),
        ({"error": "truncated_body"}, 31),
        ({"error": "client_closed", "client_closed": True}, 32),
    ],
)
def test_the_status_has_a_colour_where_there_is_any(changes, code):
    status = changes.get("status", 200)
    assert f"\x1b[{code}m{status}\x1b[0m" in worded(colour=True, **changes)
