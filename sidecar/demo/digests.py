"""Bytes that look random and are the same in every run: digests of counters. Pure."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Digests:
    """One counter for each kind of thing, so that the same requests give the same ids."""

    _counted: Counter[str] = field(default_factory=Counter)

    def next(self, kind: str) -> bytes:
        """The digest of the next thing of `kind`: 32 bytes."""
        self._counted[kind] += 1
        return hashlib.sha256(f"{kind}/{self._counted[kind]}".encode()).digest()
