"""Checks of google-genai (Python), blocking and async, and the transcript of their answers.

`transcript(base_url)` runs them in order against one API and says what the SDK saw. It asserts
nothing: the answers are compared between ways to reach the same API.
"""

import asyncio
import itertools
from typing import Any

from google import genai
from google.genai import types

from tests.e2e.gemini.genai_checks import ASYNC_CHECKS, CHECKS, Check
from tests.e2e.gemini.genai_uploads import UPLOAD_CHECKS


def client_of(base_url: str, *, version: str | None = None, key: str = "key-1") -> genai.Client:
    return genai.Client(
        api_key=key, http_options=types.HttpOptions(base_url=base_url, api_version=version)
    )


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
        "code": getattr(error, "code", None) or getattr(error, "status_code", None),
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
