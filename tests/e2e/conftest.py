"""Keeps what every comparison of an SDK came to, for the table in docs/clients.md.

The record is in pytest's cache, so it outlives the run: `python -m scripts.client_matrix` reads
it there. The test that holds the document to it runs last.
"""

import pytest

from tests.e2e.client_record import counted, merged, subjects

RECORD = "sidecar/clients"


@pytest.fixture(autouse=True)
def _comparison_is_kept(request, monkeypatch):
    """Wrap the module's `differences`, by which every comparison is made."""
    compare = getattr(request.module, "differences", None)
    params = getattr(request.node, "callspec", None) and request.node.callspec.params
    if compare is None or not params or "way" not in params:
        return
    module = request.module.__name__.rpartition(".")[2]
    found = subjects(module, params.get("client"))

    def kept(here, there):
        for subject in found:
            counts = counted(subject, found, here, there)
            record = request.config.cache.get(RECORD, {})
            test = f"{module}.{request.node.originalname}"
            record = merged(record, subject, test, params["way"], counts)
            request.config.cache.set(RECORD, record)
        return compare(here, there)

    monkeypatch.setattr(request.module, "differences", kept)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """After whoever shuffles: what reads the record comes behind what writes it."""
    items.sort(key=lambda item: "client_matrix" in item.nodeid)
