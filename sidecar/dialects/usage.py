"""Reads how much of their quotas providers say is used, from the headers of any answer.

Never raises, and names only meters of a closed set. What is in bodies is not read here.

Sources: Meta, "Rate limits" of the Graph API (X-App-Usage, X-Business-Use-Case-Usage: percentages,
minutes); draft-ietf-httpapi-ratelimit-headers-03 (RateLimit-Limit, -Remaining), -07 (RateLimit:
limit=, remaining=) and -10 (RateLimit, RateLimit-Policy: q, r); OpenAI, "Rate limits"
(x-ratelimit-limit-requests, …-tokens).
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from sidecar.core.json_path import Json, field, parsed
from sidecar.exchange import RawHeaders

Meter = Literal[
    "app_calls", "app_cputime", "app_time",
    "business_calls", "business_cputime", "business_time",
    "requests", "tokens",
]  # fmt: skip
"""What is measured. `app` and `business` are Meta's; the rest are what fields are named for."""


class Usage(NamedTuple):
    """What one answer says. Later fields of a meter replace earlier ones."""

    ratio: Mapping[Meter, float]
    """The used part of the quota: 0 nothing, 1 all, above that too much."""
    remaining: Mapping[Meter, float]
    """Calls or tokens that are left."""
    regain: float | None
    """Seconds until access is given back; 0 while it is not lost; None where nothing is said."""


_META = {"call_count": "calls", "total_cputime": "cputime", "total_time": "time"}
_APP = b"x-app-usage"
_BUSINESS = b"x-business-use-case-usage"
_MOST_BYTES = 16 * 1024
_MOST_CASES = 256
_MOST_RATIO = 10.0
_MOST_COUNT = 1e15


def _counted() -> Iterator[tuple[bytes, tuple[Meter, str]]]:
    suffixes: dict[bytes, Meter] = {b"": "requests", b"-requests": "requests", b"-tokens": "tokens"}
    for prefix in (b"ratelimit-", b"x-ratelimit-"):
        for kind in ("limit", "remaining"):
            for suffix, meter in suffixes.items():
                yield prefix + kind.encode() + suffix, (meter, kind)


_COUNTED = dict(_counted())
_STATE, _POLICY = b"ratelimit", b"ratelimit-policy"
_NAMES = frozenset((_APP, _BUSINESS, _STATE, _POLICY, *_COUNTED))
_LENGTHS = frozenset(map(len, _NAMES))
_INITIALS = b"xXrR"
_COUNT = re.compile(rb"\s*(\d{1,15})(?:\.\d{1,6})?\s*(?:[,;].*)?", re.DOTALL)
_OLD_STATE = re.compile(rb"(?:^|[,;\s])(limit|remaining)=(\d{1,15})")
_ITEM = re.compile(rb'"([^"]{0,128})"([^",]{0,256})')
_QUOTA = re.compile(rb";\s*[qr]=(\d{1,15})")


def fields_in(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """The fields about usage, names in lower case. Cheap where there are none."""
    return [
        (lower, value)
        for name, value in headers
        if len(name) in _LENGTHS and name[0] in _INITIALS and (lower := name.lower()) in _NAMES
    ]


def usage_in(fields: list[tuple[bytes, bytes]]) -> Usage:
    """What these fields say, as `fields_in` found them; what cannot be read is left out."""
    usage = Usage({}, {}, None)
    counts: dict[tuple[Meter, str], float] = {}
    for name, value in fields:
        if len(value) > _MOST_BYTES:
            continue
        if name == _APP:
            usage = _with_percentages(usage, "app", [parsed(value)])
        elif name == _BUSINESS:
            usage = _with_percentages(usage, "business", list(_cases(parsed(value))))
        elif name in _COUNTED and (found := _COUNT.fullmatch(value)):
            counts[_COUNTED[name]] = float(found[1])
    counts.update(_structured(dict(fields)))
    return _with_counts(usage, counts)


def _structured(fields: Mapping[bytes, bytes]) -> dict[tuple[Meter, str], float]:
    """The quota of which least is left, of those in RateLimit; its size from RateLimit-Policy."""
    meter: Meter = "requests"
    state = fields.get(_STATE, b"")[:_MOST_BYTES]
    left = {name: found for name, found in _items(state) if found is not None}
    if not left:
        return {(meter, name.decode()): float(n) for name, n in _OLD_STATE.findall(state)}
    least = min(left, key=lambda name: left[name])
    limit = dict(_items(fields.get(_POLICY, b"")[:_MOST_BYTES])).get(least)
    found = {(meter, "remaining"): left[least]}
    return found if limit is None else {**found, (meter, "limit"): limit}


def _items(value: bytes) -> Iterator[tuple[bytes, float | None]]:
    """Each named item with its `q` or `r`."""
    for name, parameters in _ITEM.findall(value):
        found = _QUOTA.search(parameters)
        yield name, float(found[1]) if found else None


def _cases(value: Json) -> Iterator[Json]:
    """Each use case of each business account, a bounded number of them."""
    accounts = list(value.values())[:_MOST_CASES] if isinstance(value, dict) else []
    for cases in accounts:
        yield from cases[:_MOST_CASES] if isinstance(cases, list) else ()


def _with_percentages(usage: Usage, prefix: str, cases: list[Json]) -> Usage:
    """The fullest of the cases, meter by meter."""
    ratio: dict[Meter, float] = dict(usage.ratio)
    regain = usage.regain
    for key, suffix in _META.items():
        found = [_number(field(case, key)) for case in cases]
        known = [number for number in found if number is not None]
        if known:
            ratio[f"{prefix}_{suffix}"] = min(_MOST_RATIO, max(known) / 100)  # type: ignore[index]
    for case in cases:
        minutes = _number(field(case, "estimated_time_to_regain_access"))
        if minutes is not None:
            regain = max(regain or 0.0, minutes * 60)
    return usage._replace(ratio=ratio, regain=regain)


def _with_counts(usage: Usage, counts: Mapping[tuple[Meter, str], float]) -> Usage:
    ratio: dict[Meter, float] = dict(usage.ratio)
    remaining: dict[Meter, float] = dict(usage.remaining)
    for (meter, name), number in counts.items():
        if name != "remaining":
            continue
        remaining[meter] = number
        limit = counts.get((meter, "limit"))
        if limit:
            ratio[meter] = min(1.0, max(0.0, 1 - number / limit))
    return usage._replace(ratio=ratio, remaining=remaining)


def _number(value: Json) -> float | None:
    """A number as it may be used; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(float(_MOST_COUNT), float(value)) if _is_usable(value) else None


def _is_usable(value: float) -> bool:
    try:
        return math.isfinite(value) and value >= 0
    except OverflowError:  # an int that no float can hold
        return False
