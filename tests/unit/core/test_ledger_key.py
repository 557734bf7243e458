"""Which calls have the same key, and which are the same call."""

import pytest

from sidecar.core.caller import caller_of
from sidecar.core.ledger_key import LedgerKeys
from sidecar.exchange import BytesBody
from tests.support.builders import exchange, request


def keyed(method="POST", target="/messages", body=b"{}", key=b"k1", **headers):
    fields = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    return request(method, target, [(b"idempotency-KEY", key), *fields], body)


KEYS = LedgerKeys("Idempotency-Key", b"secret")


def key_of(*args, upstream="api", keys=KEYS, **headers):
    subject = exchange(keyed(*args, **headers))
    subject.upstream = upstream
    return keys.key(subject)


def test_a_key_belongs_to_its_upstream_and_its_caller():
    different = [
        key_of(),
        key_of(key=b"k2"),
        key_of(upstream="other"),
        key_of(authorization=b"a"),
        key_of(authorization=b"b"),
        key_of(apikey=b"a"),
        key_of(authorization=b"a", apikey=b"a"),
        key_of(cookie=b"a"),
        key_of(keys=LedgerKeys("Idempotency-Key", b"another secret")),
    ]
    assert len(set(different)) == len(different)
    assert key_of(user_agent=b"x") == key_of(user_agent=b"y") == key_of()


def test_a_credential_in_the_query_is_another_caller_and_another_parameter_is_not():
    one, other = key_of(target="/messages?key=one"), key_of(target="/messages?key=two")
    assert len({one, other, key_of(target="/messages")}) == 3
    assert key_of(target="/messages?limit=1") == key_of(target="/messages?limit=2") == key_of()


def test_a_field_with_the_key_that_looks_like_a_credential_is_read_once_and_as_the_key():
    keys = LedgerKeys("X-Request-Key", b"secret")

    def of(*values):
        fields = [(b"x-request-KEY", value) for value in values]
        return keys.key(exchange(request("POST", headers=fields)))

    assert caller_of(request("POST", headers=[(b"x-request-KEY", b"k")]), b"x-request-key") == [
        b"0"
    ]
    assert of(b"k") == of(b"k") != of(b"l")
    assert of(b"k") != of(b"k", b"l")


def test_a_key_and_a_credential_do_not_run_into_each_other():
    one = [(b"Idempotency-Key", b"k"), (b"Idempotency-Key", b"apikey"), (b"Idempotency-Key", b"x")]
    other = [(b"Idempotency-Key", b"k"), (b"apikey", b"x")]
    keys = [KEYS.key(exchange(request("POST", headers=fields))) for fields in (one, other)]
    assert None not in keys
    assert keys[0] != keys[1]
    assert key_of(target="/messages?apikey=x") != key_of(apikey=b"x")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_call_has_no_key(method):
    assert key_of(method) is None


def test_no_header_or_an_empty_one_is_no_key():
    assert key_of(key=b"") is None
    assert KEYS.key(exchange(request("POST"))) is None


def test_nothing_of_the_caller_can_be_read_in_a_key():
    key = key_of(key=b"order-4711", authorization=b"Bearer token")
    assert len(key) == 32
    assert not any(word in key for word in ("order", "4711", "token"))


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        (keyed(), True),
        (keyed(key=b"k2"), True),
        (keyed("PUT"), False),
        (keyed(target="/messages?x=1"), False),
        (keyed(body=b"{ }"), False),
    ],
)
def test_a_fingerprint_is_of_method_target_and_body(other, fits):
    assert KEYS.fingerprint(keyed()).fits(KEYS.fingerprint(other)) is fits


def test_a_body_that_is_not_there_yet_is_not_compared():
    class Late(BytesBody):
        def known(self):
            return None

    late = keyed()._replace(body=Late(b"other"))
    assert KEYS.fingerprint(late).fits(KEYS.fingerprint(keyed()))
