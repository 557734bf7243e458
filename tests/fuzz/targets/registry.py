"""Where targets are registered, and what several of them check."""

import re
from collections.abc import Callable, Iterator
from typing import Any

Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {}
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
BROKEN_LINE = re.compile(rb"[\r\n\0]")


def target(check: Target) -> Target:
    """Register it under its name."""
    TARGETS[check.__name__] = check
    return check


def pieces(data: bytes) -> Iterator[bytes]:
    """The bytes behind the first, in pieces as large as that says."""
    size = (data[0] if data else 0) % 17 + 1
    return (data[at : at + size] for at in range(1, len(data), size))


def check_fields(headers: Any) -> None:
    """No field breaks out of its line, and its name is a token (RFC 9110, section 5.1)."""
    for name, value in headers:
        assert _NAME.fullmatch(name), name
        assert not BROKEN_LINE.search(value), value
