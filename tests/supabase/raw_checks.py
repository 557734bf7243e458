"""Plain HTTP by httpx: every call and its answer, field for field. Asserts nothing itself."""

from typing import Any

import httpx

from tests.supabase.server import PUBLISHABLE_KEY, SECRET_KEY, claims_of, signed
from tests.supabase.transcripts import Transcript

ALICE = {"email": "alice@example.com", "password": "alice-password"}
BOB = {"email": "bob@example.com", "password": "bob-password"}
REPRESENTATION = {"Prefer": "return=representation"}
MINIMAL = {"Prefer": "return=minimal"}
OBJECT = {"Accept": "application/vnd.pgrst.object+json"}
MERGE = {"Prefer": "resolution=merge-duplicates,return=representation"}
IGNORE = {"Prefer": "resolution=ignore-duplicates,return=representation"}
TEXT = {"Content-Type": "text/plain", "Cache-Control": "max-age=60"}
_LEFT_OUT = {"date", "connection", "keep-alive"}


class Notes:
    """Calls are made as somebody, and noted under a name."""

    def __init__(self, http: httpx.Client) -> None:
        self.lines: Transcript = []
        self.tokens: dict[str, str] = {}
        self._http = http

    def call(
        self, name: str, who: str, method: str, target: str, json: Any = None, **more: Any
    ) -> httpx.Response:
        """Make a call; `more` are `headers` and `content`."""
        headers = {**self._credentials(who), **more.pop("headers", {})}
        answer = self._http.request(method, target, headers=headers, json=json, **more)
        seen = {"status": answer.status_code, "fields": _fields(answer), "text": answer.text}
        self.lines.append({"check": name, "answer": seen})
        return answer

    def _credentials(self, who: str) -> dict[str, str]:
        if who == "owner":
            return {"apikey": SECRET_KEY, "Authorization": f"Bearer {SECRET_KEY}"}
        token = self.tokens.get(who)
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return {"apikey": PUBLISHABLE_KEY, **bearer} if who != "nobody" else {}


def _fields(answer: httpx.Response) -> list[tuple[str, str]]:
    """Without the date, what is of one connection, and a length that is the body's: it depends on
    how many digits a second has."""
    own = ("content-length", str(len(answer.content)))
    pairs = answer.headers.multi_items()
    return sorted(pair for pair in pairs if pair[0] not in _LEFT_OUT and pair != own)


def transcript(base_url: str) -> Transcript:
    """What every check answers, in order: later ones see what earlier ones wrote."""
    with httpx.Client(base_url=base_url, trust_env=False, timeout=30.0) as http:
        notes = Notes(http)
        for part in (_auth, _writes, _reads, _errors, _functions, _storage, _changes, _sign_out):
            part(notes)
        return notes.lines


def _auth(n: Notes) -> None:
    n.call("sign up", "anon", "POST", "/auth/v1/signup", ALICE)
    n.call("sign up another", "anon", "POST", "/auth/v1/signup", BOB)
    n.call("sign up again", "anon", "POST", "/auth/v1/signup", ALICE)
    password = "/auth/v1/token?grant_type=password"
    n.call("wrong password", "anon", "POST", password, {**ALICE, "password": "wrong-one"})
    n.tokens["bob"] = n.call("sign in bob", "anon", "POST", password, BOB).json()["access_token"]
    session = n.call("sign in", "anon", "POST", password, ALICE).json()
    refresh = "/auth/v1/token?grant_type=refresh_token"
    spent = {"refresh_token": session["refresh_token"]}
    n.tokens["alice"] = n.call("refresh", "anon", "POST", refresh, spent).json()["access_token"]
    n.call("refresh by nothing", "anon", "POST", refresh, {"refresh_token": "nothing"})
    n.call("user", "alice", "GET", "/auth/v1/user")
    n.call("change user", "alice", "PUT", "/auth/v1/user", {"data": {"theme": "dark"}})
    n.call("changed user", "alice", "GET", "/auth/v1/user")
    n.call("user without token", "anon", "GET", "/auth/v1/user")
    n.call("settings", "anon", "GET", "/auth/v1/settings")
    n.call("no key", "nobody", "GET", "/rest/v1/accounts")
    ended = {**claims_of(n.tokens["alice"]), "iat": 1_790_000_000, "exp": 1_790_000_001}
    n.tokens["late"] = signed(ended)
    n.tokens["forged"] = n.tokens["alice"][:-4] + "AAAA"


