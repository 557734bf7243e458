"""Records as bytes and back: one version byte, then msgpack. Never pickle.

What comes out of a store may have been written by anybody: whatever is not exactly what this
writes is unreadable, and that is a miss.
"""

from typing import Final, TypeAlias

import msgpack

Plain: TypeAlias = "bool | int | float | str | bytes | list[Plain] | None"
"""What a record may consist of."""

VERSION: Final = b"\x01"
"""Changes when records written by an earlier version must not be read any more."""

MOST: Final = 64 * 1024 * 1024
"""Bytes of a record that are read at most."""


class Unreadable(Exception):
    """The bytes are no record of this version."""


def dumps(record: list[Plain]) -> bytes:
    """The record as bytes.

    Raises:
        TypeError: it holds a tuple, a set, or an object of some other class.
        OverflowError: a number of more than 64 bits.
    """
    return VERSION + msgpack.packb(record, use_bin_type=True, strict_types=True)


def loads(data: bytes) -> list[Plain]:
    """The record that `dumps` was given.

    Raises:
        Unreadable: another version, damaged, too long, no list, or maps or extension types in it.
    """
    if data[:1] != VERSION or len(data) > MOST:
        raise Unreadable("another version")
    try:
        record = msgpack.unpackb(
            memoryview(data)[1:],
            raw=False,
            max_map_len=0,
            max_ext_len=0,
        )
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise Unreadable(type(error).__name__) from None
    if not isinstance(record, list):
        raise Unreadable("no list")
    return record
