"""Which inserts are given a key, and which answer says that an earlier attempt was done."""

import json

import pytest

from sidecar.core.named_inserts import named, was_done_before
from tests.support.builders import request

TABLE = "/rest/v1/messages"


def insert(body, target=TABLE, *headers, method="POST"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request(method, target, [(b"Content-Length", b"%d" % len(data)), *headers], data)


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (b'{"body":"x"}', b'{"id": "k","body":"x"}'),
        (b' {\n "body": "x"}', b' {"id": "k",\n "body": "x"}'),
        (b"{}", b'{"id": "k"}'),
        (b"{ }", b'{"id": "k" }'),
    ],
)
def test_a_row_is_given_its_key_and_all_else_stays_byte_for_byte(body, changed):
    found = named(insert(body, TABLE, (b"Prefer", b"return=minimal")), "id", "k")
    assert found is not None
    assert found.body is not None
    assert found.body.known() == changed
    assert (b"Content-Length", b"%d" % len(changed)) in found.headers
    assert found.target == TABLE


@pytest.mark.parametrize(
    "subject",
    [
        insert({"id": 5}),
        insert([{"body": "x"}]),
        insert(b'{"body":'),
        insert(b"body=x"),
        insert({"body": "x"}, method="PATCH"),
        insert({"body": "x"}, "/rest/v1/rpc/send"),
        insert({"body": "x"}, "/auth/v1/token"),
        insert({"body": "x"}, TABLE + "?columns=body"),
        insert({"body": "x"}, TABLE + "?select=id"),
        insert({"body": "x"}, TABLE, (b"Prefer", b"return=representation")),
        insert({"body": "x"}, TABLE, (b"Prefer", b"return=minimal, resolution=merge-duplicates")),
        insert({"body": "x"}, TABLE, (b"Content-Encoding", b"gzip")),
        request("POST", TABLE),
    ],
)
def test_what_is_not_the_insert_of_one_row_that_need_only_be_done_stays_as_it_is(subject):
    assert named(subject, "id", "k") is None


SAID = {"code": "23505", "details": "Key (id)=(k) already exists."}


@pytest.mark.parametrize(
    ("status", "said", "done"),
    [
        (409, SAID, True),
        (400, SAID, False),
        (409, {**SAID, "code": "23503"}, False),
        (409, {**SAID, "details": "Key (phone)=(k) already exists."}, False),
        (409, {**SAID, "details": None}, False),
        (409, None, False),
    ],
)
def test_only_a_duplicate_of_this_very_key_means_that_it_was_done(status, said, done):
    assert was_done_before(status, said, "id", "k") is done
