"""Reads how many tokens an answer of the Gemini API says that it took, from the end of its body.

What passes is looked at, not kept: the end is enough, because the last of a stream's parts has the
totals. Never raises; None where nothing is said. Sources: ai.google.dev, "GenerateContentResponse"
(UsageMetadata), "OpenAI compatibility", "Interactions API"; OpenTelemetry, "GenAI attributes".
"""

import json
from typing import NamedTuple

from sidecar.core.json_path import Json, field
from sidecar.dialects.coding import Unfolding
from sidecar.exchange import RawHeaders

_TAIL = 16 * 1024
"""Bytes of the end that are kept: the totals, and what else stands behind the candidates."""
_MOST = 10**12
_DECODER = json.JSONDecoder()


class Tokens(NamedTuple):
    """What one answer took, as it says itself."""

    input: int
    """Of the prompt, with what its tools were told, and with what came from a cache."""
    output: int
    """Generated, thoughts included."""
    cached: int
    """The part of `input` that the provider had in a cache."""


class TokenReader:
    """Follows one body.

    Args:
        headers: of the response, for its content coding.
    """

    __slots__ = ("_tail", "_unfolding")

    def __init__(self, headers: RawHeaders) -> None:
        self._unfolding = Unfolding(headers)
        self._tail = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes, as they came."""
        for piece in self._unfolding.pieces(data):
            self._tail = (self._tail + piece)[-_TAIL:] if len(piece) < _TAIL else piece[-_TAIL:]

    def tokens(self) -> Tokens | None:
        """What was said last; also of a stream that was cut off, if it was said by then."""
        return tokens_in(self._tail)


def tokens_in(text: bytes) -> Tokens | None:
    """What the last whole word on it in a part of a body says; None where none does."""
    for name, meaning in _WORDS:
        end = len(text)
        while (at := text.rfind(name, 0, end)) >= 0:
            found = meaning(_object(text[at + len(name) :]))
            if found is not None:
                return found
            end = at
    return None


def _object(text: bytes) -> Json:
    """The JSON value behind the colon that `text` begins with."""
    rest = text.decode("utf-8", "replace").lstrip()
    if not rest.startswith(":"):
        return None
    try:
        value: Json = _DECODER.raw_decode(rest[1:].lstrip())[0]
    except (ValueError, RecursionError):
        return None
    return value


def _of_gemini(usage: Json) -> Tokens | None:
    prompt = _count(usage, "promptTokenCount")
    if prompt is None:
        return None
    return Tokens(
        prompt + (_count(usage, "toolUsePromptTokenCount") or 0),
        (_count(usage, "candidatesTokenCount") or 0) + (_count(usage, "thoughtsTokenCount") or 0),
        _count(usage, "cachedContentTokenCount") or 0,
    )


def _of_openai(usage: Json) -> Tokens | None:
    prompt = _count(usage, "prompt_tokens")
    if prompt is None:
        return _of_interaction(usage)
    # Gemini's `completion_tokens` lack the thoughts, its `total_tokens` do not.
    rest = (_count(usage, "total_tokens") or 0) - prompt
    output = max(_count(usage, "completion_tokens") or 0, rest)
    cached = _count(field(usage, "prompt_tokens_details"), "cached_tokens")
    return Tokens(prompt, output, cached or 0)


def _of_interaction(usage: Json) -> Tokens | None:
    prompt = _count(usage, "total_input_tokens")
    if prompt is None:
        return None
    return Tokens(
        prompt + (_count(usage, "total_tool_use_tokens") or 0),
        (_count(usage, "total_output_tokens") or 0) + (_count(usage, "total_thought_tokens") or 0),
        _count(usage, "total_cached_tokens") or 0,
    )


def _count(usage: Json, name: str) -> int | None:
    value = field(usage, name)
    usable = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
    return value if usable and isinstance(value, int) else None


_WORDS = ((b'"usageMetadata"', _of_gemini), (b'"usage"', _of_openai))
"""Quotes within a JSON text are escaped, so each is the name of a field and nothing else."""
