import pytest

from sidecar.exchange import Timeline
from sidecar.observing import Observer
from sidecar.telemetry.record import Record
from sidecar.trail import Tried
from tests.support.builders import exchange, request
from tests.support.clock import FakeClock

SECRET = "sb_secret_0123456789abcdef"  # not one
TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def call(number, target="/rest/v1/t?a=eq.1", headers=None, **settings):
    made = exchange(request("GET", target, headers))
    made.id = f"x{number}"
    for name, value in settings.items():
        setattr(made, name, value)
    return made


def ended(made, **more):
    fields = {"status": 200, "attempts": 1, "at_upstream": 0.01, "duration": 0.01, **more}
    names = (made.id, made.upstream, made.route, made.request.method, made.request.target)
    return Record(*names, started_wall=1_700_000_000.0, **fields)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def observer(clock):
    return Observer(3, clock.now)


def test_no_more_calls_of_a_second_are_looked_at_than_allowed(observer, clock):
    assert [observer.begin(call(n)) is not None for n in range(5)] == [True] * 3 + [False] * 2
    clock.advance(1.0)
    assert observer.begin(call(9)) is not None


def test_another_configuration_may_allow_fewer(observer, clock):
    observer.begin(call(1))
    observer.allow(0)
    clock.advance(1.0)
    assert observer.begin(call(2)) is None


def test_all_calls_are_counted_also_those_that_are_not_looked_at(observer):
    for number in range(5):
        made = call(number)
        observer.begin(made)
        observer.sink(ended(made, status=429))
    learnt = observer.settle()
    assert learnt.seen == 3
    assert learnt.routes["api", "default"].rates.refused == 5


def test_refusals_that_a_retry_hid_are_counted(observer):
    trail = [Tried(1, 0.0, status=429), Tried(2, 1.0, status=429), Tried(3, 2.0, status=200)]
    observer.sink(ended(call(1), attempts=3, trail=trail))
    rates = observer.settle().routes["api", "default"].rates
    assert rates.refused == 2
    assert rates.settled() == [(1, 0, 0)]


def test_what_the_cache_answered_is_no_call_of_the_upstream(observer):
    for _ in range(9):
        observer.sink(ended(call(1), source="cache", status=200))
    assert not observer.settle().routes


def test_calls_of_the_sidecars_own_are_not_looked_at(observer):
    assert observer.begin(call(1, background=True)) is None


def test_who_asks_and_what_is_asked_tells_calls_apart(observer, clock):
    def keys(*headers, target="/rest/v1/t?a=eq.1"):
        clock.advance(1.0)
        return observer.begin(call(1, target, list(headers))).asked

    one = keys((b"Authorization", b"a"))
    assert keys((b"Authorization", b"a")).key == one.key
    assert keys((b"Authorization", b"b")).key != one.key
    assert keys((b"Authorization", b"b")).group != one.group
    assert keys((b"Authorization", b"a"), (b"User-Agent", b"u")).key == one.key
    assert keys((b"Authorization", b"a"), target="/rest/v1/t?a=eq.2").key != one.key
    assert keys((b"Accept-Profile", b"private")).shape.table == "private/t"


def test_a_trace_holds_calls_together_whoever_makes_them(observer, clock):
    other = TRACE.replace(b"00f067aa0ba902b7", b"00f067aa0ba90299")
    first = observer.begin(call(1, headers=[(b"traceparent", TRACE), (b"apikey", b"a")])).asked
    second = observer.begin(call(2, headers=[(b"TraceParent", other), (b"apikey", b"b")])).asked
    assert first.group == second.group
    assert first.traced


def test_nothing_of_a_call_is_kept_but_names_and_digests(observer):
    headers = [(b"Authorization", SECRET.encode()), (b"X-Other", SECRET.encode())]
    made = call(1, f"/rest/v1/t?a=eq.{SECRET}&apikey={SECRET}&{SECRET}=eq.1", headers)
    looked = observer.begin(made)
    assert SECRET not in repr(looked)
    observer.sink(ended(made))
    assert SECRET not in repr(list(observer.settle().shapes))
    assert SECRET not in repr(vars(observer._shapes))


def test_calls_that_never_end_do_not_pile_up(clock):
    observer = Observer(10**6, clock.now)
    for number in range(6000):
        observer.begin(call(number))
    assert repr(observer).startswith("<Observer of 4096 calls")


def test_odd_records_do_no_harm(observer):
    observer.sink(ended(call(1), status=499, attempts=0, at_upstream=0.0, source="sidecar"))
    made = call(2)
    made.timeline = Timeline(0.0)
    observer.begin(made)
    observer.sink(ended(made, status=101, duration=1e9))
    observer.forget()
    assert observer.settle().seen == 0
