import pytest

from sidecar.store.signed import Signed
from tests.support.clock import FakeClock
from tests.support.memory_store import Memory, MemoryStore


@pytest.fixture
def backend():
    return MemoryStore(Memory(), FakeClock())


@pytest.fixture
def store(backend):
    return Signed(backend, b"secret")


async def test_what_was_kept_is_found_under_its_key_and_no_other(store, backend):
    await store.set("a", b"value", 60.0)
    assert await store.add("b", b"", 60.0)
    assert await store.get("a") == b"value"
    assert await store.get_all(["a", "b", "c"]) == [b"value", b"", None]
    await backend.set("b", await backend.get("a"), 60.0)
    assert await store.get("b") == b""
    assert await store.get_all(["a", "b"]) == [b"value", b""]


@pytest.mark.parametrize("at", range(21))
async def test_not_a_bit_of_it_can_be_changed(store, backend, at):
    await store.set("a", b"value", 60.0)
    data = bytearray(await backend.get("a"))
    assert len(data) == 21
    data[at] ^= 1
    await backend.set("a", bytes(data), 60.0)
    assert await store.get("a") == b""


@pytest.mark.parametrize("data", [b"", b"value", b"\0" * 15, b"\0" * 16])
async def test_what_is_too_short_or_unsigned_is_no_record(store, backend, data):
    await backend.set("a", data, 60.0)
    assert await store.get("a") == b""


async def test_another_secret_reads_nothing(store, backend):
    await store.set("a", b"value", 60.0)
    assert await Signed(backend, b"other").get("a") == b""


async def test_what_was_forgotten_is_gone(store):
    await store.set("a", b"value", 60.0)
    await store.delete("a")
    assert await store.get("a") is None
    assert not await store.version()
