"""Whose certificates a context trusts, and when it is made without any."""

import os
import ssl

import pytest

from sidecar.transport.tls import without_authorities
from tests.support.certificates import make

VARIABLE = "SSL_CERT_FILE"


def trusted():
    return ssl.create_default_context().cert_store_stats()["x509_ca"]


def test_a_context_that_is_made_meanwhile_trusts_nobody_and_one_that_is_made_later_does(
    tmp_path, monkeypatch
):
    monkeypatch.setenv(VARIABLE, str(make(tmp_path).ca))
    with without_authorities():
        assert trusted() == 0
    assert trusted() == 1


@pytest.mark.parametrize("before", [None, "/etc/ours.pem"])
def test_the_variable_is_afterwards_as_it_was_also_after_an_error(before, monkeypatch):
    if before is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, before)
    with pytest.raises(ImportError), without_authorities():
        raise ImportError
    assert os.environ.get(VARIABLE) == before
