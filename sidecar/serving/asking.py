"""A request, and the connection that it came in on."""

from typing import NamedTuple

from sidecar.core.headers import RequestHead
from sidecar.errors import BadRequest
from sidecar.serving.arriving import Incoming
from sidecar.serving.connection import Connection


class Asking(NamedTuple):
    """What is to be answered, and where."""

    connection: Connection
    incoming: Incoming

    def check_version(self) -> None:
        """Refuse what the parser takes for a request of HTTP/1 (RFC 9110 §15.6.6).

        Raises:
            BadRequest: it is of another version.
        """
        if self.incoming.version not in ("1.1", "1.0"):
            raise BadRequest(
                "only HTTP/1.1 and HTTP/1.0 are spoken here", code="bad_request", status=505
            )

    def is_last(self, head: RequestHead | None) -> bool:
        """Whether nothing that follows on this connection can be trusted to be a request.

        A client that was not told to continue may leave its body out (RFC 9110 §10.1.1).

        Args:
            head: the fields, read; None where they could not be.
        """
        connection, incoming = self
        if head is None or incoming.method == "CONNECT" or connection.is_last(incoming):
            return True
        return head.expects_continue and not incoming.body.is_over
