import time

import pytest

from sidecar.config.queue import Dedup
from sidecar.core.queueing import (
    Digests,
    is_accepted_after,
    is_accepted_at_once,
    prefers_later,
    without_preference,
)
from sidecar.errors import (
    AttemptTimeout,
    ConnectError,
    ConnectTimeout,
    Draining,
    PoolTimeout,
    Rejected,
)
from tests.support.builders import exchange, request

LATER = [(b"Prefer", b"respond-async")]
CONNECT = ConnectError("no", code="connect_error")


@pytest.mark.parametrize(
    ("mode", "method", "headers", "accepted"),
    [
        ("always", "POST", [], True),
        ("always", "DELETE", [], True),
        ("always", "GET", [], False),
        ("always", "HEAD", LATER, False),
        ("prefer", "POST", LATER, True),
        ("prefer", "POST", [], False),
        ("prefer", "GET", LATER, False),
        ("on_failure", "POST", LATER, False),
        ("never", "POST", LATER, False),
    ],
)
def test_the_mode_says_which_calls_are_accepted_at_once(mode, method, headers, accepted):
    assert is_accepted_at_once(mode, request(method, headers=headers)) is accepted


@pytest.mark.parametrize(
    ("error", "accepted"),
    [
        (CONNECT, True),
        (ConnectTimeout("no", code="dns_timeout"), True),
        (Rejected("open", code="breaker_open"), True),
        (Rejected("full", code="limit_full"), False),
        (PoolTimeout("busy", code="pool_timeout"), False),
        (Draining("bye", sent=False), False),
        (AttemptTimeout("late", code="first_byte_timeout"), False),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_only_what_was_not_reached_is_accepted_after_a_failure(error, accepted):
    assert is_accepted_after(error, exchange(request("POST"))) is accepted


def test_a_call_of_which_an_attempt_was_sent_is_not_accepted():
    subject = exchange(request("POST"))
    subject.timeline.sent_at = 1.0
    assert not is_accepted_after(CONNECT, subject)
    subject.repeatable = True
    assert is_accepted_after(CONNECT, subject)


def test_a_read_that_fails_is_not_accepted():
    assert not is_accepted_after(CONNECT, exchange(request("GET")))


@pytest.mark.parametrize(
    ("value", "later", "rest"),
    [
        (b"respond-async", True, None),
        (b"Respond-Async; x=1", True, None),
        (b"return=minimal, respond-async, wait=10", True, b"return=minimal, wait=10"),
        (b"respond-async,return=minimal", True, b"return=minimal"),
        (b'foo="a, respond-async"', False, b'foo="a, respond-async"'),
        (b"respond-asynchronously", False, b"respond-asynchronously"),
        (b"return=representation", False, b"return=representation"),
        (b"", False, b""),
    ],
)
def test_the_preference_is_found_and_taken_out(value, later, rest):
    headers = [(b"A", b"1"), (b"pREFER", value)]
    assert prefers_later(headers) is later
    kept = [(b"A", b"1")] + ([] if rest is None else [(b"pREFER", rest)])
    assert without_preference(headers) == kept


@pytest.mark.parametrize(
    ("value", "rest"),
    [
        (b'respond-async, foo="a', b'foo="a'),
        (b'respond-async, foo="a, b\\', b'foo="a, b\\'),
    ],
)
def test_a_quote_that_is_never_closed_stays_as_it_is(value, rest):
    assert without_preference([(b"Prefer", value)]) == [(b"Prefer", rest)]


@pytest.mark.parametrize("unit", [b'\\"', b'"', b',"', b'"\\', b"a", b","])
def test_no_preference_takes_long(unit):
    began = time.process_time()
    prefers_later([(b"Prefer", b'foo="' + unit * 8_000)])
    assert time.process_time() - began < 0.2


def test_headers_without_the_preference_are_the_same_object():
    headers = [(b"Prefer", b"return=minimal")]
    assert without_preference(headers) is headers


def digests(**settings):
    return Digests(Dedup(**settings), b"secret")


def named(value, *more, target="/", body=b""):
    headers = [(b"idempotency-key", value), *more]
    return digests().sameness(request("POST", target, headers), body)


def test_a_name_is_the_same_whatever_is_asked_for():
    same = named(b"k1", body=b"a")
    assert same.named
    assert same == named(b"k1", target="/other", body=b"b")
    assert same.until == 86400.0


def test_a_name_belongs_to_its_caller():
    mine = named(b"k1", (b"Authorization", b"a"))
    assert len({mine, named(b"k1"), named(b"k1", (b"Authorization", b"b")), named(b"k2")}) == 4
    assert mine == named(b"k1", (b"authorization", b"a"))


def test_an_empty_name_is_none():
    assert named(b"") is None


def content(body=b"a", target="/", *more):
    return digests(content=60.0).sameness(request("POST", target, list(more)), body)


def test_equal_content_is_the_same_only_where_the_route_says_so():
    assert digests().sameness(request("POST"), b"a") is None
    same = content()
    assert not same.named
    assert same.until == 60.0
    assert same == content()
    assert (
        len({same, content(b"b"), content(b"a", "/x"), content(b"a", "/", (b"apikey", b"1"))}) == 4
    )


def test_equal_bytes_that_mean_something_else_are_not_the_same():
    schemas = [content(b"a", "/", (b"Content-Profile", each)) for each in (b"one", b"two")]
    form = content(b"a", "/", (b"Content-Type", b"text/plain"))
    assert len({content(), form, *schemas}) == 4
    assert schemas[0] == content(b"a", "/", (b"X", b"1"), (b"content-profile", b"one"))


def test_a_name_goes_before_content():
    headers = [(b"Idempotency-Key", b"1")]
    assert digests(content=60.0).sameness(request("POST", "/", headers), b"").named


def test_no_header_means_no_names():
    headers = [(b"Idempotency-Key", b"1")]
    assert digests(header=None).sameness(request("POST", "/", headers), b"") is None


def test_fingerprints_tell_requests_apart():
    prints = {
        digests().fingerprint(request(method, target), body)
        for method in ("POST", "PUT")
        for target in ("/", "/x")
        for body in (b"", b"x")
    }
    assert len(prints) == 8


def test_digests_need_the_secret_and_do_not_run_together():
    other = Digests(Dedup(), b"other")
    assert digests().lane("a", "b") != other.lane("a", "b")
    assert digests().lane("ab", "c") != digests().lane("a", "bc")
