"""A dialect that a configuration describes: where the code is, what codes mean, how to wait.

Knows no provider. What the description does not name is judged by HTTP alone.
"""

import re
from dataclasses import dataclass

from sidecar.core.judgement import Judgement, Kind, Scope, Verdict
from sidecar.dialects import plain
from sidecar.dialects.body import Json, field, header, json_of
from sidecar.dialects.retry_after import duration, wait_in
from sidecar.exchange import RawHeaders

Path = tuple[str | int, ...]

_STEP = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\[\"([^\"]+)\"\]|\['([^']+)'\]")


def path_of(text: str) -> Path:
    """The steps of a JSON path: names, `[0]` and `["name"]`, after an optional `$`.

    Raises:
        ValueError: it is not of this form, or has no step.
    """
    steps: list[str | int] = []
    at = 1 if text.startswith("$") else 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or (text[at] not in ".[" and at > 0):
            raise ValueError(f"not a JSON path: {text!r} at {text[at:]!r}")
        name, index, *quoted = step.groups()
        steps.append(int(index) if index else name or quoted[0] or quoted[1])
        at = step.end()
    if not steps:
        raise ValueError(f"not a JSON path: {text!r} names nothing")
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class Description:
    """What a provider's codes mean. A code is what `code` finds, or the status, as text.

    Codes go before statuses, and `permanent` before `refused` before `transient`.
    """

    code: str | None = None
    """JSON path of the code in an error's body."""
    transient: frozenset[str] = frozenset()
    """It may have been done; it may work next time."""
    refused: frozenset[str] = frozenset()
    """It was not done; any call may be made again."""
    permanent: frozenset[str] = frozenset()
    """The same call fails again."""
    ignore: frozenset[str] = frozenset()
    """Says nothing about the health of the upstream, whatever else it means."""
    wait: str | None = None
    """Where the seconds to wait are: a JSON path that begins with `$`, or a header's name."""
    scope: Scope = "key"
    """What a refusal's wait is for."""


class Described:
    """The dialect of a description.

    Raises:
        ValueError: a path is not one.
    """

    __slots__ = ("_code", "_description", "_wait")

    def __init__(self, description: Description) -> None:
        self._description = description
        self._code = path_of(description.code) if description.code else ()
        wait = description.wait or ""
        self._wait = path_of(wait) if wait.startswith("$") else wait.lower().encode()

    def __repr__(self) -> str:
        return f"Described({self._description!r})"

    def judge(
        self, method: str, status: int, headers: RawHeaders, body: bytes, wall: float
    ) -> Judgement:
        """By the lists, then by HTTP."""
        if status < 400:
            return plain.DONE
        value = json_of(headers, body)
        found = plain.judge(method, status, headers, body, wall)
        wait = self._wait_in(value, headers, wall)
        if wait is not None:
            found = found._replace(wait=wait)
        code = _text(field(value, *self._code)) if self._code else None
        for word in (code, str(status)):
            rule = self._rule(word, status) if word else None
            if word and rule:
                verdict, kind = rule
                scope = self._description.scope if kind == "refused" else "call"
                found = found._replace(
                    verdict=verdict, kind=kind, scope=scope, reason=f"described_{word}"
                )
                break
        spared = {code, str(status)} & self._description.ignore
        return found._replace(verdict="ignore") if spared else found

    def first_frame(self, data: bytes) -> Judgement | None:
        """As HTTP alone has it."""
        return plain.first_frame(data)

    def _rule(self, word: str, status: int) -> tuple[Verdict, Kind] | None:
        described = self._description
        if word in described.permanent:
            return "ignore", "permanent"
        if word in described.refused:
            return "failure" if status >= 500 else "ignore", "refused"
        if word in described.transient:
            return "failure", "ambiguous"
        return None

    def _wait_in(self, value: Json, headers: RawHeaders, wall: float) -> float | None:
        if isinstance(self._wait, tuple):
            return duration(field(value, *self._wait))
        return wait_in(self._wait, header(headers, self._wait), wall) if self._wait else None


def _text(value: Json) -> str | None:
    """A code as a list names it; None for what is no code."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return value if isinstance(value, str) else str(value) if abs(value) < 10**18 else None
