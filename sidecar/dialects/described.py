"""A dialect that a configuration describes: where the code is, what codes mean, how to wait.

Knows no provider. What the description does not name is judged by HTTP alone.
"""

from sidecar.config import DescribedDialect
from sidecar.core.json_path import Json, field, parsed, path_of
from sidecar.dialects import plain
from sidecar.dialects.body import header, json_of
from sidecar.dialects.retry_after import duration, wait_in
from sidecar.dialects.sse import frame_in
from sidecar.dialects.stream_end import Marks, marks
from sidecar.exchange import RawHeaders
from sidecar.judgement import Judgement, Kind

_MOST_CODE = 10**18
"""Numbers of this size are no codes, and take long to write out."""


class Described:
    """The dialect of a description.

    Raises:
        ValueError: a path is not one.
    """

    __slots__ = ("_code", "_description", "_end", "_ignore", "_rules", "_wait")

    def __init__(self, description: DescribedDialect) -> None:
        self._description = description
        self._code = path_of(description.code) if description.code else ()
        wait = description.wait or ""
        self._wait = path_of(wait) if wait.startswith("$") else wait.lower().encode()
        self._rules: dict[str, Kind] = {
            **dict.fromkeys(description.transient, "ambiguous"),
            **dict.fromkeys(description.refused, "refused"),
            **dict.fromkeys(description.permanent, "permanent"),
        }
        self._ignore = frozenset(description.ignore)
        self._end = marks(*description.stream_end) if description.stream_end else None

    def __repr__(self) -> str:
        return f"Described({self._description!r})"

    @property
    def streams(self) -> bool:
        """Whether a 200 stream is passed on only after its first frame was judged."""
        return self._description.streams

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
        return self._by_lists(found, (self._code_in(value), str(status)), status)

    def first_frame(self, data: bytes) -> Judgement | None:
        """By the lists, if its JSON has a code that they name; else as HTTP alone has it."""
        frame = frame_in(data)
        if frame is None:
            return None
        value = parsed(frame.data)
        code = self._code_in(value)
        found = plain.first_frame(data) or plain.DONE
        if code in self._rules:
            found = found._replace(wait=self._wait_in(value, [], 0.0))
        return self._by_lists(found, (code,), 500)

    def end_of(self, target: str) -> Marks | None:
        """What the description says."""
        return self._end

    def _by_lists(self, found: Judgement, words: tuple[str | None, ...], status: int) -> Judgement:
        """What the lists make of a judgement, by the first of the words that one of them names."""
        word = next((word for word in words if word in self._rules), None)
        if word is not None:
            kind = self._rules[word]
            failed = kind == "ambiguous" or (kind == "refused" and status >= 500)
            scope = self._description.scope if kind == "refused" else "call"
            found = found._replace(
                verdict="failure" if failed else "ignore",
                kind=kind,
                scope=scope,
                reason=f"described_{word}",
            )
        spared = found.kind != "done" and not self._ignore.isdisjoint(words)
        return found._replace(verdict="ignore") if spared else found

    def _code_in(self, value: Json) -> str | None:
        """A code as a list names it; None for what is no code."""
        code = field(value, *self._code) if self._code else None
        if isinstance(code, bool) or not isinstance(code, str | int):
            return None
        return code if isinstance(code, str) else str(code) if abs(code) < _MOST_CODE else None

    def _wait_in(self, value: Json, headers: RawHeaders, wall: float) -> float | None:
        if isinstance(self._wait, tuple):
            return duration(field(value, *self._wait))
        return wait_in(self._wait, header(headers, self._wait), wall) if self._wait else None
