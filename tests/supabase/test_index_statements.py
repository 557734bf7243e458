"""The indexes that are shipped, and those that are advised, on a real PostgreSQL."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from sidecar.core.advice.rules.database import index_for
from sidecar.core.advice.shape import shape_of
from tests.supabase.server import HERE, PATIENCE, environment, require_node
from tests.support.builders import request

FILE = Path(__file__).parents[2] / "config" / "supabase" / "performance_indexes.sql"
TABLES = (
    "CREATE TABLE conversations (id bigint PRIMARY KEY, account_id bigint, updated_at timestamptz)",
    'CREATE TABLE messages (id bigint, conversation_id bigint, "timestamp" timestamptz)',
    "CREATE TABLE whatsapp_accounts (id bigint PRIMARY KEY, phone_number_id text)",
    "CREATE SCHEMA private",
    'CREATE TABLE private."Odd" (id bigint PRIMARY KEY, tags text[], at timestamptz)',
    # So small a table is not worth an index: what else there is comes last.
    "SET enable_seqscan = off",
    "SET enable_bitmapscan = off",
    "SET enable_sort = off",
)


def run(tmp_path, *statements):
    finished = subprocess.run(
        [require_node(), str(HERE / "statements.mjs")],
        input=json.dumps(statements),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def shipped():
    text = re.sub(r"^\s*--.*$", "", FILE.read_text(), flags=re.MULTILINE)
    return [each.strip() for each in text.split(";") if each.strip()]


QUERIES = {
    "conversations_account_id_updated_at_idx": (
        "SELECT * FROM conversations WHERE account_id = 1 ORDER BY updated_at DESC LIMIT 5"
    ),
    "messages_conversation_id_timestamp_idx": (
        'SELECT * FROM messages WHERE conversation_id = 1 ORDER BY "timestamp" LIMIT 5'
    ),
    "whatsapp_accounts_phone_number_id_idx": (
        "SELECT * FROM whatsapp_accounts WHERE phone_number_id = '1'"
    ),
}


def test_the_shipped_indexes_can_be_made_again_and_are_used(tmp_path):
    explained = [f"EXPLAIN {query}" for query in QUERIES.values()]
    results = run(tmp_path, *TABLES, *shipped(), *shipped(), *explained)
    for index, rows in zip(QUERIES, results[-len(QUERIES) :], strict=True):
        plan = "\n".join(row["QUERY PLAN"] for row in rows)
        assert index in plan
        assert "Sort" not in plan


@pytest.mark.parametrize(
    ("target", "schema", "query"),
    [
        (
            "/rest/v1/messages?conversation_id=eq.1&order=timestamp.desc.nullslast",
            "",
            'FROM messages WHERE conversation_id = 1 ORDER BY "timestamp" DESC NULLS LAST',
        ),
        ("/rest/v1/Odd?at=gt.1", "private", 'FROM private."Odd" WHERE at > now()'),
    ],
)
def test_an_advised_index_can_be_made_and_is_used(tmp_path, target, schema, query):
    headers = [(b"Accept-Profile", schema.encode())] if schema else []
    index = index_for(shape_of(request("GET", target, headers), lambda _: False))
    results = run(tmp_path, *TABLES, index.sql, index.sql, f"EXPLAIN SELECT * {query}")
    plan = "\n".join(row["QUERY PLAN"] for row in results[-1])
    assert index.name in plan
    assert "Sort" not in plan


def test_an_index_of_what_is_in_a_value_can_be_made_and_is_used(tmp_path):
    headers = [(b"Accept-Profile", b"private")]
    index = index_for(
        shape_of(request("GET", "/rest/v1/Odd?tags=cs.{a}", headers), lambda _: False)
    )
    query = "EXPLAIN SELECT * FROM private.\"Odd\" WHERE tags @> '{a}'"
    results = run(tmp_path, *TABLES, "SET enable_bitmapscan = on", index.sql, query)
    assert index.name in "\n".join(row["QUERY PLAN"] for row in results[-1])
