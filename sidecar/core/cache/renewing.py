"""Decides what a 304 makes of a stored response, by the rules of either mode (RFC 9111 §4.3.4)."""

from dataclasses import replace

from sidecar.core.cache import directives as cc
from sidecar.core.cache.freshness import has_explicit_lifetime
from sidecar.core.cache.merging import has_validator, merged, same_representation
from sidecar.core.cache.model import Entry, Head, Rules
from sidecar.exchange import Request


def renewed(
    rules: Rules,
    entry: Entry,
    request: Request,
    validated: Head,
    *,
    asked_at: float,
    received_at: float,
) -> Entry | None:
    """The stored response with the fields of the 304, as fresh as these make it.

    None where the 304 is about another response, or this one is not to be stored any more.
    """
    if not same_representation(entry.head.headers, validated.headers):
        return None
    fields = merged(entry.head.headers, validated.headers, received_at)
    head = entry.head._replace(headers=fields)
    plan = rules.plan(request, head, asked_at, received_at)
    if plan is None:
        return None
    return replace(entry, head=head, received_at=received_at, plan=plan)


def tells_of_body(head: Head, *, lifetimes: bool) -> bool:
    """Whether the answer to a HEAD says anything of a stored body, which may be another by now.

    Args:
        head: the answer, which does not contradict what is stored.
        lifetimes: whether it may say that by how long it is fresh itself (§4.3.5).
    """
    if has_validator(head.headers):
        return True
    return lifetimes and has_explicit_lifetime(head, cc.of(head.headers))
