"""A request, and the connection that it came in on."""

from typing import NamedTuple

from sidecar.core.headers import RequestHead, read_request
from sidecar.errors import BadRequest
from sidecar.serving.arriving import Incoming
from sidecar.serving.connection import Connection


class Asking(NamedTuple):
    """What is to be answered, and where."""

    connection: Connection
    incoming: Incoming

    def read_head(self) -> RequestHead:
        """The request's fields, taken apart.

        Raises:
            BadRequest: it is of another version than HTTP/1 (RFC 9110 §15.6.6), or its fields are
                not valid in its version: HTTP/1.1 needs a Host (RFC 9112 §3.2), and HTTP/1.0 has
                no transfer codings, so that others may not see where its body ends (§6.1).
        """
        if self.incoming.version not in ("1.1", "1.0"):
            raise BadRequest(
                "only HTTP/1.1 and HTTP/1.0 are spoken here", code="bad_request", status=505
            )
        head = read_request(self.incoming.headers, needs_host=self.incoming.modern)
        if head.chunked and not self.incoming.modern:
            raise BadRequest("HTTP/1.0 has no transfer codings", code="unsupported_framing")
        return head

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
