"""Advice on how a database is asked: indexes, deep pages, rows of calls."""

import pytest

from sidecar.core.advice.rules.database import Index, index_for
from sidecar.core.advice.shape import shape_of
from sidecar.telemetry.redact import is_secret
from tests.support.advised import Seen, passes, slow
from tests.support.builders import request


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("account_id=eq.{n}&order=updated_at.desc", '"account_id", "updated_at" DESC'),
        ("order=at.asc&status=eq.x&account_id=eq.{n}", '"account_id", "status", "at"'),
        ("account_id=eq.{n}&at=gt.5", '"account_id", "at"'),
        ("at=gte.{n}", '"at"'),
        ("order=at.desc.nullslast,id.desc", '"at" DESC NULLS LAST, "id" DESC'),
        ("order=at.desc.nullsfirst", '"at" DESC'),
        ("order=at.asc.nullsfirst", '"at" NULLS FIRST'),
        ("order=at.asc.nullslast", '"at"'),
        ("a_status=eq.x&chat_id=eq.{n}", '"chat_id", "a_status"'),
        ("phone=in.({n},7)", '"phone"'),
        ("order=Weird.desc", '"Weird" DESC'),
    ],
)
def test_a_slow_filter_gets_an_index_equality_first(query, columns):
    advice = slow(Seen()).calls(25, f"/rest/v1/things?{query}", took=0.16).only()
    assert advice.kind == "index"
    assert advice.confidence == "high"
    assert advice.sql.endswith(f' ON "public"."things" ({columns});')
    assert advice.sql.startswith("CREATE INDEX CONCURRENTLY IF NOT EXISTS ")
    assert advice.evidence["fastest_p50_seconds"] == pytest.approx(0.02, rel=0.06)


def test_what_is_in_a_value_is_found_by_another_kind_of_index():
    advice = slow(Seen()).calls(25, "/rest/v1/things?tags=cs.{a}", took=0.16).only()
    assert advice.sql.endswith(' ON "public"."things" USING gin ("tags");')


@pytest.mark.parametrize(
    ("target", "count", "took"),
    [
        ("/rest/v1/things?id=eq.{n}&a=eq.1", 25, 0.16),  # the primary key
        ("/rest/v1/things?a=eq.{n}", 19, 0.16),  # too few
        ("/rest/v1/things?a=eq.{n}", 25, 0.05),  # not that much slower
        ("/rest/v1/things?order=id.desc", 25, 0.16),
        ("/rest/v1/things?or=(a.eq.{n},b.eq.1)", 25, 0.16),
        ("/rest/v1/rpc/things?a={n}", 25, 0.16),
        ("/things?a=eq.{n}", 25, 0.16),
    ],
)
def test_no_index_is_proposed_where_it_would_not_help(target, count, took):
    assert slow(Seen()).calls(count, target, took=took).advice == []


def test_an_index_that_is_the_beginning_of_another_is_not_proposed_beside_it():
    seen = slow(Seen())
    seen.calls(25, "/rest/v1/things?account_id=eq.{n}", took=0.16)
    seen.calls(25, "/rest/v1/things?account_id=eq.{n}&order=at.desc", took=0.16)
    advice = seen.only()
    assert '("account_id", "at" DESC)' in advice.sql
    assert (advice.evidence["calls"], advice.evidence["shapes"]) == (50, 2)


def test_names_are_quoted_and_no_longer_than_postgresql_allows():
    index = Index('odd"schema/' + "t" * 60, "btree", ('"conversation_id"', '"at" DESC'))
    assert '"odd""schema"."tttt' in index.sql
    name = index.sql.split("EXISTS ")[1].split(" ON ")[0].strip('"')
    assert len(name) == 63
    assert name.endswith("_conversation_id_at_idx")


def test_no_shape_but_a_tables_has_an_index():
    assert index_for(shape_of(request("GET", "/v23.0/5/messages?a=eq.1"), is_secret)) is None


def test_deep_pages_are_to_be_asked_for_by_key():
    seen = Seen().calls(30, "/rest/v1/things?order=at.asc&limit=9", took=0.02)
    for number in range(12):
        seen.call(f"/rest/v1/things?order=at.asc&limit=9&offset={2000 + number}", took=0.09)
    advice = seen.only()
    assert (advice.kind, advice.confidence) == ("paging", "high")
    assert advice.text.endswith(
        "order=at.asc,id.asc&or=(at.gt.LAST,and(at.eq.LAST,id.gt.LAST_ID))&limit=N"
    )


def test_pages_that_are_not_deep_are_left_alone():
    assert Seen().calls(50, "/rest/v1/things?order=at.asc&offset={n}").advice == []


def rows(seen, count=4, calls=6):
    for parent in range(count):
        seen.call(f"/rest/v1/conversations?account_id=eq.{parent}")
        for child in range(calls):
            seen.call(f"/rest/v1/messages?conversation_id=eq.{parent}{child}", wait=0.001)
    return seen


def test_rows_of_calls_are_to_be_one_or_made_ahead(tmp_path):
    advice = rows(Seen()).only()
    assert (advice.kind, advice.confidence) == ("n_plus_one", "medium")
    assert "conversation_id=in.(ID,ID,…)" in advice.text
    assert "/rest/v1/conversations?select=*,messages(*)" in advice.text
    first, second = advice.settings["upstreams"]["db"]["routes"]
    assert first["cache"]["prefetch"] == [
        {"target": "/rest/v1/messages?conversation_id=eq.{$[*].id}", "most": 10}
    ]
    assert second["match"]["path"] == "/rest/v1/messages"
    assert passes(advice, tmp_path)


def test_two_rows_may_be_chance():
    assert rows(Seen(), count=2).advice == []
