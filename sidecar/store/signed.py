"""Signs what is kept in a store that others write to, together with the key that it is kept under.

What was changed, or belongs to another key, comes back as b"", which is no record. That an old
record was put back in its own place cannot be seen. Knows keys and bytes.
"""

import hmac
from collections.abc import Sequence
from hashlib import blake2b

from sidecar.store import Backend

_SIGNATURE = 16


class Signed:
    """A `Backend` whose values come from somebody who knows the secret.

    Args:
        backend: the store itself; it is closed with this.
        secret: of this installation.
    """

    def __init__(self, backend: Backend, secret: bytes) -> None:
        self._backend = backend
        self._secret = secret

    def __repr__(self) -> str:
        return f"<Signed {self._backend!r}>"

    async def open(self) -> None:
        """Connect if need be, and prove that it can be used."""
        await self._backend.open()

    async def get(self, key: str) -> bytes | None:
        """What is kept under `key`; b"" where somebody else wrote it."""
        return self._checked(key, await self._backend.get(key))

    async def get_all(self, keys: Sequence[str]) -> list[bytes | None] | None:
        """What is kept under each key."""
        found = await self._backend.get_all(keys)
        if found is None:
            return None
        return [self._checked(key, value) for key, value in zip(keys, found, strict=True)]

    async def version(self) -> int | None:
        """The store's own."""
        return await self._backend.version()

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """Keep `value` for `ttl` seconds."""
        await self._backend.set(key, self._signature(key, value) + value, ttl)

    async def add(self, key: str, value: bytes, ttl: float) -> bool | None:
        """Keep `value` if nothing is there."""
        return await self._backend.add(key, self._signature(key, value) + value, ttl)

    async def delete(self, key: str) -> None:
        """Forget what is there."""
        await self._backend.delete(key)

    async def sweep(self) -> None:
        """Throw out what is not wanted any more."""
        await self._backend.sweep()

    async def close(self) -> None:
        """Close the store."""
        await self._backend.close()

    def _checked(self, key: str, data: bytes | None) -> bytes | None:
        if data is None:
            return None
        signature, value = data[:_SIGNATURE], data[_SIGNATURE:]
        return value if hmac.compare_digest(signature, self._signature(key, value)) else b""

    def _signature(self, key: str, value: bytes) -> bytes:
        name = key.encode()
        person = b"sidecar record"
        digest = blake2b(digest_size=_SIGNATURE, key=self._secret, person=person)
        digest.update(len(name).to_bytes(4, "big") + name)
        digest.update(value)
        return digest.digest()
