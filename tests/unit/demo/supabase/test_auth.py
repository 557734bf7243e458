"""The auth service: sessions, refresh tokens that work once, and who may do what."""

import pytest

from sidecar.demo.supabase import SERVICE_KEY
from sidecar.demo.supabase.accounts import SEEDED_PASSPHRASE
from sidecar.demo.supabase.jwt import BadTokenError, sign, verify

USER = {"email": "user1@example.com", "password": SEEDED_PASSPHRASE}


async def signed_in(call) -> dict:
    answer = await call("POST", "/auth/v1/token?grant_type=password", json=USER)
    assert answer.status == 200
    return await answer.json()


def bearer(session: dict) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['access_token']}"}


async def refreshed(call, token: str):
    body = {"refresh_token": token}
    return await call("POST", "/auth/v1/token?grant_type=refresh_token", json=body)


async def test_a_session_opens_the_user_until_it_is_closed(call):
    session = await signed_in(call)
    user = await call("GET", "/auth/v1/user", headers=bearer(session))
    assert (await user.json())["email"] == "user1@example.com"
    out = await call("POST", "/auth/v1/logout?scope=local", headers=bearer(session))
    assert (out.status, await out.read()) == (204, b"")
    after = await call("GET", "/auth/v1/user", headers=bearer(session))
    assert (after.status, (await after.json())["error_code"]) == (403, "session_not_found")


@pytest.mark.parametrize(
    ("scope", "left"), [("local", "other"), ("others", "mine"), ("global", "")]
)
async def test_sign_out_ends_the_sessions_of_its_scope(call, scope, left):
    sessions = {"mine": await signed_in(call), "other": await signed_in(call)}
    await call("POST", f"/auth/v1/logout?scope={scope}", headers=bearer(sessions["mine"]))
    answers = {
        name: (await call("GET", "/auth/v1/user", headers=bearer(session))).status
        for name, session in sessions.items()
    }
    assert [name for name, status in answers.items() if status == 200] == ([left] if left else [])


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(call):
    first = await signed_in(call)
    second = await (await refreshed(call, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    again = await refreshed(call, first["refresh_token"])
    assert (again.status, (await again.json())["error_code"]) == (400, "refresh_token_already_used")
    assert (await refreshed(call, second["refresh_token"])).status == 400


async def test_cookies_come_with_answers_to_posts_only(call):
    posted = await call("POST", "/auth/v1/token?grant_type=password", json=USER)
    assert [value.split("=")[0] for value in posted.headers.getall("Set-Cookie")] == [
        "__cf_bm",
        "_cfuvid",
    ]
    read = await call("GET", "/auth/v1/settings")
    assert "Set-Cookie" not in read.headers


async def test_a_user_changes_what_is_its_own(call):
    session = await signed_in(call)
    given = {"data": {"theme": "dark"}, "password": "another"}
    changed = await call("PUT", "/auth/v1/user", json=given, headers=bearer(session))
    assert (await changed.json())["user_metadata"] == {"name": "User 01", "theme": "dark"}
    assert (await call("POST", "/auth/v1/token?grant_type=password", json=USER)).status == 400


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "code"),
    [
        (
            "POST",
            "/auth/v1/signup",
            {"email": "none", "password": "password"},
            400,
            "validation_failed",
        ),
        ("POST", "/auth/v1/signup", {"email": "a@b", "password": "short"}, 422, "weak_password"),
        ("POST", "/auth/v1/signup", USER, 422, "user_already_exists"),
        ("POST", "/auth/v1/token?grant_type=password", {"email": "x"}, 400, "invalid_credentials"),
        ("POST", "/auth/v1/token?grant_type=magic", {}, 400, "unsupported_grant_type"),
        ("GET", "/auth/v1/user", None, 401, "no_authorization"),
        ("GET", "/auth/v1/admin/users", None, 403, "not_admin"),
        ("GET", "/auth/v1/nothing", None, 404, "not_found"),
    ],
)
async def test_refusals_are_in_the_shape_that_clients_parse(
    call, method, target, body, status, code
):
    answer = await call(method, target, json=body)
    seen = await answer.json()
    assert (answer.status, seen["code"], seen["error_code"]) == (status, status, code)
    assert seen["msg"]


async def test_the_admin_makes_and_removes_users(call):
    given = {"email": "made@example.com", "password": "password"}
    made = await (await call("POST", "/auth/v1/admin/users", SERVICE_KEY, json=given)).json()
    target = f"/auth/v1/admin/users/{made['id']}"
    assert (await call("GET", target, SERVICE_KEY)).status == 200
    assert (await call("DELETE", target, SERVICE_KEY)).status == 200
    assert (await call("GET", target, SERVICE_KEY)).status == 404


async def test_a_key_is_needed_but_for_public_documents(call):
    assert (await call("GET", "/auth/v1/user", "")).status == 401
    assert (await call("GET", "/auth/v1/.well-known/jwks.json", "")).status == 200


@pytest.mark.parametrize(
    "token", ["", "a.b", "a.b.c", sign({"exp": 1}), sign({"sub": "x"})[:-2] + "xx"]
)
def test_bad_tokens_are_refused(token):
    with pytest.raises(BadTokenError):
        verify(token, 2.0)


def test_a_token_lasts_until_its_expiry():
    assert verify(sign({"exp": 10, "sub": "ü"}), 10.0) == {"exp": 10, "sub": "ü"}
