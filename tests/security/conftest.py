"""The event loop of these tests is the one that the product prefers."""

import asyncio
import os

from sidecar.loops import loop_factory


def pytest_asyncio_loop_factories(config, item):
    """As in tests/integration; LOOP=asyncio asks for the other one."""
    name = os.environ.get("LOOP", "preferred")
    return {name: asyncio.new_event_loop if name == "asyncio" else loop_factory("auto")}
