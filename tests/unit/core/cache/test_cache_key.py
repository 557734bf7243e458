import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.core.cache.credentials import names_a_credential
from sidecar.core.cache.key import KeyRule, _joined, variant_of
from sidecar.exchange import BytesBody, Request
from tests.support.builders import request

RULE = KeyRule("api", b"secret", (b"accept", b"range"))

credentials = st.sampled_from(
    [
        b"Authorization",
        b"authorization",
        b"apikey",
        b"Cookie",
        b"Proxy-Authorization",
        b"X-Api-Key",
        b"x-goog-api-key",
        b"X-Auth-Token",
        b"Private-Token",
        b"X-Amz-Security-Token",
        b"X-User-Id",
        b"X-Org-Id",
        b"X-Tenant",
        b"X-Forwarded-User",
        b"X-Session",
        b"X-Signature",
        b"X-Client-Secret",
    ]
)
fields = st.lists(
    st.tuples(
        credentials | st.sampled_from([b"Accept", b"Range", b"User-Agent", b"X-Request-Id"]),
        st.binary(max_size=4),
    ),
    max_size=4,
)
PLAIN = {b"user-agent", b"x-request-id"}


def seen(headers, names):
    """What of the fields may make a difference."""
    kept = [(name.lower(), value) for name, value in headers if name.lower() not in PLAIN]
    return sorted(
        (f for f in kept if f[0] in names or names_a_credential(f[0])), key=lambda f: f[0]
    )


@given(credentials, st.binary(max_size=8), st.binary(max_size=8), fields)
def test_two_users_never_share_a_key(name, one, other, rest):
    assume(one != other)
    keys = {RULE.of(request(headers=[(name, value), *rest])) for value in (one, other)}
    assert len(keys) == 2
    assert RULE.of(request(headers=rest)) not in keys


@given(fields, fields)
def test_keys_are_the_same_exactly_where_the_answer_may_be(one, other):
    same = seen(one, RULE.headers) == seen(other, RULE.headers)
    assert (RULE.of(request(headers=one)) == RULE.of(request(headers=other))) == same


@given(st.text(st.characters(max_codepoint=255), max_size=6), st.binary(max_size=6))
def test_a_credential_in_the_query_is_a_part_of_the_key(value, other):
    assume(value.encode() != other)
    one = request(target=f"/v1?key={value}")
    two = request(target="/v1?key=" + other.decode("utf-8", "surrogateescape"))
    for rule in (RULE, KeyRule("api", b"secret", shared=True)):
        assert rule.of(one) != rule.of(two)


@given(st.lists(st.binary(max_size=5), max_size=5), st.lists(st.binary(max_size=5), max_size=5))
def test_no_two_lists_give_the_same_bytes_whatever_follows(one, other):
    assume(one != other)
    shorter, longer = sorted((_joined(one), _joined(other)), key=len)
    assert not longer.startswith(shorter)


def test_parts_do_not_run_into_each_other():
    pairs = [
        ([(b"Accept", b"a"), (b"Range", b"b")], [(b"Accept", b"arange"), (b"Range", b"b")]),
        ([(b"Accept", b"a"), (b"Accept", b"b")], [(b"Accept", b"a, b")]),
        ([(b"Accept", b"")], []),
        ([(b"apikey", b"x")], [(b"Authorization", b"x")]),
    ]
    for one, other in pairs:
        assert RULE.of(request(headers=one)) != RULE.of(request(headers=other))


def test_the_order_of_fields_with_different_names_makes_no_difference():
    both = [(b"apikey", b"x"), (b"Authorization", b"y"), (b"Accept", b"z")]
    assert RULE.of(request(headers=both)) == RULE.of(request(headers=both[::-1]))


def test_head_asks_for_the_same_as_get_and_post_does_not():
    assert RULE.of(request("HEAD")) == RULE.of(request()) != RULE.of(request("POST"))


def test_what_is_shared_ignores_who_asks_and_is_no_key_of_what_is_not():
    rule = KeyRule("api", b"secret", shared=True)
    asked = request(headers=[(b"Authorization", b"one")])
    assert rule.of(asked) == rule.of(request())
    assert rule.of(request()) != KeyRule("api", b"secret").of(request())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("/a?x=1&y=2", "/a?y=2&x=1", True),
        ("/a?x=1&x=2", "/a?x=2&x=1", False),
        ("/a?x=1", "/b?x=1", False),
        ("/a?", "/a", False),
        ("/a?x=1&y=2", "/a?x=1%26y=2", False),
    ],
)
def test_the_order_of_parameters_may_be_ignored(one, other, same):
    rule = KeyRule("api", b"secret", sort_query=True)
    assert (rule.of(request(target=one)) == rule.of(request(target=other))) == same
    assert RULE.of(request(target=one)) != RULE.of(request(target=other))


def test_the_body_is_a_part_where_it_asks():
    rule = KeyRule("api", b"secret", body=True)
    one, other = (rule.of(request("POST", body=data)) for data in (b"1", b"2"))
    assert one != other

    class Streamed(BytesBody):
        def known(self):
            return None

    assert rule.of(Request("POST", "/", [], Streamed(b"1"))) is None


@pytest.mark.parametrize("name", [b"Content-Profile", b"Content-Type", b"Content-Encoding"])
def test_what_a_body_means_by_is_a_part_where_it_asks(name):
    rule = KeyRule("api", b"secret", body=True)
    one, other = (request("POST", headers=[(name, v)], body=b"1") for v in (b"a", b"b"))
    assert rule.of(one) != rule.of(other)


def test_upstream_secret_and_rule_are_parts():
    rules = [
        RULE,
        KeyRule("other", b"secret", (b"accept", b"range")),
        KeyRule("api", b"another", (b"accept", b"range")),
        KeyRule("api", b"secret", (b"accept",)),
    ]
    assert len({rule.of(request()) for rule in rules}) == 4
    assert "secret" not in repr(RULE.of(request()))


def test_the_tag_of_a_credential_is_the_same_in_all_its_requests():
    token = [(b"Authorization", b"Bearer x"), (b"apikey", b"k")]
    asked = request(target="/a", headers=[*token, (b"Accept", b"x")])
    tag = RULE.credential(asked)
    assert tag == KeyRule("api", b"secret").credential(request("PUT", "/b", token[::-1]))
    assert tag != RULE.credential(request(headers=token[:1]))
    assert RULE.credential(request(headers=[(b"Accept", b"x")])) is None


variants = st.tuples(
    st.tuples(*[st.binary(max_size=3)] * 2), st.tuples(*[st.none() | st.binary(max_size=3)] * 2)
)


@given(variants, variants)
def test_variants_are_told_apart_by_names_and_values(one, other):
    keys = [variant_of("k", *names_and_values, b"secret") for names_and_values in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


@pytest.mark.parametrize(
    "name",
    b"Accept User-Agent X-Request-Id X-B3-TraceId x-datadog-parent-id Host traceparent Prefer"
    b" Idempotency-Key Sec-WebSocket-Key X-Client-Info X-Sidecar-Token X-Amzn-Trace-Id".split(),
)
def test_what_differs_in_every_request_is_no_credential(name):
    assert not names_a_credential(name)


def test_a_name_too_long_to_look_at_counts_as_a_credential():
    assert names_a_credential(b"x" * 65)
