"""Checks of google-genai (Python): what is asked of the SDK, blocking and async, each by its name.

They assert nothing: each returns what the SDK answered, or raises what it raised.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from google import genai
from google.genai import types

MODEL = "gemini-2.5-flash"
EMBEDDER = "gemini-embedding-001"

Check = Callable[[genai.Client], Any]
AsyncCheck = Callable[[genai.Client], Awaitable[Any]]


def names(page: Any) -> list[str]:
    return [item.name for item in page]


def _tool(**more: Any) -> types.GenerateContentConfig:
    function = types.FunctionDeclaration(
        name="search",
        parameters_json_schema={"type": "object", "properties": {"query": {"type": "string"}}},
    )
    return types.GenerateContentConfig(tools=[types.Tool(function_declarations=[function])], **more)


def _chat(client: genai.Client) -> list[str]:
    chat = client.chats.create(model=MODEL)
    first, second = chat.send_message("My name is Ada."), chat.send_message("Who am I?")
    history = [part.text for content in chat.get_history() for part in content.parts]
    return [first.text, second.text, *history]


def _generate(client: genai.Client, prompt: Any, **config: Any) -> Any:
    return client.models.generate_content(
        model=MODEL, contents=prompt, config=types.GenerateContentConfig(**config)
    )


def _stream(client: genai.Client, prompt: str) -> list[Any]:
    return list(client.models.generate_content_stream(model=MODEL, contents=prompt))


def _partial(client: genai.Client, prompt: str) -> list[Any]:
    """What a stream brings before it fails, and how it fails."""
    seen: list[Any] = []
    try:
        seen.extend(client.models.generate_content_stream(model=MODEL, contents=prompt))
    except Exception as error:
        seen.append(type(error).__name__)
    return seen


IMAGE = types.Part.from_bytes(data=bytes(range(256)), mime_type="image/png")

CHECKS: dict[str, Check] = {
    "models: list": lambda c: names(c.models.list()),
    "models: list in pages of 2": lambda c: names(c.models.list(config={"page_size": 2})),
    "models: get": lambda c: c.models.get(model=MODEL),
    "models: get unknown": lambda c: c.models.get(model="gemini-none"),
    "generate: text": lambda c: _generate(c, "Why is the sky blue?"),
    "generate: unicode": lambda c: _generate(c, "Grüße 🌍 \u2028 你好"),
    "generate: system and limits": lambda c: _generate(
        c, "Tell me more", system_instruction="Be brief.", max_output_tokens=3, temperature=0.1
    ),
    "generate: JSON": lambda c: _generate(c, "a b c", response_mime_type="application/json"),
    "generate: two candidates": lambda c: _generate(c, "Pick one", candidate_count=2),
    "generate: image": lambda c: _generate(c, ["What is this?", IMAGE]),
    "generate: function call": lambda c: c.models.generate_content(
        model=MODEL, contents="[tool] find cats", config=_tool()
    ),
    "generate: blocked": lambda c: _generate(c, "[unsafe] prompt"),
    "generate: 1 MB prompt": lambda c: _generate(c, "x" * 1_000_000, max_output_tokens=5),
    "generate: chat": _chat,
    "generate: quota": lambda c: _generate(c, "[quota] please"),
    "generate: overloaded": lambda c: _generate(c, "[overloaded] please"),
    "generate: unknown model": lambda c: c.models.generate_content(model="none", contents="Hi"),
    "stream: text": lambda c: _stream(c, "Tell me a story"),
    "stream: long": lambda c: _stream(c, "[long] story"),
    "stream: quota": lambda c: _stream(c, "[quota] story"),
    "stream: error inside": lambda c: _partial(c, "[broken] story"),
    "stream: cut": lambda c: _partial(c, "[cut] story"),
    "tokens: count": lambda c: c.models.count_tokens(model=MODEL, contents="How many tokens?"),
    "embed: one": lambda c: c.models.embed_content(
        model=EMBEDDER, contents="cat", config=types.EmbedContentConfig(output_dimensionality=8)
    ),
    "embed: many": lambda c: c.models.embed_content(
        model=EMBEDDER,
        contents=["cat", "dog", "cow"],
        config=types.EmbedContentConfig(output_dimensionality=8),
    ),
    "files: get unknown": lambda c: c.files.get(name="files/none"),
}


def _cache(client: genai.Client) -> list[Any]:
    created = client.caches.create(
        model=MODEL,
        config=types.CreateCachedContentConfig(
            contents=["A long document. " * 50], display_name="doc", ttl="600s"
        ),
    )
    seen = [created, client.caches.get(name=created.name), names(client.caches.list())]
    seen.append(_generate(client, "Summarise", cached_content=created.name))
    seen.append(
        client.caches.update(name=created.name, config=types.UpdateCachedContentConfig(ttl="1200s"))
    )
    seen.append(client.caches.delete(name=created.name))
    return seen


CHECKS["caches: create, get, list, use, update, delete"] = _cache
CHECKS["caches: get unknown"] = lambda c: c.caches.get(name="cachedContents/none")


def _interactions(client: genai.Client) -> list[Any]:
    first = client.interactions.create(model=MODEL, input="My name is Ada.")
    more = {"model": MODEL, "previous_interaction_id": first.id}
    second = client.interactions.create(input=[{"type": "text", "text": "Who am I?"}], **more)
    found = client.interactions.get(first.id)
    return [first, second, found, client.interactions.delete(first.id)]


def _interaction_stream(client: genai.Client, prompt: str) -> list[Any]:
    seen: list[Any] = []
    try:
        seen.extend(client.interactions.create(model=MODEL, input=prompt, stream=True))
    except Exception as error:
        seen.append(type(error).__name__)
    return seen


CHECKS["interactions: create, follow, get, delete"] = _interactions
CHECKS["interactions: stream"] = lambda c: _interaction_stream(c, "Tell me a story")
CHECKS["interactions: stream that is cut"] = lambda c: _interaction_stream(c, "[cut] story")
CHECKS["interactions: get unknown"] = lambda c: c.interactions.get("none")


async def _aiter(stream: Awaitable[Any]) -> list[Any]:
    return [item async for item in await stream]


async def _together(client: genai.Client) -> list[str]:
    """Twenty at once; ids are given in the order of arrival, so only texts are compared."""
    asked = [
        client.aio.models.generate_content(model=MODEL, contents=f"Number {n}") for n in range(20)
    ]
    return [answer.text for answer in await asyncio.gather(*asked)]


ASYNC_CHECKS: dict[str, AsyncCheck] = {
    "async models: get": lambda c: c.aio.models.get(model=MODEL),
    "async generate: text": lambda c: c.aio.models.generate_content(model=MODEL, contents="Hello"),
    "async generate: quota": lambda c: c.aio.models.generate_content(
        model=MODEL, contents="[quota]"
    ),
    "async stream: text": lambda c: _aiter(
        c.aio.models.generate_content_stream(model=MODEL, contents="Tell me a story")
    ),
    "async stream: long": lambda c: _aiter(
        c.aio.models.generate_content_stream(model=MODEL, contents="[long] story")
    ),
    "async tokens: count": lambda c: c.aio.models.count_tokens(model=MODEL, contents="How many?"),
    "async embed: one": lambda c: c.aio.models.embed_content(
        model=EMBEDDER, contents="cat", config=types.EmbedContentConfig(output_dimensionality=8)
    ),
    "async generate: twenty at once": _together,
}
