from pathlib import Path

import pytest

from tests.support.containers import container, require_image

CONFIG = Path(__file__).parent / "sidecar.yaml"


@pytest.fixture(scope="session")
def image():
    return require_image()


@pytest.fixture
def configured():
    """The options that give a container the configuration of these tests."""
    return (f"--volume={CONFIG}:/etc/sidecar/sidecar.yaml:ro",)


@pytest.fixture(scope="module")
def sidecar(image):
    """A healthy container that the tests of a module share."""
    with container(image, options=(f"--volume={CONFIG}:/etc/sidecar/sidecar.yaml:ro",)) as running:
        running.wait_until_healthy()
        yield running
