"""What each filter operator decides about one value. Pure.

Range operators (`sl`, `adj`, …) are refused: the simulated tables have no ranges.
"""

import re
from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sidecar.demo.supabase.postgrest.errors import PostgrestError, unparsable
from sidecar.demo.supabase.postgrest.scanner import enclosed, split, unquote
from sidecar.demo.supabase.postgrest.schema import cast

Test = Callable[[Any], bool | None]

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": eq,
    "neq": ne,
    "gt": gt,
    "gte": ge,
    "lt": lt,
    "lte": le,
}
_IS: Mapping[str, Test] = {
    "null": lambda value: value is None,
    "not_null": lambda value: value is not None,
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "unknown": lambda value: value is None,
}
_TEXT = ("like", "ilike", "match", "imatch")


def operator(word: str, modifier: str, operand: str, kind: str, text: str) -> Test:
    """The test that `word` makes with `operand` on values of the type `kind`.

    Args:
        word: as `eq`.
        modifier: `any` or `all` (operand is `{a,b}`); the language for a text search.
        operand: after the dot.
        kind: PostgreSQL's type of the column.
        text: the whole filter, for the error.
    """
    if modifier in ("any", "all") and word in (*_COMPARE, *_TEXT):
        tests = [operator(word, "", item, kind, text) for item in cast("text[]", operand)]
        return _combine(any if modifier == "any" else all, tests)
    match word:
        case "eq" | "neq" | "gt" | "gte" | "lt" | "lte":
            test = _comparison(_COMPARE[word], cast(kind, operand))
        case "like" | "ilike" | "match" | "imatch":
            test = _pattern(word, operand)
        case "fts" | "plfts" | "phfts" | "wfts":
            test = _search(operand)
        case "is":
            test = _is(operand, text)
        case "isdistinct":
            test = _distinct(cast(kind, operand))
        case "in":
            test = _member(operand, kind, text)
        case "cs" | "cd" | "ov":
            test = _containment(word, operand, kind)
        case _:
            raise unparsable("filter", text, f'unexpected "{word[:1]}" expecting operator')
    return test


def _distinct(other: Any) -> Test:
    """NULL is a value like any other here."""
    return lambda value: bool(value != other)


def _comparison(compare: Callable[[Any, Any], bool], other: Any) -> Test:
    def test(value: Any) -> bool | None:
        if value is None:
            return None
        try:
            return compare(value, other)
        except TypeError:
            raise PostgrestError("42883", "operator does not exist for these types") from None

    return test


def _is(operand: str, text: str) -> Test:
    test = _IS.get(operand.lower())
    if test is None:
        raise unparsable("filter", text, "expecting null, not_null, true, false or unknown")
    return test


def _member(operand: str, kind: str, text: str) -> Test:
    inner = enclosed(operand)
    if inner is None:
        raise unparsable("filter", text, 'expecting "("')
    members = [cast(kind, unquote(item)) for item in split(inner)]
    return lambda value: None if value is None else value in members


def _pattern(word: str, operand: str) -> Test:
    flags = re.DOTALL | (re.IGNORECASE if word.startswith("i") else 0)
    if word.endswith("like"):
        wildcards = operand.replace("*", "%")
        pieces = re.findall(r"\\.|.", wildcards, re.DOTALL)
        regex = re.compile("".join(map(_like_piece, pieces)), flags)
        return lambda value: None if value is None else bool(regex.fullmatch(str(value)))
    try:
        found = re.compile(operand, flags)
    except re.error as error:
        raise PostgrestError("2201B", f"invalid regular expression: {error}") from None
    return lambda value: None if value is None else bool(found.search(str(value)))


def _like_piece(piece: str) -> str:
    if piece in "%_":
        return ".*" if piece == "%" else "."
    return re.escape(piece[-1] if len(piece) == 2 else piece)


def _search(operand: str) -> Test:
    """Every word occurs: no stemming, no operators."""
    words = re.findall(r"\w+", operand.lower())

    def test(value: Any) -> bool | None:
        if value is None:
            return None
        present = re.findall(r"\w+", str(value).lower())
        return all(word in present for word in words)

    return test


def _containment(word: str, operand: str, kind: str) -> Test:
    other = cast(kind, operand)

    def test(value: Any) -> bool | None:
        if value is None:
            return None
        if word == "ov":
            return any(item in other for item in value)
        return _contains(value, other) if word == "cs" else _contains(other, value)

    return test


def _contains(outer: Any, inner: Any) -> bool:
    """PostgreSQL's `@>` for arrays and jsonb."""
    if isinstance(outer, dict) and isinstance(inner, dict):
        return all(key in outer and _contains(outer[key], inner[key]) for key in inner)
    if isinstance(outer, list) and isinstance(inner, list):
        return all(any(_contains(item, wanted) for item in outer) for wanted in inner)
    return bool(outer == inner)


def _combine(reduce: Callable[[list[bool]], bool], tests: list[Test]) -> Test:
    def test(value: Any) -> bool | None:
        return None if value is None else reduce([bool(one(value)) for one in tests])

    return test
