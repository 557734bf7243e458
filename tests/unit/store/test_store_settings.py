import json
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from sidecar.config.ledger import Ledger
from sidecar.config.redis_address import RedisUrl
from sidecar.config.stores import RedisStore, SqliteStore, Stores
from sidecar.config.strict import STRICT
from sidecar.store import StoreUnavailable
from sidecar.store.opening import digest_secret, make_shared
from sidecar.telemetry.store_stats import StoreStats
from tests.support.clock import FakeClock


@dataclass(frozen=True, slots=True)
class Whole:
    """What the keys are part of."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    stores: Stores = field(default_factory=Stores)
    ledger: Ledger = field(default_factory=Ledger)


ADAPTER = TypeAdapter(Whole)


def read(**keys):
    return ADAPTER.validate_python(keys)


def problems(**keys):
    with pytest.raises(ValidationError) as caught:
        read(**keys)
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def test_by_default_everything_is_in_memory():
    stores = read().stores
    assert stores.shared is None
    assert (stores.memory.max_size, stores.memory.max_object) == (64 << 20, 1 << 20)


def test_the_kind_decides_over_the_keys():
    assert read(stores={"shared": {"kind": "sqlite", "path": "x.db"}}).stores.shared == SqliteStore(
        path="x.db"
    )
    shared = read(stores={"shared": {"kind": "redis", "url": "redis://h/1", "timeout": "80ms"}})
    assert shared.stores.shared == RedisStore(url=RedisUrl("redis://h/1"), timeout=0.08)


@pytest.mark.parametrize(
    ("shared", "kind"),
    [
        ({"kind": "memcached"}, "union_tag_invalid"),
        ({"path": "x"}, "union_tag_not_found"),
        ({"kind": "sqlite", "url": "redis://h"}, "unexpected_keyword_argument"),
        ({"kind": "redis", "url": "http://h"}, "url"),
        ({"kind": "redis", "url": "redis://"}, "url"),
        ({"kind": "redis", "url": "redis://h:port"}, "url"),
        ({"kind": "redis", "url": "redis://h:0"}, "url"),
        ({"kind": "redis", "url": "redis://user:6/hunter2@h:1"}, "url"),
        ({"kind": "redis", "prefix": "a b"}, "text"),
        ({"kind": "sqlite", "timeout": "0s"}, "timeout_zero"),
    ],
)
def test_what_is_wrong_has_a_place(shared, kind):
    ((found, place),) = problems(stores={"shared": shared})
    assert found == kind
    assert place[:2] == ("stores", "shared")


@pytest.mark.parametrize("url", ["redis://h:6379/0", "rediss://u:p@h", "unix:///run/redis@1.sock"])
def test_addresses_of_servers(url):
    assert read(stores={"shared": {"kind": "redis", "url": url}}).stores.shared.url.secret == url


def test_what_is_shown_of_an_address_has_no_secret():
    url = RedisUrl("rediss://user:hunter2@host:1/2?password=hunter3")
    assert str(url) == "rediss://host:1/2"
    assert "hunter" not in f"{url} {url!r} {RedisStore(url=url)!r}"


def test_a_message_about_an_address_does_not_repeat_it():
    with pytest.raises(ValidationError) as caught:
        read(stores={"shared": {"kind": "redis", "url": "redis://u:hunter2@h:port"}})
    assert all("hunter2" not in error["msg"] for error in caught.value.errors())


@pytest.mark.parametrize("name", ["", "a b", "x:y", "ü", 5])
def test_the_header_of_keys_is_the_name_of_a_field(name):
    assert problems(ledger={"header": name})


def test_every_key_is_in_the_schema():
    schema = json.dumps(ADAPTER.json_schema())
    for key in ("max_object", "path", "prefix", "honoured", "max_body", "secret"):
        assert f'"{key}": {{' in schema


def secret(shared=None, **keys):
    return digest_secret(Stores(shared=shared, **keys))


def test_the_secret_of_digests_is_the_same_for_those_who_share_a_store_only():
    redis = RedisStore(url=RedisUrl("redis://h"))
    assert secret(SqliteStore(path="a.db")) == secret(SqliteStore(path="./a.db"))
    assert secret(redis) == secret(redis)
    told = [
        secret(),
        secret(),
        secret(SqliteStore()),
        secret(SqliteStore(path="a.db")),
        secret(redis),
        secret(RedisStore(url=RedisUrl("redis://h"), prefix="p")),
        secret(redis, secret="x"),
    ]
    assert len(set(told)) == len(told)
    assert secret(redis, secret="x") == secret(SqliteStore(), secret="x")


async def test_without_its_library_a_store_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sidecar.store.redis", None)
    with pytest.raises(StoreUnavailable, match="outbound-sidecar\\[redis\\]"):
        make_shared(Stores(shared=RedisStore()), FakeClock(), StoreStats())


async def test_an_address_that_the_library_refuses_is_not_repeated():
    shared = RedisStore(url=RedisUrl("redis://u:hunter2@h:99999999/x"))
    with pytest.raises(StoreUnavailable) as caught:
        make_shared(Stores(shared=shared), FakeClock(), StoreStats())
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_no_store_is_opened_where_none_is_named():
    assert make_shared(Stores(), FakeClock(), StoreStats()) is None
