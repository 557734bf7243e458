"""supabase-py: auth, and what two signed-in users see."""

from typing import Any

import httpx

from sidecar.demo.supabase.accounts import SEEDED_PASSPHRASE
from tests.e2e.supabase.python_rest import rows

NEW = {"email": "new@example.com", "password": "new-password"}


def _credentials(number: int) -> Any:
    return {"email": f"user{number}@example.com", "password": SEEDED_PASSPHRASE}


def _refresh_twice(c: Any) -> Any:
    spent = c.bob.auth.get_session().refresh_token
    first = c.bob.auth.refresh_session(spent)
    assert first.session is not None
    return c.bob.auth.refresh_session(spent)


def _my_notes(c: Any) -> list[Any]:
    return [rows(who.table("notes").select("*").order("id")) for who in (c.alice, c.bob)]


def _write_notes(c: Any) -> list[Any]:
    mine = rows(c.alice.table("notes").insert({"body": "Mine"}))
    c.alice.table("notes").update({"body": "Changed"}).neq("id", 0).execute()
    return [mine, rows(c.service.table("notes").select("*").order("id"))]


def _signed_out(c: Any) -> list[Any]:
    c.alice.auth.sign_out()
    return [c.alice.auth.get_session(), rows(c.anon.table("notes").select("*"))]


def _cookies(c: Any) -> list[str]:
    """The client keeps them, and sends them back."""
    jar = c.alice.auth._http_client.cookies.jar
    return sorted(f"{cookie.name}={cookie.value}" for cookie in jar)


def _raw(path: str, **headers: str) -> Any:
    def check(c: Any) -> Any:
        answer = httpx.get(f"{c.base_url}{path}", headers=headers, trust_env=False)
        return {"status": answer.status_code, "json": answer.json()}

    return check


CHECKS = {
    "auth: sign up": lambda c: c.anon.auth.sign_up({**NEW, "options": {"data": {"name": "New"}}}),
    "auth: sign up again": lambda c: c.service.auth.sign_up(NEW),
    "auth: weak": lambda c: c.service.auth.sign_up({"email": "w@example.com", "password": "x"}),
    "auth: session of sign-up": lambda c: c.anon.auth.get_session(),
    "auth: sign out of sign-up": lambda c: c.anon.auth.sign_out(),
    "auth: wrong password": lambda c: c.anon.auth.sign_in_with_password(
        {"email": "user1@example.com", "password": "wrong"}
    ),
    "auth: sign in": lambda c: c.alice.auth.sign_in_with_password(_credentials(1)),
    "auth: sign in another": lambda c: c.bob.auth.sign_in_with_password(_credentials(2)),
    "auth: cookies": _cookies,
    "auth: user": lambda c: c.alice.auth.get_user(),
    "auth: other user": lambda c: c.bob.auth.get_user(),
    "auth: claims": lambda c: c.alice.auth.get_claims(),
    "auth: bad token": lambda c: c.alice.auth.get_user("a.b.c"),
    "auth: change metadata": lambda c: c.alice.auth.update_user({"data": {"theme": "dark"}}),
    "auth: two users see their own rows": _my_notes,
    "auth: users write their own rows": _write_notes,
    "auth: database knows the user": lambda c: c.alice.rpc("current_user_id", {}).execute().data,
    "auth: refresh": lambda c: c.alice.auth.refresh_session(),
    "auth: refresh token used twice": _refresh_twice,
    "auth: unknown refresh token": lambda c: c.bob.auth.refresh_session("never-given"),
    "auth: admin lists users": lambda c: c.service.auth.admin.list_users(page=2, per_page=3),
    "auth: admin creates": lambda c: c.service.auth.admin.create_user(
        {"email": "made@example.com", "password": "made-password", "email_confirm": True}
    ),
    "auth: not an admin": lambda c: c.bob.auth.admin.list_users(),
    "auth: sign out": _signed_out,
    "auth: settings": _raw("/auth/v1/settings"),
    "auth: keys": _raw("/auth/v1/.well-known/jwks.json"),
    "gateway: no key": _raw("/rest/v1/users"),
    "gateway: wrong key": _raw("/rest/v1/users", apikey="wrong"),
    "gateway: unknown service": _raw("/other/v1/x"),
    "gateway: no realtime": _raw("/realtime/v1/websocket", apikey="demo"),
}
