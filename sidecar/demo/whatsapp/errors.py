"""Errors of the simulated Graph API, in Graph's shape.

Source: Meta, "Error codes" of the WhatsApp Cloud API. Clients go by `error.code`, not by the
HTTP status: Meta's own pages give different statuses for one code.
"""

from sidecar.demo.whatsapp.state import Json


class GraphError(Exception):
    """An answer that is not a success. `fields` go into `error` as they are."""

    def __init__(
        self, status: int, code: int, message: str, kind: str = "OAuthException", **fields: object
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: Json = {"message": message, "type": kind, "code": code, **fields}


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
        message = "Error validating access token: Session has expired on Friday, 01-Jan-21."
        return GraphError(401, 190, message, error_subcode=463)
    return GraphError(401, 190, "Invalid OAuth access token - Cannot parse access token")


_REFUSALS: dict[int, tuple[int, str, str]] = {
    130429: (429, "Rate limit hit", "Cloud API message throughput has been reached."),
    131000: (500, "Something went wrong", "Something went wrong. Please try again later."),
    131016: (503, "Service unavailable", "A service is temporarily unavailable."),
    131026: (400, "Message undeliverable", "Message Undeliverable."),
    131030: (
        400,
        "Recipient phone number not in allowed list",
        "Recipient phone number not in allowed list: Add it to the recipient list and try again.",
    ),
    131047: (400, "Re-engagement message", "More than 24 hours have passed since the last reply."),
    131048: (400, "Spam rate limit hit", "Too many messages from this number were blocked."),
    131056: (
        400,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages to the same number.",
    ),
}
_TRANSIENT = frozenset({131000, 131016})


def refusal_of(recipient: str) -> GraphError | None:
    """The error that a recipient's last six digits ask for; None for an ordinary number."""
    tail = recipient[-6:]
    known = _REFUSALS.get(int(tail)) if tail.isdecimal() else None
    if known is None:
        return None
    status, title, details = known
    data = {"messaging_product": "whatsapp", "details": details}
    extra: Json = {"is_transient": True} if int(tail) in _TRANSIENT else {}
    return GraphError(status, int(tail), f"(#{tail}) {title}", error_data=data, **extra)
