"""Checks of openai (Python), blocking and async, and the transcript of their answers.

`transcript(base_url)` runs them in order against one API and says what the SDK saw. It asserts
nothing: the answers are compared between ways to reach the same API. Nothing is repeated.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import openai
from openai import AsyncOpenAI, OpenAI

from tests.e2e.gemini.genai_checks import EMBEDDER, MODEL

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAECAwQ="}}
TOOL = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}
PATH = "/v1beta/openai/"
"""Where the API is below a base URL."""


def client_of(base_url: str, **more: Any) -> OpenAI:
    more = {"api_key": "key-1", "max_retries": 0} | more
    return OpenAI(base_url=base_url + PATH, **more)


def chat(client: Any, content: Any, **more: Any) -> Any:
    messages = [{"role": "user", "content": content}]
    return client.chat.completions.create(**{"model": MODEL, "messages": messages} | more)


def _stream(client: OpenAI, prompt: str, **more: Any) -> list[Any]:
    return list(chat(client, prompt, stream=True, **more))


def partial(client: OpenAI, prompt: str) -> list[Any]:
    """What a stream brings before it fails, and how it fails."""
    seen: list[Any] = []
    try:
        seen.extend(chat(client, prompt, stream=True))
    except Exception as error:
        seen.append(type(error).__name__)
    return seen


def _turns(client: OpenAI) -> Any:
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "My name is Ada."},
        {"role": "assistant", "content": "Hello, Ada."},
        {"role": "user", "content": "Who am I?"},
    ]
    return chat(client, "", messages=said, max_completion_tokens=3)


def _embed(client: OpenAI, given: Any, **more: Any) -> Any:
    return client.embeddings.create(model=EMBEDDER, input=given, dimensions=8, **more)


CHECKS: dict[str, Callable[[OpenAI], Any]] = {
    "models: list": lambda c: [model.id for model in c.models.list()],
    "models: get": lambda c: c.models.retrieve(MODEL),
    "models: get unknown": lambda c: c.models.retrieve("gemini-none"),
    "generate: text": lambda c: chat(c, "Why is the sky blue?"),
    "generate: unicode": lambda c: chat(c, "Grüße 🌍 \u2028 你好"),
    "generate: turns and limits": _turns,
    "generate: JSON": lambda c: chat(c, "a b c", response_format={"type": "json_object"}),
    "generate: image": lambda c: chat(c, [{"type": "text", "text": "What is this?"}, IMAGE]),
    "generate: function call": lambda c: chat(c, "[tool] find cats", tools=[TOOL]),
    "generate: 1 MB prompt": lambda c: chat(c, "x" * 1_000_000, max_tokens=5),
    "generate: quota": lambda c: chat(c, "[quota] please"),
    "generate: overloaded": lambda c: chat(c, "[overloaded] please"),
    "generate: unknown model": lambda c: chat(c, "Hello", model="none"),
    "generate: invalid key": lambda c: chat(c.with_options(api_key="invalid"), "Hello"),
    "stream: text": lambda c: _stream(c, "Tell me a story"),
    "stream: long": lambda c: _stream(c, "[long] story"),
    "stream: function call": lambda c: _stream(c, "[tool] find dogs", tools=[TOOL]),
    "stream: quota": lambda c: _stream(c, "[quota] story"),
    "stream: error inside": lambda c: partial(c, "[broken] story"),
    "stream: cut": lambda c: partial(c, "[cut] story"),
    "embed: one": lambda c: _embed(c, "cat"),
    "embed: many": lambda c: _embed(c, ["cat", "dog", "cow"]),
    "embed: as numbers": lambda c: _embed(c, "cat", encoding_format="float"),
}


async def _async_stream(client: AsyncOpenAI) -> list[Any]:
    return [chunk async for chunk in await chat(client, "[long] story", stream=True)]


async def _together(client: AsyncOpenAI) -> list[str]:
    asked = [chat(client, f"Number {number}") for number in range(20)]
    return [answer.choices[0].message.content for answer in await asyncio.gather(*asked)]


ASYNC_CHECKS: dict[str, Callable[[AsyncOpenAI], Any]] = {
    "async generate: text": lambda c: chat(c, "Hello"),
    "async generate: quota": lambda c: chat(c, "[quota]"),
    "async generate: twenty at once": _together,
    "async stream: long": _async_stream,
}


def seen(value: Any) -> Any:
    """The SDK's value as plain JSON."""
    if isinstance(value, list):
        return [seen(item) for item in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


def failed(error: Exception) -> dict[str, Any]:
    """An error as a caller can read it."""
    return {
        "error": type(error).__name__,
        "code": getattr(error, "status_code", None),
        "message": str(error),
        "body": getattr(error, "body", None),
    }


async def _run_async(base_url: str) -> list[dict[str, Any]]:
    lines = []
    async with AsyncOpenAI(base_url=base_url + PATH, api_key="key-1", max_retries=0) as client:
        for name, check in ASYNC_CHECKS.items():
            try:
                lines.append({"check": name, "answer": seen(await check(client))})
            except openai.OpenAIError as error:
                lines.append({"check": name, "answer": failed(error)})
    return lines


def transcript(base_url: str) -> list[dict[str, Any]]:
    """All checks."""
    lines = []
    with client_of(base_url) as client:
        for name, check in CHECKS.items():
            try:
                lines.append({"check": name, "answer": seen(check(client))})
            except openai.OpenAIError as error:
                lines.append({"check": name, "answer": failed(error)})
    return lines + asyncio.run(_run_async(base_url))
