"""The ring of the last exchanges: order, bounds, numbers, and that nothing secret is shown."""

import json

import pytest

from sidecar.telemetry.recent import Recent, Wanted, shown
from sidecar.telemetry.record import Record
from sidecar.trail import Tried


def record(target="/x", **changes):
    settings = {"upstream": "api", "route": "r", "method": "GET", "status": 200, **changes}
    return Record("id-1", target=target, **settings)


def filled(*records, **bounds):
    recent = Recent(5.0, **bounds)
    for each in records:
        recent(each)
    return recent


def numbers(found):
    return [number for number, _ in found.records]


def test_without_a_number_the_latest_come_oldest_first():
    found = filled(*[record() for _ in range(5)]).find(Wanted(limit=2))
    assert (found.last, found.dropped, numbers(found)) == (5, False, [4, 5])


def test_after_a_number_the_next_come_page_by_page_and_none_twice():
    recent, after, seen = filled(*[record() for _ in range(7)]), 2, []
    while True:
        found = recent.find(Wanted(after=after, limit=2))
        if not found.records:
            break
        seen += numbers(found)
        after = found.last
    assert (seen, after) == ([3, 4, 5, 6, 7], 7)


def test_what_was_dropped_before_it_was_fetched_is_said():
    recent = filled(*[record() for _ in range(10)], most=4)
    assert recent.find(Wanted(after=5)).dropped
    found = recent.find(Wanted(after=6))
    assert (found.dropped, numbers(found)) == (False, [7, 8, 9, 10])


def test_a_number_of_an_earlier_run_starts_anew():
    found = filled(record(), record()).find(Wanted(after=900))
    assert (found.last, found.dropped, numbers(found)) == (2, True, [1, 2])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(upstream="b"), [2]),
        (Wanted(route="s"), [3]),
        (Wanted(slow=0.5), [1]),
        (Wanted(status=lambda each: each.status == 503), [4]),
        (Wanted(after=1, upstream="api"), [3, 4]),
        (Wanted(upstream="nobody"), []),
    ],
)
def test_filters_choose_and_the_number_goes_on_all_the_same(wanted, expected):
    recent = filled(
        record(duration=0.7), record(upstream="b"), record(route="s"), record(status=503)
    )
    found = recent.find(wanted)
    assert (numbers(found), found.last) == (expected, 4)


def test_entries_and_bytes_are_bounded():
    recent = filled(*[record() for _ in range(100)], most=10)
    assert len(recent.find(Wanted()).records) == 10
    recent = filled(*[record("/" + "x" * 10_000) for _ in range(100)], most_bytes=55_000)
    assert len(recent.find(Wanted()).records) == 5
    recent = filled(*[record("/" + "x" * 100_000)], most_bytes=55_000)
    assert (recent.find(Wanted()).records, recent.find(Wanted()).last) == ([], 1)


def test_the_bytes_of_what_left_are_forgotten():
    recent = filled(*[record(trail=[Tried(1, 0.0)] * (n % 4)) for n in range(500)], most=3)
    for _ in range(3):
        recent(record())
    assert repr(recent) == f"<Recent 3 of 503, {3 * (900 + 2 + 4 + 3)} bytes>"


def test_no_secret_of_a_target_is_shown_and_no_control_character_of_a_method():
    each = shown(1, record("/rest/v1/x?select=name&apikey=s3cret-value", method="G\x1b[31mET"))
    assert each["target"] == "/rest/v1/x?select=*&apikey=*"
    assert "s3cret" not in json.dumps(each)
    assert "\x1b" not in each["method"]


def test_attempts_are_counted_from_the_start_of_the_exchange():
    tried = Tried(1, 10.25)
    tried.dial, tried.status = 0.125, 503
    tried.end(10.5)
    under_way = Tried(2, 10.75)
    each = shown(7, record(started=10.0, trail=[tried, under_way], attempts=2))
    assert each["attempts"] == [
        {
            "number": 1,
            "began": 0.25,
            "ended": 0.5,
            "status": 503,
            "error": None,
            "reused": False,
            "dial": 0.125,
        },
        {
            "number": 2,
            "began": 0.75,
            "ended": None,
            "status": None,
            "error": None,
            "reused": False,
            "dial": 0.0,
        },
    ]
    assert (each["seq"], each["attempts_made"]) == (7, 2)


def test_what_a_cache_answered_made_no_attempt():
    each = shown(1, record(source="cache", attempts=1))
    assert (each["cache"], each["attempts_made"]) == ("hit", 0)
