"""Certificates, made once for the integration tests of a process."""

import pytest

from tests.support import certificates


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("certificates"))
