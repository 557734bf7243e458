"""Certificates, made once for a process; the admin listener and what it logs; the event loops."""

import asyncio
import logging
import os

import pytest

from sidecar.loops import loop_factory
from tests.support import certificates
from tests.support.admin_served import Served


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def served():
    async with Served() as made:
        yield made


@pytest.fixture
def audit(caplog):
    """What the admin listener writes into the log for every write, so far."""
    caplog.set_level(logging.INFO, "sidecar.event")
    return lambda: [record.fields for record in caplog.records if record.msg == "admin"]


def pytest_asyncio_loop_factories(config, item):
    """The loop that the product prefers; LOOP=asyncio or LOOP=both ask for others."""
    loops = {"asyncio": asyncio.new_event_loop, "preferred": loop_factory("auto")}
    wanted = os.environ.get("LOOP", "preferred")
    return loops if wanted == "both" else {wanted: loops[wanted]}
