"""Inserts with a key of their own."""

import asyncio
import json
from dataclasses import replace

import pytest

from sidecar.core.named_inserts import key_of
from sidecar.errors import UpstreamReset
from sidecar.layers.named_insert import named_insert
from tests.support.bodies import Chunks, whole
from tests.support.builders import exchange, request, response
from tests.support.stepped_clock import settle

KEY = "0b0b"
DUPLICATE = json.dumps({"code": "23505", "details": f"Key (id)=({KEY}) already exists."}).encode()


def insert(body=b'{"body":"x"}'):
    made = exchange()
    made.request = request("POST", "/rest/v1/messages", [(b"Content-Length", b"12")], body)
    return made


class Upstream:
    """Answers, and remembers what came; `attempts` is how many it took."""

    def __init__(self, answer, attempts=1):
        self.answer, self.attempts = answer, attempts
        self.seen = []

    async def __call__(self, subject):
        self.seen.append(replace(subject))
        subject.attempt = self.attempts
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def layer(upstream):
    return named_insert("id", lambda: KEY)(upstream)


def test_without_a_column_there_is_no_layer():
    assert named_insert(None, lambda: KEY) is None


async def test_an_insert_is_sent_with_a_key_and_may_be_repeated():
    upstream, subject = Upstream(response(201)), insert()
    got = await layer(upstream)(subject)
    assert got.status == 201
    (seen,) = upstream.seen
    assert json.loads(seen.request.body.known()) == {"id": KEY, "body": "x"}
    assert seen.repeatable
    assert not subject.repeatable, "what is above need not believe it"


async def test_what_names_its_key_goes_as_it_is():
    upstream, subject = Upstream(response(201)), insert(b'{"id":"mine"}')
    await layer(upstream)(subject)
    assert upstream.seen[0].request is subject.request
    assert not upstream.seen[0].repeatable


async def test_a_duplicate_of_an_earlier_attempt_means_that_it_was_done():
    refused = response(409, DUPLICATE)
    subject = insert()
    got = await layer(Upstream(refused, attempts=2))(subject)
    assert (got.status, await got.body.read()) == (201, b"")
    assert subject.attempt == 2


@pytest.mark.parametrize(("body", "attempts"), [(DUPLICATE, 1), (b'{"code":"23503"}', 2)])
async def test_any_other_conflict_is_the_applications(body, attempts):
    got = await layer(Upstream(response(409, body), attempts))(insert())
    assert (got.status, await got.body.read()) == (409, body)


async def test_an_error_passes_with_the_number_of_its_attempt():
    subject = insert()
    with pytest.raises(UpstreamReset):
        await layer(Upstream(UpstreamReset("reset", code="upstream_reset"), attempts=3))(subject)
    assert subject.attempt == 3


async def test_a_conflict_that_breaks_off_is_the_applications_and_breaks_there():
    refused = response(409)
    refused.body = Chunks(DUPLICATE[:9], UpstreamReset("reset", code="upstream_reset"))
    got = await layer(Upstream(refused, attempts=2))(insert())
    assert got.status == 409
    with pytest.raises(UpstreamReset):
        await whole(got)


async def test_who_leaves_before_a_conflict_was_read_leaves_nothing_open():
    refused, closed = response(409), []
    refused.body = Chunks(None)
    refused.on_close(closed.append)
    call = asyncio.ensure_future(layer(Upstream(refused, attempts=2))(insert()))
    await settle()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert [type(error) for error in closed] == [asyncio.CancelledError]


async def test_all_attempts_at_a_delivery_have_one_key_and_find_the_row_of_an_earlier_one():
    key = key_of("d1")
    said = {"code": "23505", "details": f"Key (id)=({key}) already exists."}
    upstream, subject = Upstream(response(409, json.dumps(said).encode())), insert()
    subject.delivery = "d1"
    got = await layer(upstream)(subject)
    assert json.loads(upstream.seen[0].request.body.known())["id"] == key
    assert (got.status, subject.attempt) == (201, 1)
    assert key_of("d2") != key
