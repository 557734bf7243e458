"""`/auth/v1/…` over HTTP: sign-up, sign-in, refresh, the current user, keys, users for the admin.

Decides nothing about users or sessions: those are in `accounts.py`.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sidecar.demo.supabase.accounts import Accounts, AuthError, User
from sidecar.demo.supabase.caller import Caller, caller_of, role_of_key
from sidecar.demo.supabase.encoding import json_answer
from sidecar.demo.supabase.jwt import BadTokenError
from sidecar.demo.supabase.project import PROJECT
from sidecar.demo.supabase.target import Target

Json = dict[str, Any]
_OPEN = ("settings", "health", ".well-known/jwks.json")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, taken apart."""

    accounts: Accounts
    caller: Caller | None
    """None where the bearer token is not valid."""
    target: Target
    body: Json

    @property
    def user(self) -> User:
        """The signed-in user, or an AuthError."""
        if self.caller is None:
            raise AuthError(403, "bad_jwt", "invalid JWT: unable to parse or verify signature")
        if not self.caller.user:
            raise AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token")
        user = self.accounts.users.get(self.caller.user)
        if user is None:
            raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
        session = str(self.caller.claims.get("session_id", ""))
        if session and session not in self.accounts.sessions:
            message = "Session from session_id claim in JWT does not exist"
            raise AuthError(403, "session_not_found", message)
        return user

    def require_service_role(self) -> None:
        """Raise an AuthError for anybody else."""
        if self.caller is None or self.caller.role != "service_role":
            raise AuthError(403, "not_admin", "User not allowed")


Handler = Callable[[Asked], Json | None]


async def handle(request: web.Request, target: Target) -> web.StreamResponse:
    """Answer a request below `/auth/v1`; errors in GoTrue's shape."""
    project = request.app[PROJECT]
    name = "/".join(target.segments[2:])
    key = request.headers.get("apikey") or target.last("apikey")
    try:
        if name not in _OPEN:
            _check_key(key, project.now())
        caller = _caller(request, key, project.now())
        asked = Asked(project.accounts, caller, target, await _json(request.read()))
        answer = _handler(request.method, name)(asked)
    except AuthError as error:
        body = {"code": error.status, "error_code": error.code, "msg": str(error), **error.more}
        return _answer(request, body, error.status)
    return _answer(request, answer, 200) if answer is not None else web.Response(status=204)


def _answer(request: web.Request, body: Json, status: int) -> web.Response:
    response = json_answer(request, body, status=status)
    if request.method == "POST":
        # As the network in front of the real server does; a proxy must neither keep nor merge it.
        marker = f"cf-{request.path.rsplit('/', 1)[-1]}"
        response.set_cookie("__cf_bm", marker, path="/", httponly=True, max_age=1800)
        response.set_cookie("_cfuvid", marker, path="/", httponly=True)
    return response


def _check_key(key: str, now: float) -> None:
    if role_of_key(key, now) is None:
        message = "Invalid API key" if key else "No API key found in request"
        raise AuthError(401, "no_authorization", message)


def _caller(request: web.Request, key: str, now: float) -> Caller | None:
    try:
        return caller_of(request.headers.get("Authorization"), key, now)
    except BadTokenError:
        return None


async def _json(body: Awaitable[bytes]) -> Json:
    text = await body
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        message = "Could not parse request body as JSON"
        raise AuthError(400, "bad_json", message) from None
    return value if isinstance(value, dict) else {}


def _handler(method: str, name: str) -> Handler:
    handler = _HANDLERS.get((method, name))
    if handler is None and name.startswith("admin/users/"):
        handler = _HANDLERS.get((method, "admin/users/*"))
    if handler is None:
        raise AuthError(404, "not_found", f"No route for {method} /{name}")
    return handler


def _sign_up(asked: Asked) -> Json:
    given = asked.body
    user = asked.accounts.create(
        str(given.get("email", "")), str(given.get("password", "")), given.get("data") or {}
    )
    return asked.accounts.open(user)


def _token(asked: Asked) -> Json:
    match asked.target.last("grant_type"):
        case "password":
            given = asked.body
            return asked.accounts.sign_in(str(given.get("email")), str(given.get("password")))
        case "refresh_token":
            return asked.accounts.refresh(str(asked.body.get("refresh_token")))
    raise AuthError(400, "unsupported_grant_type", "unsupported_grant_type")


def _user(asked: Asked) -> Json:
    return asked.user.public()


def _update_user(asked: Asked) -> Json:
    user = asked.user
    asked.accounts.update(user, asked.body)
    return user.public()


def _logout(asked: Asked) -> None:
    user, claims = asked.user, asked.caller.claims if asked.caller else {}
    scope = asked.target.last("scope", "global")
    asked.accounts.close(user, str(claims.get("session_id", "")), scope)


def _settings(_asked: Asked) -> Json:
    return {
        "external": {"email": True, "phone": False, "google": False},
        "disable_signup": False,
        "mailer_autoconfirm": True,
        "phone_autoconfirm": False,
        "sms_provider": "",
    }


def _health(_asked: Asked) -> Json:
    return {"version": "v2.180.0", "name": "GoTrue", "description": "simulated"}


def _keys(_asked: Asked) -> Json:
    """Empty, as for a project that signs with a shared secret."""
    return {"keys": []}


def _admin_list(asked: Asked) -> Json:
    asked.require_service_role()
    page = int(asked.target.last("page") or 1)
    size = int(asked.target.last("per_page") or 50)
    users = list(asked.accounts.users.values())[(page - 1) * size : page * size]
    return {"users": [user.public() for user in users], "aud": "authenticated"}


def _admin_create(asked: Asked) -> Json:
    asked.require_service_role()
    given = asked.body
    passphrase = str(given.get("password") or "generated-by-the-server")
    data = given.get("user_metadata") or {}
    return asked.accounts.create(str(given.get("email", "")), passphrase, data).public()


def _admin_get(asked: Asked) -> Json:
    asked.require_service_role()
    user = asked.accounts.users.get(asked.target.segments[-1])
    if user is None:
        raise AuthError(404, "user_not_found", "User not found")
    return user.public()


def _admin_delete(asked: Asked) -> Json:
    _admin_get(asked)
    del asked.accounts.users[asked.target.segments[-1]]
    return {}


_HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("POST", "signup"): _sign_up,
    ("POST", "token"): _token,
    ("GET", "user"): _user,
    ("PUT", "user"): _update_user,
    ("POST", "logout"): _logout,
    ("GET", "settings"): _settings,
    ("GET", "health"): _health,
    ("GET", ".well-known/jwks.json"): _keys,
    ("GET", "admin/users"): _admin_list,
    ("POST", "admin/users"): _admin_create,
    ("GET", "admin/users/*"): _admin_get,
    ("DELETE", "admin/users/*"): _admin_delete,
}