def _writes(n: Notes) -> None:
    table = "/rest/v1/conversations"
    for who in ("alice", "bob"):
        rows = [{"account_id": 1 + at % 3, "title": f"{who} {at}", "unread": at} for at in range(5)]
        n.call(f"insert {who}", who, "POST", table, rows, headers=REPRESENTATION)
    one = {"account_id": 2, "title": 'Ünï, (5) "quoted" 😀'}
    n.call("insert minimal", "alice", "POST", table, one, headers=MINIMAL)
    headers = {"Prefer": "return=headers-only"}
    n.call("insert, headers only", "alice", "POST", table, one, headers=headers)
    n.call("insert, plain", "alice", "POST", table, one)
    messages = [{"conversation_id": 1 + at % 3, "body": f"Message {at}"} for at in range(6)]
    n.call("messages", "alice", "POST", "/rest/v1/messages", messages, headers=MINIMAL)
    profile = "/rest/v1/profiles?on_conflict=user_id"
    n.call("upsert new", "alice", "POST", profile, {"name": "Alice"}, headers=MERGE)
    n.call("upsert old", "alice", "POST", profile, {"name": "Alice A."}, headers=MERGE)
    n.call("upsert ignoring", "alice", "POST", profile, {"name": "Other"}, headers=IGNORE)


def _reads(n: Notes) -> None:
    table = "/rest/v1/conversations"
    count = {"Prefer": "count=exact"}
    for who in ("alice", "bob", "anon", "owner"):
        n.call(f"rows of {who}", who, "GET", f"{table}?select=*&order=id")
    for name, query in {
        "eq": "id=eq.2",
        "in": "id=in.(1,2,6)&order=id",
        "like": "title=like.alice*&order=id",
        "is": "title=not.is.null&order=id.desc&limit=2",
        "or": "or=(unread.eq.1,and(unread.gt.2,unread.lt.4))&order=id",
        "encoded": "title=eq.%C3%9Cn%C3%AF%2C%20%285%29%20%22quoted%22%20%F0%9F%98%80",
        "alias, cast": "select=nr:id::text,title&order=id&limit=2",
        "embedded": "select=id,accounts(name),messages(body)&order=id&messages.order=id",
        "filter on embedded": "select=id,accounts!inner(name)&accounts.name=eq.Globex&order=id",
    }.items():
        n.call(name, "alice", "GET", f"{table}?{query}")
    ordered = f"{table}?select=id&order=id"
    n.call("range", "alice", "GET", ordered, headers={"Range": "1-2", "Range-Unit": "items"})
    n.call("range, count", "alice", "GET", ordered, headers={"Range": "0-1", **count})
    n.call("range past the end", "alice", "GET", ordered, headers={"Range": "50-60", **count})
    n.call("head count", "alice", "HEAD", f"{table}?select=*", headers=count)
    n.call("csv", "alice", "GET", f"{table}?select=id,title", headers={"Accept": "text/csv"})
    n.call("one", "alice", "GET", f"{table}?id=eq.1", headers=OBJECT)


