"""Bytes as they are written at rest: as they are, or encrypted and bound to where they belong.

AES-256-GCM, with a key for each record that is derived from the configured one and 16 random
bytes: so the limit of 2^32 messages for a key with random nonces (NIST SP 800-38D, §8.3) is never
near. Knows nothing of what is in the bytes. Needs the extra `encryption` only where a key is set.
"""

import os
from hashlib import blake2b
from typing import Final, Protocol

PLAIN: Final = b"\x00"
SEALED: Final = b"\x01"
_SALT = 16
_NONCE = 12
_PERSON = b"sidecar spool"
_CHECK = b"this key opens the spool"


class Unsealable(Exception):
    """The bytes were written with another key, belong elsewhere, or are damaged."""


class Seal(Protocol):
    """Writes bytes so that only it reads them."""

    def seal(self, data: bytes, about: str) -> bytes:
        """The bytes to be written. `about`: where they belong; they are not read elsewhere."""
        ...

    def unseal(self, data: bytes, about: str) -> bytes:
        """What was sealed.

        Raises:
            Unsealable: as that says.
        """
        ...


class NoSeal:
    """Writes bytes as they are."""

    def __repr__(self) -> str:
        return "<NoSeal>"

    def seal(self, data: bytes, about: str) -> bytes:
        """The bytes, marked as plain."""
        return PLAIN + data

    def unseal(self, data: bytes, about: str) -> bytes:
        """The bytes."""
        if data[:1] != PLAIN:
            raise Unsealable("encrypted, and no key is configured")
        return data[1:]


class KeySeal:
    """Encrypts; what was written before there was a key is still read.

    Args:
        key: 32 bytes.

    Raises:
        ImportError: `cryptography` is not installed.
    """

    def __init__(self, key: bytes) -> None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._key = key
        self._cipher = AESGCM
        self._invalid = InvalidTag

    def __repr__(self) -> str:
        return "<KeySeal>"

    def seal(self, data: bytes, about: str) -> bytes:
        """A mark, a salt, a nonce, and the bytes encrypted."""
        salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
        cipher = self._cipher(self._derived(salt))
        return SEALED + salt + nonce + cipher.encrypt(nonce, data, about.encode())

    def unseal(self, data: bytes, about: str) -> bytes:
        """The bytes, decrypted."""
        if data[:1] == PLAIN:
            return data[1:]
        head = 1 + _SALT + _NONCE
        if data[:1] != SEALED or len(data) < head:
            raise Unsealable("damaged")
        cipher = self._cipher(self._derived(data[1 : 1 + _SALT]))
        try:
            return cipher.decrypt(data[1 + _SALT : head], data[head:], about.encode())
        except self._invalid:
            raise Unsealable("written with another key, or damaged") from None

    def _derived(self, salt: bytes) -> bytes:
        return blake2b(digest_size=32, key=self._key, salt=salt, person=_PERSON).digest()


def proof(seal: Seal) -> bytes:
    """What is left in a spool, so that another key is noticed before anything is read."""
    return seal.seal(_CHECK, "proof")


def proves(seal: Seal, data: bytes) -> bool:
    """Whether what is there was left with the same key, or without one."""
    try:
        return seal.unseal(data, "proof") == _CHECK
    except Unsealable:
        return False
