"""How a value of the configuration is worded in one line of a report, without a secret."""

import json
from typing import Any, get_args
from urllib.parse import urlsplit

from sidecar.config.secret import HIDDEN, Secret
from sidecar.config.values import Url
from sidecar.config.written import written

_SECRET_KEYS = frozenset(("secret", "token"))
_MOST = 80
"""Characters of a value; what is longer is cut."""


def worded(key: str, value: Any, hint: Any) -> str:
    """One value.

    Args:
        key: the last key of its path.
        value: what stands there.
        hint: its type, with what is annotated.
    """
    if value is None or value == ():
        return "none"
    if isinstance(value, Secret) or key in _SECRET_KEYS:
        return HIDDEN
    if hint == Url or Url in get_args(hint):
        urls = value if isinstance(value, tuple) else (value,)
        return _cut(", ".join(map(_without_path, urls)))
    return _cut(written(value, hint))


def _without_path(url: str) -> str:
    """Its path may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{'/…' if parts.path.strip('/') else ''}"


def _cut(text: str) -> str:
    plain = text if text.isprintable() else json.dumps(text)
    return plain if len(plain) <= _MOST else plain[: _MOST - 1] + "…"
