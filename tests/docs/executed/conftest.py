import pytest

from tests.docs.executed.world import living


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """One for all documents that ask a running sidecar."""
    with living(tmp_path_factory.mktemp("world")) as world:
        yield world
