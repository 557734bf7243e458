"""Every value of the configuration in force, with its origin, and no secret."""

import pytest

from sidecar.admin.config import Effective, rows_of
from sidecar.config.written import dotted
from sidecar.loader import loads

CANARY = "C4naryS3cretT0kenV4lue"
TEXT = """\
upstreams:
  supabase:
    preset: supabase
    url: http://127.0.0.1:1
    timeouts: {total: 7s}
    pool: {max_connections: 5}
    pace: [{rate: 10/s}]
  gemini:
    preset: gemini
    url: http://127.0.0.1:2
    credentials: {header: x-goog-api-key, value: "${KEY}"}
  keys:
    url: http://127.0.0.1:3
    credentials: {header: Authorization, scheme: Bearer, values: ["${KEY}", other-C4nary-key]}
admin: {token: "${KEY}"}
drills: {allowed: true, active: [{fault: hang, upstream: keys, lasts: 15m}]}
stores: {shared: {kind: redis, url: "redis://user:${KEY}@127.0.0.1:6379/0"}}
"""


@pytest.fixture(scope="module")
def rows():
    env = {"KEY": CANARY, "SIDECAR__DRAIN_TIMEOUT": "3s"}
    found = loads(TEXT, name="sidecar.yaml", env=env)
    return {row["key"]: row for row in rows_of(Effective(found.config, found.origins))}


@pytest.mark.parametrize(
    ("key", "value", "origin"),
    [
        ("upstreams.supabase.timeouts.total", "7s", "sidecar.yaml:5:23"),
        ("upstreams.supabase.pool.max_connections", "5", "sidecar.yaml:6:29"),
        ("upstreams.supabase.pace[0].rate", "10/s", "sidecar.yaml:7:19"),
        ("drills.active[0].lasts", "15m", "sidecar.yaml:16:71"),
        ("listen.ops", "127.0.0.1:9090", "default"),
        ("limits.max_header_size", "64KiB", "default"),
        ("log.format", "auto", "default"),
    ],
)
def test_each_value_is_as_it_is_written_and_says_where(rows, key, value, origin):
    assert (rows[key]["value"], rows[key]["origin"]) == (value, origin)


def test_presets_and_variables_are_origins(rows):
    assert rows["drain_timeout"]["value"] == "3s"
    assert "SIDECAR__DRAIN_TIMEOUT" in rows["drain_timeout"]["origin"]
    origins = {row["origin"].partition(" (")[0] for row in rows.values()}
    assert {"preset supabase", "preset gemini", "default"} <= origins
    assert "KEY" in rows["upstreams.gemini.credentials.value"]["origin"]


def test_no_secret_is_in_any_row(rows):
    text = repr(rows)
    assert "C4nary" not in text
    hidden = {key for key, row in rows.items() if row["value"] == "***"}
    assert {"admin.token", "upstreams.gemini.credentials.value"} <= hidden
    assert rows["upstreams.keys.credentials.values"]["value"] == "***, ***"
    shared = rows["stores.shared.url"]
    assert shared["value"] == "redis://127.0.0.1:6379/0"
    assert shared["origin"].startswith("env KEY")


def test_without_origins_it_says_that_they_are_not_known():
    config = loads("upstreams: {a: {url: http://127.0.0.1:1}}", env={}).config
    assert {row["origin"] for row in rows_of(Effective(config))} == {"unknown"}


def test_a_key_of_unusual_characters_is_quoted():
    assert dotted(("a", 0, "b c", 3)) == 'a[0]."b c"[3]'
