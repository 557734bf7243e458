"""Certificates, made once for a process; and the event loops that the product runs on."""

import asyncio
import os

import pytest

from tests.support import certificates
from tests.support.sidecar import loop_factory


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("certificates"))


def pytest_asyncio_loop_factories(config, item):
    """The loop that the product prefers; LOOP=asyncio or LOOP=both ask for others."""
    loops = {"asyncio": asyncio.new_event_loop, "preferred": loop_factory()}
    wanted = os.environ.get("LOOP", "preferred")
    return loops if wanted == "both" else {wanted: loops[wanted]}
