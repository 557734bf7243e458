"""What the simulated model says: a pure function of the request.

Words in the last prompt steer it:

- `[quota]` 429, `[overloaded]` 503
- `[unsafe]` the prompt is blocked
- `[tool]` calls the first declared function
- `[long]` forty chunks instead of four
- `[cut]` the stream breaks after its first chunk; `[broken]` it carries an error instead
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.demo.gemini.state import Json

MEDIA_TOKENS = 258
"""Tokens of one image, whatever its size (Gemini's documentation on token counting)."""
LINE_SEPARATOR = "\u2028"
"""Valid in JSON, a line break to some parsers: an SSE client must not split at it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answers, in the pieces in which a stream would bring it."""

    pieces: tuple[str, ...]
    finish: str = "STOP"
    call: Json | None = None

    @property
    def text(self) -> str:
        """All pieces together."""
        return "".join(self.pieces)


def last_prompt(body: Json) -> str:
    """The text of the request's last content."""
    contents = body.get("contents") or [{}]
    return " ".join(part.get("text", "") for part in contents[-1].get("parts", ()))


def tokens(text: str) -> int:
    """About one token for four characters."""
    return math.ceil(len(text) / 4)


def count(contents: list[Json]) -> int:
    """Tokens of contents: text by its length, every other part as one image."""
    parts = [part for content in contents for part in content.get("parts", ())]
    return sum(tokens(part["text"]) if "text" in part else MEDIA_TOKENS for part in parts)


def reply(body: Json) -> Reply:
    """What the model says to a GenerateContentRequest."""
    prompt = last_prompt(body)
    config = body.get("generationConfig", {})
    functions = [f for tool in body.get("tools", ()) for f in tool.get("functionDeclarations", ())]
    if "[tool]" in prompt and functions:
        return Reply((), call={"name": functions[0]["name"], "args": {"query": prompt}})
    if config.get("responseMimeType") == "application/json":
        text = json.dumps({"answer": prompt, "words": len(prompt.split())}, ensure_ascii=False)
    elif "[long]" in prompt:
        text = " ".join(f"Sentence {n} of a long answer." for n in range(1, 41))
    else:
        text = f"You wrote {len(prompt.split())} words.{LINE_SEPARATOR}They were: {prompt}"
    limit = config.get("maxOutputTokens")
    finish = "STOP"
    if limit is not None and tokens(text) > limit:
        text, finish = text[: 4 * limit], "MAX_TOKENS"
    return Reply(tuple(_split(text, 40 if "[long]" in prompt else 4)), finish)


def _split(text: str, pieces: int) -> Iterator[str]:
    size = max(1, math.ceil(len(text) / pieces))
    for start in range(0, len(text), size):
        yield text[start : start + size]


def usage(body: Json, said: Reply, cached: int = 0) -> Json:
    """The usageMetadata of a whole answer."""
    prompt = count(body.get("contents", [])) + cached
    answer = tokens(json.dumps(said.call) if said.call else said.text)
    metadata: Json = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": answer,
        "totalTokenCount": prompt + answer,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    }
    if cached:
        metadata["cachedContentTokenCount"] = cached
    return metadata


def candidate(text: str, *, finish: str = "", call: Json | None = None, index: int = 0) -> Json:
    """One candidate; without `finish` it is a part of a stream."""
    part: Json = {"functionCall": call} if call else {"text": text}
    content = {"content": {"parts": [part], "role": "model"}}
    return content | ({"finishReason": finish} if finish else {}) | {"index": index}
