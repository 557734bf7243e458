"""Decides who may see the sidecar's own pages, and use its keys: no page of another site.

A browser can be made to call a loopback address: by a script of another site, which may open any
WebSocket, or under a name that its owner points here (DNS rebinding). Pure.
"""

from collections.abc import Collection
from ipaddress import ip_address

from sidecar.errors import BadRequest
from sidecar.exchange import RawHeaders

_PRIVATE = frozenset(("localhost", "local", "internal", "test", "lan", "svc"))
"""Last labels of names that nobody can have on the Internet: RFC 6761, RFC 6762, ICANN's
`.internal`; and two that are usual in private networks."""
_OWN_SITE = frozenset((b"none", b"same-origin"))


def check_reader(host: str, headers: RawHeaders, known: Collection[str]) -> None:
    """Let the application through.

    Args:
        host: the `Host` field as the client sent it; "" where there was none.
        headers: the other fields.
        known: further names, in lower case, by which the sidecar may be addressed.

    Raises:
        BadRequest: 403; it is asked for under a name that somebody else may own, or by a page of
            another site.
    """
    if not _is_ours(host_name(host), known):
        raise _forbidden("this name may not be the sidecar's: add it to admin.hosts")
    for field, value in headers:
        name = field.lower()
        foreign = (
            name == b"origin" and value.lower().partition(b"://")[2] != host.lower().encode()
        ) or (name == b"sec-fetch-site" and value.lower() not in _OWN_SITE)
        if foreign:
            raise _forbidden("a page of another site may not use the sidecar")


def _is_ours(name: str, known: Collection[str]) -> bool:
    """Whether it is an address, a name without a dot, a private one, or a known one."""
    if not name or "." not in name or name in known:
        return True
    if name.rpartition(".")[2] in _PRIVATE:
        return True
    return _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def host_name(host: str) -> str:
    """The name in a `Host` field, in lower case, without its port (RFC 9110 §7.2).

    Nor does a dot at its end count: with it, a name is the same (RFC 1034 §3.1).
    """
    name, colon, port = host.rpartition(":")
    bare = name if colon and (not port or port.isdecimal()) else host
    return bare.removesuffix(".").lower()


def _forbidden(why: str) -> BadRequest:
    return BadRequest(why, code="bad_request", status=403)
