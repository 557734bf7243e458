"""How each resource of the workload looks on the wire, both ways: to call it and to recognise it.

Pure. Unknown requests are nobody's error: they are taken for the upstream's usual call.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sidecar.demo.workload import Resource, UpstreamKind, Workload

Provider = Literal["supabase", "whatsapp", "whatsapp-media", "gemini"]
PROVIDERS: tuple[Provider, ...] = ("supabase", "whatsapp", "whatsapp-media", "gemini")

_USUAL: Mapping[Provider, UpstreamKind] = {
    "supabase": "rest",
    "whatsapp": "wa",
    "whatsapp-media": "wa",
    "gemini": "gemini",
}


@dataclass(frozen=True)
class Target:
    """Method, path and query of one resource. `{name}` is one variable, part of a segment."""

    provider: Provider
    method: str
    path: str
    query: str = ""
    body: str = ""
    """JSON, with variables as `<name>`."""
    mark: bytes = b""
    """What the body holds where method and path do not tell two resources apart."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the path looks like with any values."""
        parts = re.split(r"\{\w+\}", self.path)
        return re.compile("[^/]+".join(map(re.escape, parts)))

    @cached_property
    def keys(self) -> frozenset[str]:
        """The parameters by which the query is recognised."""
        return frozenset(re.findall(r"(\w+)=", self.query)) - {"select", "order", "limit"}

    def fill(self, values: Mapping[str, str]) -> tuple[str, bytes]:
        """The target and the body with `values` in place of the variables."""
        target = f"{self.path}?{self.query}" if self.query else self.path
        body = re.sub(r"<(\w+)>", lambda match: values[match[1]], self.body)
        return target.format_map(values), body.encode()


def _rest(method: str, table: str, query: str = "", body: str = "") -> Target:
    return Target("supabase", method, f"/rest/v1/{table}", query, body)


def _graph(method: str, path: str, body: str = "", mark: bytes = b"") -> Target:
    return Target("whatsapp", method, f"/{{graph}}/{path}", body=body, mark=mark)


_TEXT = (
    '{"messaging_product":"whatsapp","to":"<phone>","type":"text","text":{"body":"Hello <conv>"}}'
)
_READ = '{"messaging_product":"whatsapp","status":"read","message_id":"<wamid>"}'
_PROMPT = '{"contents":[{"role":"user","parts":[{"text":"Answer conversation <conv>"}]}]}'
_MESSAGE = '{"conversation_id":"<conv>","direction":"out","body":"Hello"}'
_AUDIT = '{"actor":"<user>","action":"bot","subject":"<conv>"}'

