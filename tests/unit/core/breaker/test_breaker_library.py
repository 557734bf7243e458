"""What the library of the state machine brings along: not the Redis client that it looks for."""

import subprocess
import sys

import pytest

pytest.importorskip("redis")


@pytest.mark.parametrize(
    ("imports", "told"),
    [
        ("sidecar.core.breaker", "False"),
        ("sidecar.core.breaker, redis.asyncio", "True"),
        ("redis.asyncio, sidecar.core.breaker", "True"),
    ],
    ids=["nobody else", "others after it", "others before it"],
)
def test_a_redis_client_is_loaded_by_those_who_use_it_alone(imports, told):
    program = f"import sys, {imports}; print('redis' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == told
