"""Errors of the simulated Graph API, in Graph's shape.

Source: Meta, "Error codes" of the WhatsApp Cloud API. Clients go by `error.code`, not by the
HTTP status: Meta's own pages give different statuses for one code.
"""

from sidecar.demo.whatsapp.state import Json
from sidecar.faults import graph as words

_OWN = frozenset({"code", "message", "type"})


class GraphError(Exception):
    """An answer that is not a success. `fields` go into `error` as they are."""

    def __init__(
        self, status: int, code: int, message: str, kind: str = "OAuthException", **fields: object
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: Json = words.error(code, message, kind, **fields)


def parameter(message: str, details: str = "") -> GraphError:
    """400 with code 100: a parameter is missing or wrong."""
    data = {"messaging_product": "whatsapp", "details": details}
    extra: Json = {"error_data": data} if details else {}
    return GraphError(400, 100, f"(#100) {message}", **extra)


def no_object(object_id: str, method: str = "get") -> GraphError:
    """400 with code 100, subcode 33: nothing of that id."""
    message = (
        f"Unsupported {method} request. Object with ID '{object_id}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation. Please read the "
        "Graph API documentation at https://developers.facebook.com/docs/graph-api"
    )
    return GraphError(400, 100, message, "GraphMethodException", error_subcode=33)


def unknown_path(path: str) -> GraphError:
    """400 with code 2500: no such edge."""
    return GraphError(400, 2500, f"Unknown path components: {path}")


def no_token() -> GraphError:
    """401 with code 104: no token at all."""
    return GraphError(401, 104, "An access token is required to request this resource.")


def bad_token(*, expired: bool) -> GraphError:
    """401 with code 190: a token that is malformed, or was good once (subcode 463)."""
    if expired:
        return _worded(401, words.expired_token())
    return GraphError(401, 190, "Invalid OAuth access token - Cannot parse access token")


def refusal_of(recipient: str) -> GraphError | None:
    """The error that a recipient's last six digits ask for; None for an ordinary number."""
    tail = recipient[-6:]
    known = words.refusal(int(tail)) if tail.isdecimal() else None
    return _worded(*known) if known else None


def _worded(status: int, error: Json) -> GraphError:
    fields = {name: value for name, value in error.items() if name not in _OWN}
    return GraphError(status, error["code"], error["message"], error["type"], **fields)
