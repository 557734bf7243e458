"""The table of clients in docs/clients.md is what the comparisons came to. Runs last."""

import json

from scripts import client_matrix
from tests.e2e.client_record import everybody
from tests.e2e.conftest import RECORD
from tests.support.tools import missing

REMEDY = "run `python -m scripts.client_matrix` from the checkout"


def test_the_document_has_what_the_comparisons_came_to(pytestconfig):
    record = pytestconfig.cache.get(RECORD, {})
    absent = [each.name for each in everybody() if each.name not in record]
    if absent:
        missing(f"the record of {', '.join(absent)} (make test-sdk)")
    text = client_matrix.DOCUMENT.read_text()
    assert client_matrix.renewed(text, dict(sorted(record.items()))) == text, REMEDY


def test_the_script_finds_the_record_where_the_tests_leave_it(pytestconfig):
    if not pytestconfig.cache.get(RECORD, {}):
        missing("a record of the comparisons (make test-sdk)")
    assert json.loads(client_matrix.RECORD.read_text()) == pytestconfig.cache.get(RECORD, {})