def _errors(n: Notes) -> None:
    table = "/rest/v1/conversations"
    n.call("one of none", "alice", "GET", f"{table}?id=eq.0", headers=OBJECT)
    n.call("duplicate", "owner", "POST", "/rest/v1/accounts", {"name": "Acme"})
    n.call("forbidden", "alice", "POST", "/rest/v1/accounts", {"name": "Mine"})
    bob = {"account_id": 1, "title": "x", "user_id": claims_of(n.tokens["bob"])["sub"]}
    n.call("for another", "alice", "POST", table, bob)
    n.call("dangling", "alice", "POST", table, {"account_id": 99, "title": "x"})
    n.call("without required", "alice", "POST", table, {"account_id": 1})
    n.call("unknown table", "alice", "GET", "/rest/v1/nothing")
    n.call("unknown column", "alice", "GET", f"{table}?select=nothing")
    n.call("bad value", "alice", "GET", f"{table}?id=eq.x")
    n.call("bad tree", "alice", "GET", f"{table}?select=id,(")
    n.call("no JSON", "alice", "POST", table, content=b"{", headers={"Content-Type": "x/json"})
    for who in ("late", "forged"):
        n.call(f"{who} token", who, "GET", table)
        n.call(f"{who} token, user", who, "GET", "/auth/v1/user")


def _functions(n: Notes) -> None:
    n.call("function by GET", "alice", "GET", "/rest/v1/rpc/add?a=2&b=3")
    n.call("function by POST", "alice", "POST", "/rest/v1/rpc/add", {"a": 2, "b": 3})
    n.call("function of rows", "alice", "GET", "/rest/v1/rpc/unread_total")
    renamed = {"target": 1, "new_title": "renamed"}
    n.call("function that writes", "alice", "POST", "/rest/v1/rpc/rename", renamed)
    n.call(
        "function that writes, by GET", "alice", "GET", "/rest/v1/rpc/rename?target=1&new_title=x"
    )
    n.call("unknown function", "alice", "POST", "/rest/v1/rpc/nothing", {})


def _storage(n: Notes) -> None:
    bucket = {"id": "files", "name": "files", "public": True}
    n.call("bucket", "owner", "POST", "/storage/v1/bucket", bucket)
    n.call("bucket again", "owner", "POST", "/storage/v1/bucket", bucket)
    files = "/storage/v1/object/files"
    n.call("upload", "owner", "POST", f"{files}/a%20b.txt", content=b"hello", headers=TEXT)
    n.call("upload again", "owner", "POST", f"{files}/a%20b.txt", content=b"x", headers=TEXT)
    chunks = (b"chunk %d\n" % at for at in range(1000))
    n.call("upload chunked", "owner", "POST", f"{files}/c.txt", content=chunks, headers=TEXT)
    n.call("download", "owner", "GET", f"{files}/a%20b.txt")
    n.call("download chunked", "owner", "GET", f"{files}/c.txt")
    n.call("public", "nobody", "GET", "/storage/v1/object/public/files/a%20b.txt")
    n.call("download none", "owner", "GET", f"{files}/nothing")
    n.call("info", "owner", "GET", "/storage/v1/object/info/files/c.txt")
    n.call("list", "owner", "POST", "/storage/v1/object/list/files", {"prefix": "", "limit": 9})
    n.call("remove", "owner", "DELETE", files, {"prefixes": ["c.txt"]})
    n.call("removed", "owner", "GET", f"{files}/c.txt")


def _changes(n: Notes) -> None:
    table = "/rest/v1/conversations"
    n.call("update", "alice", "PATCH", f"{table}?id=eq.1", {"unread": 9}, headers=REPRESENTATION)
    n.call("update minimal", "alice", "PATCH", f"{table}?unread=gt.3", {"unread": 0})
    n.call(
        "update of another",
        "alice",
        "PATCH",
        f"{table}?id=eq.6",
        {"unread": 9},
        headers=REPRESENTATION,
    )
    n.call("delete", "alice", "DELETE", f"{table}?id=eq.2", headers=REPRESENTATION)
    n.call("delete minimal", "alice", "DELETE", f"{table}?id=eq.3")
    n.call("delete of another", "alice", "DELETE", f"{table}?id=eq.7", headers=REPRESENTATION)
    n.call("left", "owner", "GET", f"{table}?select=*,messages(*)&order=id&messages.order=id")


def _sign_out(n: Notes) -> None:
    n.call("sign out", "alice", "POST", "/auth/v1/logout")
    n.call("user signed out", "alice", "GET", "/auth/v1/user")
    n.call("user still there", "bob", "GET", "/auth/v1/user")
