import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cache.reads import ReadRule
from sidecar.core.json_path import path_of
from sidecar.exchange import BytesBody, Request
from tests.support.builders import request

COLD = ReadRule(post=True, when=((path_of("$.generationConfig.temperature"), 0),))


@pytest.mark.parametrize(
    ("rule", "subject", "is_read"),
    [
        (ReadRule(), request("GET"), True),
        (ReadRule(), request("HEAD"), True),
        (ReadRule(), request("POST"), False),
        (ReadRule(post=True), request("POST", body=b"x"), True),
        (ReadRule(post=True), request("PUT", body=b"x"), False),
        (ReadRule(), request("OPTIONS"), False),
        (ReadRule(), request("GET", body=b""), True),
        (ReadRule(), request("GET", body=b"x"), False),
        (ReadRule(post=True), request("GET", body=b"x"), True),
        (ReadRule(), request(headers=[(b"If-Match", b'"a"')]), False),
        (ReadRule(), request(headers=[(b"if-unmodified-since", b"x")]), False),
        (ReadRule(), request(headers=[(b"Upgrade", b"websocket")]), False),
        (ReadRule(), request(headers=[(b"X-HTTP-Method-Override", b"DELETE")]), False),
        (ReadRule(), request(headers=[(b"If-None-Match", b'"a"')]), True),
        (ReadRule(ranges=True), request(headers=[(b"Range", b"bytes=0-1")]), True),
        (ReadRule(ranges=False), request(headers=[(b"Range", b"bytes=0-1")]), False),
        (ReadRule(), request(headers=[(b"Cache-Control", b"max-age=0, No-Store")]), False),
        (ReadRule(), request(headers=[(b"Cache-Control", b"no-cache")]), True),
    ],
)
def test_what_is_a_read(rule, subject, is_read):
    assert rule(subject) == is_read


@pytest.mark.parametrize(
    ("body", "is_read"),
    [
        (b'{"generationConfig": {"temperature": 0}}', True),
        (b'{"generationConfig": {"temperature": 0.0}}', True),
        (b'{"generationConfig": {"temperature": false}}', False),
        (b'{"generationConfig": {"temperature": 0.1}}', False),
        (b'{"generationConfig": {}}', False),
        (b"[]", False),
        (b"no json", False),
        (b"", False),
        (b"[" * 100_000, False),
        (json.dumps({"generationConfig": {"temperature": 0}, "x": "y" * 2**20}).encode(), False),
    ],
)
def test_a_body_must_say_what_the_route_wants(body, is_read):
    assert COLD(request("POST", body=body)) == is_read


def test_a_body_that_is_not_at_hand_is_no_read():
    class Streamed(BytesBody):
        def known(self):
            return None

    assert not ReadRule(post=True)(Request("POST", "/", [], Streamed(b"x")))


def test_a_post_that_is_not_kept_still_only_reads():
    warm = request("POST", body=b'{"generationConfig": {"temperature": 1}}')
    assert not COLD(warm)
    assert COLD.only_reads(warm)
    assert not COLD.only_reads(request("PUT"))
    assert not ReadRule().only_reads(warm)


@given(st.binary())
def test_no_body_makes_it_raise(body):
    COLD(request("POST", body=body))
