"""Certificates, made once for a process; and the event loops that the product runs on."""

import asyncio
import os

import pytest

from sidecar.loops import loop_factory
from tests.support import certificates


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("certificates"))


def pytest_asyncio_loop_factories(config, item):
    """The loop that the product prefers; LOOP=asyncio or LOOP=both ask for others."""
    loops = {"asyncio": asyncio.new_event_loop, "preferred": loop_factory("auto")}
    wanted = os.environ.get("LOOP", "preferred")
    return loops if wanted == "both" else {wanted: loops[wanted]}