TARGETS: Mapping[str, Target] = {
    "auth.user": Target("supabase", "GET", "/auth/v1/user"),
    "rest.user": _rest("GET", "users", "select=*&id=eq.{user}"),
    "rest.roles_of": _rest("GET", "user_roles", "select=*&user_id=eq.{user}"),
    "rest.perms_of": _rest("GET", "user_permissions", "select=*&user_id=eq.{user}"),
    "rest.org": _rest("GET", "organizations", "select=*&limit=1"),
    "rest.user_accounts": _rest("GET", "user_accounts", "select=*&user_id=eq.{user}"),
    "rest.accounts": _rest("GET", "accounts", "select=*&order=name"),
    "rest.unread": _rest("GET", "conversations", "select=id&account_id=eq.{acct}&unread=gt.0"),
    "rest.account": _rest("GET", "accounts", "select=*&id=eq.{acct}"),
    "rest.acct_access": _rest(
        "GET", "user_accounts", "select=*&user_id=eq.{user}&account_id=eq.{acct}"
    ),
    "rest.admin_check": _rest("GET", "user_roles", "select=*&user_id=eq.{user}&role=eq.admin"),
    "rest.admin_perms": _rest("GET", "permissions", "select=*&order=name"),
    "rest.admin_rp": _rest("GET", "role_permissions", "select=*"),
    "rest.admin_roles": _rest("GET", "roles", "select=*&order=name"),
    "rest.admin_ur": _rest("GET", "user_roles", "select=*"),
    "rest.admin_users": _rest("GET", "users", "select=*&order=name"),
    "rest.conv": _rest("GET", "conversations", "select=*&id=eq.{conv}"),
    "rest.profile": _rest("GET", "bot_profiles", "select=*&id=eq.{prof}"),
    "rest.profile_cfg": _rest("GET", "bot_configs", "select=*&profile_id=eq.{prof}"),
    "rest.contacts": _rest("GET", "contacts", "select=*&account_id=eq.{acct}&order=name"),
    "rest.convs": _rest("GET", "conversations", "select=*&account_id=eq.{acct}&limit=50"),
    "rest.msgs": _rest("GET", "messages", "select=*&conversation_id=eq.{conv}&limit=50"),
    "rest.contact": _rest("GET", "contacts", "select=*&id=eq.{conv}"),
    "rest.message": _rest("GET", "messages", "select=*&id=eq.{conv}"),
    "rest.acct_by_phone": _rest("GET", "accounts", "select=*&phone=eq.{acct_phone}"),
    "rest.contact_by_phone": _rest("GET", "contacts", "select=*&phone=eq.{phone}"),
    "rest.conv_by_contact": _rest("GET", "conversations", "select=*&contact_id=eq.{conv}"),
    "rest.history": _rest(
        "GET", "messages", "select=*&conversation_id=eq.{conv}&direction=neq.note&limit=20"
    ),
    "rest.ins_msg": _rest("POST", "messages", body=_MESSAGE),
    "rest.ins_audit": _rest("POST", "audit_logs", body=_AUDIT),
    "rest.upd_conv": _rest("PATCH", "conversations", "id=eq.{conv}", '{"unread":0}'),
    "wa.send": _graph("POST", "{phone_id}/messages", _TEXT),
    "wa.read": _graph("POST", "{phone_id}/messages", _READ, mark=b'"read"'),
    "wa.media_meta": _graph("GET", "{media}"),
    "wa.media_get": Target(
        "whatsapp-media", "GET", "/whatsapp_business/attachments/", "mid={media}"
    ),
    "gemini.generate": Target(
        "gemini", "POST", "/{gemini}/models/{model}:generateContent", body=_PROMPT
    ),
}

ALIASES: Mapping[str, Target] = {
    "gemini.generate": Target("gemini", "POST", "/{gemini}/models/{model}:streamGenerateContent"),
}
"""Other requests that are the same work for the provider."""


def recognise(
    workload: Workload,
    provider: Provider,
    method: str,
    path: str,
    *,
    keys: Collection[str] = (),
    body: bytes = b"",
) -> Resource:
    """The resource that a request asks for, by its method, path and query parameters.

    Args:
        workload: where the resources are described.
        provider: the simulator that got the request.
        method: as on the wire; HEAD counts as GET.
        path: without the query.
        keys: the names of the query's parameters.
        body: the start of the body, where `needs_body` says that it matters.
    """
    method = "GET" if method == "HEAD" else method
    fitting = [
        (target.mark, len(target.keys), name)
        for name, target in (*TARGETS.items(), *ALIASES.items())
        if target.provider == provider
        and target.method == method
        and target.keys.issubset(keys)
        and target.mark in body
        and target.pattern.fullmatch(path)
    ]
    if fitting:
        return workload.resources[max(fitting)[2]]
    return workload.usual("auth" if path.startswith("/auth/") else _USUAL[provider])


def needs_body(provider: Provider, method: str, path: str) -> bool:
    """Whether only the body tells which resource is asked for."""
    return any(
        target.mark and target.provider == provider and target.method == method
        for target in TARGETS.values()
        if target.pattern.fullmatch(path)
    )
