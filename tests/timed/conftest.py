"""The event loops that the product runs on, as for the integration tests."""

from tests.integration.conftest import pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]
