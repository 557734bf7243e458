"""Checks of google-genai (Python), blocking and async, and the transcript of their answers.

`transcript(base_url)` runs them in order against one API and says what the SDK saw. It asserts
nothing: the answers are compared between ways to reach the same API.
"""

import asyncio
import io
import itertools
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from google import genai
from google.genai import types

MODEL = "gemini-2.5-flash"
EMBEDDER = "gemini-embedding-001"
CHUNK = 8 * 1024 * 1024

Check = Callable[[genai.Client], Any]
AsyncCheck = Callable[[genai.Client], Awaitable[Any]]


def client_of(base_url: str, *, version: str | None = None, key: str = "key-1") -> genai.Client:
    return genai.Client(
        api_key=key, http_options=types.HttpOptions(base_url=base_url, api_version=version)
    )


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


def _upload(client: genai.Client, content: bytes, name: str) -> Any:
    return client.files.upload(
        file=io.BytesIO(content),
        config=types.UploadFileConfig(mime_type="text/plain", display_name=name),
    )


def _upload_path(client: genai.Client) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "note.txt"
        path.write_text("From a path.")
        return client.files.upload(file=path)


def _ask_about_file(client: genai.Client) -> Any:
    file = next(iter(client.files.list()))
    return client.models.generate_content(model=MODEL, contents=["Summarise", file])


def _download(client: genai.Client) -> Any:
    file = next(iter(client.files.list()))
    return client.files.download(file=file.name).decode()


def _delete(client: genai.Client) -> list[Any]:
    file = next(iter(client.files.list()))
    return [client.files.delete(name=file.name), names(client.files.list())]


UPLOAD_CHECKS: dict[str, Check] = {
    "upload: small": lambda c: _upload(c, b"Hello, file.", "small"),
    "upload: in three chunks": lambda c: _upload(c, b"0123456789abcdef" * (CHUNK // 7), "big"),
    "upload: path": _upload_path,
    "files: list": lambda c: names(c.files.list()),
    "files: list in pages": lambda c: names(c.files.list(config={"page_size": 1})),
    "files: get": lambda c: c.files.get(name=names(c.files.list())[0]),
    "files: in a prompt": _ask_about_file,
    "files: download": _download,
    "files: delete": _delete,
}
"""Checks that need the upload's URL, which the API hands out as an absolute one."""


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


def seen(value: Any) -> Any:
    """The SDK's value as plain JSON, less the date and what belongs to one connection."""
    if isinstance(value, list):
        return [seen(item) for item in value]
    if not hasattr(value, "model_dump"):
        return value
    dumped = value.model_dump(mode="json", exclude_none=True)
    headers = (dumped.get("sdk_http_response") or {}).get("headers")
    for name in [name for name in headers or () if name.lower() in ("date", "connection")]:
        del headers[name]
    return dumped


def failed(error: Exception) -> dict[str, Any]:
    """An error as a caller can read it."""
    details = getattr(error, "details", None)
    return {
        "error": type(error).__name__,
        "code": getattr(error, "code", None),
        "status": getattr(error, "status", None),
        "message": getattr(error, "message", None) or str(error),
        "details": details,
    }


def run(client: genai.Client, checks: dict[str, Check]) -> list[dict[str, Any]]:
    """The transcript of blocking checks: one entry a check."""
    lines = []
    for name, check in checks.items():
        try:
            lines.append({"check": name, "answer": seen(check(client))})
        except Exception as error:
            lines.append({"check": name, "answer": failed(error)})
    return lines


async def run_async(client: genai.Client) -> list[dict[str, Any]]:
    """The transcript of the async checks."""
    lines = []
    for name, check in ASYNC_CHECKS.items():
        try:
            lines.append({"check": name, "answer": seen(await check(client))})
        except Exception as error:
            lines.append({"check": name, "answer": failed(error)})
    await client.aio.aclose()
    return lines


def transcript(base_url: str) -> list[dict[str, Any]]:
    """All checks but the uploads, over both API versions and with bad keys."""
    with client_of(base_url) as client:
        lines = run(client, CHECKS)
    lines += asyncio.run(run_async(client_of(base_url)))
    few = dict(itertools.islice(CHECKS.items(), 5))
    for label, other in (
        ("v1beta ", client_of(base_url, version="v1beta")),
        ("invalid key ", client_of(base_url, key="invalid")),
    ):
        with other:
            lines += [line | {"check": label + line["check"]} for line in run(other, few)]
    return lines


def upload_transcript(base_url: str) -> list[dict[str, Any]]:
    """The checks that upload files."""
    with client_of(base_url) as client:
        return run(client, UPLOAD_CHECKS)
