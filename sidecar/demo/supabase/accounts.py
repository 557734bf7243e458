"""Users and sessions of the auth server, in memory. No HTTP in here.

A refresh token works once; using it again ends its session. (The real server forgives this for
10 s. Without that, a request that was wrongly sent twice is seen at once.)
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.demo.supabase.ids import EPOCH, Ids, uuid_of, zulu
from sidecar.demo.supabase.jwt import sign

SEEDED_USERS = 40
SEEDED_PASSPHRASE = "demo-password"  # noqa: S105 — it opens nothing but a simulator
LIFETIME = 3_600


class AuthError(Exception):
    """A refusal of the auth server, in its words."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.more = more
        """Further members of the body."""


@dataclass(slots=True)
class User:
    """One user of the application."""

    id: str
    email: str
    digest: bytes
    created: float
    changed: float
    signed_in: float | None = None
    data: dict[str, Any] = field(default_factory=dict)
    role: str = "authenticated"

    def public(self) -> dict[str, Any]:
        """What the API shows."""
        return {
            "id": self.id,
            "aud": "authenticated",
            "role": self.role,
            "email": self.email,
            "email_confirmed_at": zulu(self.created),
            "phone": "",
            "confirmed_at": zulu(self.created),
            "last_sign_in_at": zulu(self.signed_in) if self.signed_in else None,
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": self.data,
            "identities": [],
            "created_at": zulu(self.created),
            "updated_at": zulu(self.changed),
            "is_anonymous": False,
        }


@dataclass(slots=True)
class Session:
    """A sign-in, and the tokens that it was given."""

    id: str
    user: User
    current: str
    used: set[str] = field(default_factory=set)
    """Spent refresh tokens."""


class Accounts:
    """Every user and every open session."""

    def __init__(self, ids: Ids, now: Callable[[], float]) -> None:
        self._ids, self._now = ids, now
        self.users: dict[str, User] = {}
        self.sessions: dict[str, Session] = {}
        digest = _digest(SEEDED_PASSPHRASE)
        for number in range(1, SEEDED_USERS + 1):
            identity, email = uuid_of("auth-user", number), f"user{number}@example.com"
            data = {"name": f"User {number:02}"}
            self.users[identity] = User(identity, email, digest, EPOCH, EPOCH, data=data)

    def create(self, email: str, passphrase: str, data: Mapping[str, Any]) -> User:
        """A new user.

        Raises:
            AuthError: the address is taken or no address, or the password is too short.
        """
        if "@" not in email:
            raise AuthError(400, "validation_failed", "Unable to validate email address")
        if len(passphrase) < 6:
            message = "Password should be at least 6 characters."
            reasons = {"reasons": ["length"]}
            raise AuthError(422, "weak_password", message, weak_password=reasons)
        if self.by_email(email):
            raise AuthError(422, "user_already_exists", "User already registered")
        now, identity = self._now(), self._ids.uuid("new-auth-user")
        user = User(identity, email.lower(), _digest(passphrase), now, now, data=dict(data))
        self.users[identity] = user
        return user

    def sign_in(self, email: str, passphrase: str) -> dict[str, Any]:
        """A new session, by password."""
        user = self.by_email(email)
        if user is None or user.digest != _digest(passphrase):
            raise AuthError(400, "invalid_credentials", "Invalid login credentials")
        return self.open(user)

    def open(self, user: User) -> dict[str, Any]:
        """A new session of `user`, as the token endpoint answers it."""
        user.signed_in = self._now()
        session = Session(self._ids.uuid("session"), user, self._ids.token("refresh"))
        self.sessions[session.id] = session
        return self._answer(session)

    def refresh(self, token: str) -> dict[str, Any]:
        """New tokens for an old one, once.

        Raises:
            AuthError: nobody knows the token, or it was used before.
        """
        for session in self.sessions.values():
            if token == session.current:
                session.used.add(token)
                session.current = self._ids.token("refresh")
                return self._answer(session)
            if token in session.used:
                del self.sessions[session.id]
                message = "Invalid Refresh Token: Already Used"
                raise AuthError(400, "refresh_token_already_used", message)
        message = "Invalid Refresh Token: Refresh Token Not Found"
        raise AuthError(400, "refresh_token_not_found", message)

    def update(self, user: User, changes: Mapping[str, Any]) -> None:
        """Change a user's address, password or metadata."""
        if email := changes.get("email"):
            user.email = str(email).lower()
        if passphrase := changes.get("password"):
            user.digest = _digest(str(passphrase))
        for key, value in (changes.get("data") or {}).items():
            user.data[key] = value
        user.changed = self._now()

    def close(self, user: User, session: str, scope: str) -> None:
        """End sessions: this one (`local`), the others (`others`), or all (`global`)."""
        for key in [key for key, one in self.sessions.items() if one.user is user]:
            if scope == "global" or (scope == "local") == (key == session):
                del self.sessions[key]

    def by_email(self, email: str) -> User | None:
        """The user with this address."""
        return next((user for user in self.users.values() if user.email == email.lower()), None)

    def _answer(self, session: Session) -> dict[str, Any]:
        user, now = session.user, int(self._now())
        claims = {
            "aud": "authenticated",
            "email": user.email,
            "exp": now + LIFETIME,
            "iat": now,
            "iss": "https://demo.supabase.co/auth/v1",
            "jti": self._ids.uuid("access-token"),
            "role": user.role,
            "session_id": session.id,
            "sub": user.id,
            "user_metadata": user.data,
        }
        return {
            "access_token": sign(claims),
            "token_type": "bearer",
            "expires_in": LIFETIME,
            "expires_at": now + LIFETIME,
            "refresh_token": session.current,
            "user": user.public(),
        }


def _digest(passphrase: str) -> bytes:
    return hashlib.sha256(passphrase.encode()).digest()
