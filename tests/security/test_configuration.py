"""Whatever is secret in a configuration is hidden, wherever the configuration is shown."""

import dataclasses
import re
import typing

import pytest

from sidecar.config import Config
from sidecar.config.secret import Secret
from sidecar.config.strict import STRICT
from sidecar.config.written import hints_of, values
from sidecar.loader import loads

SECRET_NAMES = re.compile(r"(?:^|_)(?:secret|token|key|keys|value|values|password)(?:_|$)")
NO_SECRETS = {"ClientTls.key", "ServerTls.key", "Retry.insert_key", "Breaker.key", "Pace.key"}
"""Names of files and of a field; rules by which calls are told apart."""


def sections(kind, seen):
    """All dataclasses of the model."""
    is_section = getattr(kind, "__pydantic_config__", None) is STRICT
    if is_section and kind not in seen:
        seen.add(kind)
        for hint in hints_of(kind).values():
            sections(hint, seen)
    for inner in typing.get_args(kind):
        sections(inner, seen)
    return seen


def texts(hint):
    """Whether a value of it may be a text that is shown as it is."""
    if hint is str:
        return True
    return any(texts(inner) for inner in typing.get_args(hint) if inner is not Secret)


MODEL = sorted(sections(Config, set()), key=lambda kind: kind.__name__)
NAMED = [
    (kind, each)
    for kind in MODEL
    for each in dataclasses.fields(kind)
    if SECRET_NAMES.search(each.name) and f"{kind.__name__}.{each.name}" not in NO_SECRETS
]


@pytest.mark.parametrize(
    ("kind", "each"), NAMED, ids=[f"{kind.__name__}.{each.name}" for kind, each in NAMED]
)
def test_every_secret_of_the_configuration_is_hidden(kind, each):
    hint = hints_of(kind)[each.name]
    assert not each.repr or not texts(hint), "a text that would be shown"


def test_the_whole_model_was_looked_through():
    names = {kind.__name__ for kind in MODEL}
    assert {"Stores", "Admin", "Credentials", "Callback", "SqliteSpool", "Tracing"} <= names
    assert {f"{kind.__name__}.{each.name}" for kind, each in NAMED} >= {
        "Stores.secret", "Admin.token", "Credentials.value", "SqliteSpool.key", "Callback.secret"
    }  # fmt: skip


def test_no_secret_is_in_any_form_of_a_configuration():
    text = """
listen: {admin: null}
admin: {token: canary-of-the-listener}
stores:
  secret: canary-of-the-store
  shared: {kind: redis, url: "${URL}"}
  spool: {kind: redis, url: "${URL}", key: "${KEY}"}
tracing: {endpoint: "http://127.0.0.1:4318", headers: {x: canary-of-the-collector}}
upstreams:
  api:
    url: https://api.test
    credentials: {header: x-key, values: [canary-one, canary-two]}
    routes:
      - name: send
        match: {methods: [POST]}
        queue:
          mode: always
          callback: {url: "http://127.0.0.1:1/x", secret: canary-of-the-callback}
"""
    key = "Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5MTI="
    env = {"URL": "redis://:canary@127.0.0.1:1/0", "KEY": key}
    config = loads(text, env=env).config
    shown = "\n".join(f"{each.path}: {each.written}" for each in values(config)) + repr(config)
    assert "canary" not in shown
    assert key not in shown
    assert shown.count("***") > 6
