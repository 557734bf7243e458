import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from sidecar.config.spool import RedisSpool, SpoolConfig, SqliteSpool, key_bytes
from sidecar.spool import SpoolUnavailable
from sidecar.spool.opening import make_spool

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
CONFIG = TypeAdapter(SpoolConfig)


def test_the_kind_says_which_settings_there_are():
    file = CONFIG.validate_python({"kind": "sqlite", "path": "a.db", "max_size": "1MiB"})
    assert file == SqliteSpool(path="a.db", max_size=1 << 20)
    server = CONFIG.validate_python({"kind": "redis", "lease": "5s", "max_deliveries": "7"})
    assert server == RedisSpool(lease=5.0, max_deliveries=7)
    with pytest.raises(ValidationError):
        CONFIG.validate_python({"kind": "redis", "path": "a.db"})


def test_a_key_is_32_bytes_and_is_not_shown():
    config = CONFIG.validate_python({"kind": "sqlite", "key": f"{KEY}\n"})
    assert key_bytes(config.key) == bytes(range(32))
    assert KEY not in repr(config)


@pytest.mark.parametrize("key", ["", "short", "!" * 44, KEY[:-8] + "AAA=", 5])
def test_anything_else_is_no_key_and_is_not_repeated(key):
    with pytest.raises(ValidationError) as caught:
        CONFIG.validate_python({"kind": "sqlite", "key": key})
    assert "openssl rand -base64 32" in str(caught.value)


def test_a_redis_password_is_not_shown():
    config = CONFIG.validate_python({"kind": "redis", "url": "redis://me:s3cret@host:1/0"})
    assert "s3cret" not in repr(config)
    assert "s3cret" not in repr(make_spool(config))


@pytest.mark.parametrize(
    ("module", "config", "extra"),
    [
        ("redis", {"kind": "redis"}, "redis"),
        ("cryptography.exceptions", {"kind": "sqlite", "key": KEY}, "encryption"),
    ],
)
def test_a_library_that_is_not_there_is_named(module, config, extra, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("sidecar.spool.redis")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SpoolUnavailable, match=rf"outbound-sidecar\[{extra}\]"):
        make_spool(CONFIG.validate_python(config))


def test_an_address_that_no_client_understands_is_refused_without_being_shown():
    config = CONFIG.validate_python({"kind": "redis", "url": "redis://host:1/0?db=s3cret"})
    with pytest.raises(SpoolUnavailable, match="cannot be understood") as caught:
        make_spool(config)
    assert "s3cret" not in str(caught.value)
