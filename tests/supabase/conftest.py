"""Servers: one that all tests share, and fresh ones for who stops it or compares ids."""

import itertools

import pytest

from sidecar.loops import loop_factory
from tests.supabase.server import Server, migrated

_number = itertools.count()


def pytest_asyncio_loop_factories(config, item):
    """The loop that the product prefers."""
    return {"preferred": loop_factory("auto")}


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A project whose database has been made, to copy."""
    return migrated(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def start(template, tmp_path_factory):
    """Starts a server of its own; all are stopped in the end."""
    servers = []

    def started():
        server = Server(template, tmp_path_factory.mktemp("served") / f"server{next(_number)}")
        servers.append(server)
        server.start()
        return server

    yield started
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def shared(start):
    """A server for tests that leave it running, and know only rows of their own users."""
    return start()
