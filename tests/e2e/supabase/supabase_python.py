"""Checks of supabase-py, and the transcript of what it saw: `transcript(base_url)`.

Asserts nothing itself: answers are compared between ways to reach the same fresh project.
"""

from collections.abc import Callable
from typing import Any

import httpx
import supabase
from postgrest.exceptions import APIError
from storage3.exceptions import StorageApiError
from supabase_auth.errors import AuthError
from supabase_functions.errors import FunctionsError

from sidecar.demo.supabase import ANON_KEY, SERVICE_KEY
from tests.e2e.supabase import python_auth, python_rest, python_storage

Check = Callable[["Clients"], Any]


class Clients:
    """One project seen as a stranger, as two users and as its owner."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._open: list[httpx.Client] = []
        self.anon = self._new(ANON_KEY)
        self.alice = self._new(ANON_KEY)
        self.bob = self._new(ANON_KEY)
        self.service = self._new(SERVICE_KEY)

    def _new(self, key: str) -> supabase.Client:
        http = httpx.Client(http2=True, follow_redirects=True, timeout=20)
        self._open.append(http)
        options = supabase.ClientOptions(auto_refresh_token=False, httpx_client=http)
        return supabase.create_client(self.base_url, key, options)

    def close(self) -> None:
        for http in self._open:
            http.close()


CHECKS: dict[str, Check] = {**python_rest.CHECKS, **python_auth.CHECKS, **python_storage.CHECKS}


def transcript(base_url: str) -> list[dict[str, Any]]:
    """Run every check in order: later ones see what earlier ones wrote."""
    clients = Clients(base_url)
    try:
        return [{"check": name, "answer": _seen(check, clients)} for name, check in CHECKS.items()]
    finally:
        clients.close()


def _seen(check: Check, clients: Clients) -> Any:
    try:
        return _plain(check(clients))
    except (APIError, AuthError, StorageApiError, FunctionsError) as error:
        code = getattr(error, "code", None)
        status = getattr(error, "status", None)
        return {"error": type(error).__name__, "code": code, "status": status, "text": str(error)}


def _plain(value: Any) -> Any:
    """As JSON can hold it: every model's fields, bytes as text."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if isinstance(value, int | float | str | bool | None) else repr(value)
