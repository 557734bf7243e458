"""The official Python SDK: tables, functions and storage. Asserts nothing itself.

Signing up, in and getting the user are done by plain HTTP: the SDK's models want fields that this
server does not send. Its clients are given the tokens.
"""

from collections.abc import Callable
from typing import Any

import httpx
import supabase
from postgrest.exceptions import APIError
from storage3.exceptions import StorageApiError

from tests.supabase.raw_checks import ALICE, BOB
from tests.supabase.server import PUBLISHABLE_KEY, SECRET_KEY
from tests.supabase.transcripts import Transcript


class Clients:
    """A stranger, two users and the owner."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.http = httpx.Client(timeout=30.0, trust_env=False)
        self.anon = self._new(PUBLISHABLE_KEY)
        self.alice = self._new(PUBLISHABLE_KEY, self._token(ALICE))
        self.bob = self._new(PUBLISHABLE_KEY, self._token(BOB))
        self.owner = self._new(SECRET_KEY)
        self.files = self.owner.storage.from_("files")

    def _token(self, whose: dict[str, str]) -> str:
        url, headers = f"{self.base_url}/auth/v1/signup", {"apikey": PUBLISHABLE_KEY}
        answer = self.http.post(url, json=whose, headers=headers)
        return str(answer.json()["access_token"])

    def _new(self, key: str, token: str | None = None) -> supabase.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        options = supabase.ClientOptions(
            auto_refresh_token=False, httpx_client=self.http, headers=headers
        )
        return supabase.create_client(self.base_url, key, options)


def _rows(name: str) -> list[dict[str, Any]]:
    return [{"account_id": 1 + at % 3, "title": f"{name} {at}", "unread": at} for at in range(5)]


def _table(who: supabase.Client) -> Any:
    return who.table("conversations")


def _upload(c: Clients) -> Any:
    c.owner.storage.create_bucket("files", options={"public": True})
    return c.files.upload("a b.txt", b"hello", {"content-type": "text/plain"}).full_path


CHECKS: dict[str, Callable[[Clients], Any]] = {
    "insert alice": lambda c: _table(c.alice).insert(_rows("alice")).execute(),
    "insert bob": lambda c: _table(c.bob).insert(_rows("bob"), returning="minimal").execute(),
    "messages": lambda c: (
        c.alice.table("messages").insert({"conversation_id": 1, "body": "x"}).execute()
    ),
    "upsert": lambda c: (
        c.alice.table("profiles").upsert({"name": "A"}, on_conflict="user_id").execute()
    ),
    "upsert again": lambda c: (
        c.alice.table("profiles").upsert({"name": "B"}, on_conflict="user_id").execute()
    ),
    "rows of alice": lambda c: _table(c.alice).select("*").order("id").execute(),
    "rows of bob": lambda c: _table(c.bob).select("*").order("id").execute(),
    "a stranger": lambda c: _table(c.anon).select("*").execute(),
    "the owner": lambda c: _table(c.owner).select("id,title").order("id").execute(),
    "embedded": lambda c: (
        _table(c.alice).select("id,accounts(name),messages(body)").order("id").execute()
    ),
    "filters": lambda c: (
        _table(c.alice).select("id").in_("id", [1, 2, 6]).gte("unread", 1).execute()
    ),
    "range": lambda c: (
        _table(c.alice).select("id", count="exact").order("id").range(1, 2).execute()
    ),
    "past the end": lambda c: _table(c.alice).select("id", count="exact").range(50, 60).execute(),
    "head count": lambda c: _table(c.alice).select("*", count="exact", head=True).execute(),
    "csv": lambda c: _table(c.alice).select("id,title").order("id").csv().execute(),
    "one": lambda c: _table(c.alice).select("*").eq("id", 1).single().execute(),
    "one of none": lambda c: _table(c.alice).select("*").eq("id", 0).single().execute(),
    "duplicate": lambda c: c.owner.table("accounts").insert({"name": "Acme"}).execute(),
    "forbidden": lambda c: c.alice.table("accounts").insert({"name": "Mine"}).execute(),
    "unknown table": lambda c: c.alice.table("nothing").select("*").execute(),
    "function by POST": lambda c: c.alice.rpc("add", {"a": 2, "b": 3}).execute(),
    "function by GET": lambda c: c.alice.rpc("add", {"a": 2, "b": 3}, get=True).execute(),
    "update": lambda c: _table(c.alice).update({"unread": 9}).eq("id", 1).execute(),
    "update of another": lambda c: _table(c.alice).update({"unread": 9}).eq("id", 6).execute(),
    "delete": lambda c: _table(c.alice).delete().eq("id", 2).execute(),
    "left": lambda c: _table(c.owner).select("*").order("id").execute(),
    "upload": _upload,
    "download": lambda c: c.files.download("a b.txt").decode(),
    "download none": lambda c: c.files.download("nothing"),
    "list": lambda c: [each["name"] for each in c.files.list()],
    "remove": lambda c: [each["name"] for each in c.files.remove(["a b.txt"])],
}


def transcript(base_url: str) -> Transcript:
    """What every check answers, in order: later ones see what earlier ones wrote."""
    clients = Clients(base_url)
    try:
        return [{"check": name, "answer": _seen(act, clients)} for name, act in CHECKS.items()]
    finally:
        clients.http.close()


def _seen(act: Callable[[Clients], Any], clients: Clients) -> Any:
    try:
        answer = act(clients)
    except (APIError, StorageApiError) as error:
        return {"error": type(error).__name__, "code": error.code, "text": str(error)}
    return answer.model_dump(mode="json") if hasattr(answer, "model_dump") else answer
