"""`config/supabase/performance_indexes.sql`, as text; `tests/supabase` runs it on PostgreSQL."""

import re
from pathlib import Path

import pytest

from sidecar.core.advice.rules.database import index_for
from sidecar.core.advice.shape import shape_of
from tests.support.builders import request

FILE = Path(__file__).parents[4] / "config" / "supabase" / "performance_indexes.sql"
STATEMENT = re.compile(
    r"CREATE INDEX CONCURRENTLY IF NOT EXISTS (\w+)\s+ON public\.(\w+) \(([^()]+)\);"
)
TARGET = re.compile(r"^--\s+GET (\S+)$", re.MULTILINE)


def statements():
    text = re.sub(r"^--.*$", "", FILE.read_text(), flags=re.MULTILINE)
    return [each.strip() + ";" for each in text.split(";") if each.strip()]


@pytest.mark.parametrize("statement", statements())
def test_a_statement_locks_nobody_out_and_can_be_run_again(statement):
    assert STATEMENT.fullmatch(statement)


def test_there_are_those_that_the_product_was_conceived_with():
    found = {STATEMENT.fullmatch(each)[2]: STATEMENT.fullmatch(each)[3] for each in statements()}
    assert found == {
        "conversations": "account_id, updated_at DESC",
        "messages": 'conversation_id, "timestamp" DESC',
        "whatsapp_accounts": "phone_number_id",
    }


def test_the_advice_for_the_queries_in_its_comments_are_its_statements():
    proposed = []
    for target in TARGET.findall(FILE.read_text()):
        index = index_for(shape_of(request("GET", target), lambda _: False))
        proposed.append((index.table, ", ".join(index.columns).replace('"', "")))
    written = [STATEMENT.fullmatch(each).groups() for each in statements()]
    assert proposed == [(table, columns.replace('"', "")) for _, table, columns in written]
