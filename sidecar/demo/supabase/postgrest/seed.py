"""The tables of the demonstrated application, filled: users to messages. The same in every run.

Sizes follow the workload: ids are counted from 1, and belong together as the load expects.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from typing import Any

from sidecar.demo.supabase.accounts import SEEDED_USERS
from sidecar.demo.supabase.ids import EPOCH, timestamp, uuid_of
from sidecar.demo.supabase.postgrest.schema import Column, Database, Kind, Row, Table
from sidecar.demo.workload import workload

PEOPLE = range(1, SEEDED_USERS + 1)
MESSAGES_EACH = 8
ROLES = ("admin", "agent", "viewer")
PERMISSIONS = ("accounts.read", "bots.write", "contacts.read", "messages.send", "users.admin")

_KINDS: Mapping[str, Kind] = {
    "?": "boolean",
    "#": "bigint",
    "@": "timestamp with time zone",
    "%": "uuid",
    "{": "jsonb",
    "[": "text[]",
}


def make_database(now: Callable[[], float]) -> Database:
    """A database with every table, and the rows that it starts with."""
    make = _Maker(now)
    public = [*_people(make), *_accounts(make), *_bots(make), *_talk(make)]
    archived = [{"title": f"Old {n}"} for n in range(3)]
    archive = make.table("conversations", "id# title!", archived)
    return Database(
        {"public": {one.name: one for one in public}, "archive": {"conversations": archive}}
    )


def _people(make: "_Maker") -> list[Table]:
    """Users, and what each may do."""
    users = [
        {
            "name": f"User {n:02}",
            "email": f"user{n}@example.com",
            "auth_id": uuid_of("auth-user", n),
            "organization_id": 1,
            "active": n % 10 != 0,
        }
        for n in PEOPLE
    ]
    grants = [
        {"role": role, "permission": permission}
        for rank, role in enumerate(ROLES)
        for permission in PERMISSIONS[: len(PERMISSIONS) - 2 * rank]
    ]
    roles = [{"user_id": n, "role": "admin" if n <= 4 else ROLES[1 + n % 2]} for n in PEOPLE]
    allowed = [{"user_id": n, "permission": PERMISSIONS[n % 5]} for n in PEOPLE]
    notes = [{"user_id": uuid_of("auth-user", 1 + n % 2), "body": f"Note {n}"} for n in range(6)]
    of_user = {"user_id": "users"}
    return [
        make.table("organizations", "id# name! plan", [{"name": "Example Ltd", "plan": "pro"}]),
        make.table(
            "users",
            "id# name! email! auth_id% organization_id# active? settings{",
            users,
            unique=(("email",),),
            references={"organization_id": "organizations"},
        ),
        make.table("roles", "id# name!", _named(ROLES), unique=(("name",),)),
        make.table("permissions", "id# name!", _named(PERMISSIONS)),
        make.table("role_permissions", "id# role! permission!", grants),
        make.table("user_roles", "id# user_id# role!", roles, references=of_user),
        make.table("user_permissions", "id# user_id# permission!", allowed, references=of_user),
        make.table("notes", "id# user_id%! body", notes, owner="user_id"),
        make.table("audit_logs", "id# actor action! subject detail{ created_at@", []),
    ]


def _accounts(make: "_Maker") -> list[Table]:
    """Accounts, who works with them, and their contacts."""
    shared = workload().accounts
    accounts = [
        {
            "name": f"Account {n + 1}",
            "phone": f"1555000{n:04}",
            "phone_number_id": f"10000000{n:04}",
        }
        for n in range(shared)
    ]
    belongs = [{"user_id": n, "account_id": 1 + (n - 1) % shared} for n in PEOPLE]
    contacts = [
        {
            "account_id": 1 + n % shared,
            "name": f"Contact {n:03}",
            "phone": f"4917600{n:05}",
            "tags": [("new", "vip", "paid")[n % 3], *(["de"] if n % 2 else ["fr", "eu"])],
            "notes": None if n % 4 else f"Met in room {n}",
        }
        for n in range(workload().conversations)
    ]
    return [
        make.table("accounts", "id# name! phone phone_number_id", accounts, unique=(("phone",),)),
        make.table(
            "user_accounts",
            "id# user_id# account_id#",
            belongs,
            references={"user_id": "users", "account_id": "accounts"},
        ),
        make.table(
            "contacts",
            "id# account_id# name! phone tags[ notes",
            contacts,
            unique=(("phone",),),
            references={"account_id": "accounts"},
        ),
    ]


def _bots(make: "_Maker") -> list[Table]:
    """Bot profiles and their settings."""
    numbers = range(workload().profiles)
    profiles = [{"name": f"Bot {n + 1}", "model": "gemini-2.5-flash"} for n in numbers]
    settings = [
        {
            "profile_id": n + 1,
            "settings": {"temperature": n / 10, "tools": ["search"], "greeting": {"en": "Hello"}},
        }
        for n in numbers
    ]
    of_profile = {"profile_id": "bot_profiles"}
    return [
        make.table("bot_profiles", "id# name! model", profiles),
        make.table("bot_configs", "id# profile_id# settings{", settings, references=of_profile),
    ]


def _talk(make: "_Maker") -> list[Table]:
    """Conversations and messages."""
    return [
        make.table(
            "conversations",
            "id# account_id# contact_id# status unread# bot_profile_id# last_message_at@",
            _conversations(),
            references={
                "account_id": "accounts",
                "contact_id": "contacts",
                "bot_profile_id": "bot_profiles",
            },
        ),
        make.table(
            "messages",
            "id# conversation_id#! direction body media_id created_at@",
            _messages(),
            references={"conversation_id": "conversations"},
        ),
    ]


@cache
def _conversations() -> list[Row]:
    size = workload()
    return [
        {
            "account_id": 1 + n % size.accounts,
            "contact_id": 1 + n,
            "status": ("open", "closed", "waiting")[n % 3],
            "unread": n % 5,
            "bot_profile_id": 1 + n % size.profiles,
            "last_message_at": timestamp(EPOCH + 60 * n),
        }
        for n in range(size.conversations)
    ]


@cache
def _messages() -> list[Row]:
    total, media = workload().conversations, workload().media
    return [
        {
            "conversation_id": 1 + n % total,
            "direction": "out" if n // total % 2 else "in",
            "body": f"Message {n // total} of conversation {1 + n % total}",
            "media_id": f"media-{n}" if n < media else None,
            "created_at": timestamp(EPOCH + n),
        }
        for n in range(total * MESSAGES_EACH)
    ]


def _named(names: Sequence[str]) -> list[Row]:
    return [{"name": name} for name in names]


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes tables whose `created_at` follows one clock."""

    now: Callable[[], float]

    def table(self, name: str, spec: str, rows: Sequence[Row], **settings: Any) -> Table:
        """A table from `"id# name! at@"`: a mark for the type (none is text), `!` for NOT NULL."""
        columns = [self._column(word, len(rows)) for word in spec.split()]
        table = Table(name, {column.name: column for column in columns}, **settings)
        for number, row in enumerate(rows, start=1):
            given = {"id": number, **row}
            table.rows.append({column: given.get(column) for column in table.columns})
        return table

    def _column(self, word: str, last_id: int) -> Column:
        name, kind = word.rstrip("!").rstrip("".join(_KINDS)), word.rstrip("!")[-1]
        default: Callable[[], object] | None = None
        if name == "id":
            default = partial(next, count(last_id + 1))
        elif name == "created_at":
            default = self._timestamp
        return Column(name, _KINDS.get(kind, "text"), word.endswith("!") or name == "id", default)

    def _timestamp(self) -> str:
        return timestamp(self.now())
