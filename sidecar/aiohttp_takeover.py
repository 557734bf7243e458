"""What follows a request on its connection: another request, nothing to trust, another protocol.

For the last, a connection is taken out of aiohttp's hands. Names that aiohttp keeps to itself are
used for that: `check` says when the program starts if one of them is gone.
"""

from aiohttp import __version__, web

from sidecar.core.headers import RequestHead
from sidecar.switched import Line

_OWN_NAMES = ("_upgraded", "_messages", "_message_tail", "connection_lost", "transport")


class Switching(web.RequestHandler):
    """aiohttp's connection, which can be left to another protocol."""

    @property
    def is_switching(self) -> bool:
        """Whether the parser has stopped behind this request: what follows is no HTTP."""
        return self._upgraded and not self._messages

    def hand_over(self) -> Line:
        """The connection, with what came behind the request; aiohttp is not told of more.

        Whoever takes it calls `connection_lost` when it is gone.

        Raises:
            ConnectionError: the client has left.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        early, self._message_tail = self._message_tail, b""
        transport.pause_reading()
        return Line(transport, early)


def is_last(request: web.BaseRequest, head: RequestHead | None) -> bool:
    """Whether nothing that follows on this connection can be trusted to be a request.

    aiohttp's parser forgets what came behind an upgrade in the same segment, and takes the last
    trailer of a chunked body for a field of the next request. A client that was not told to
    continue may leave its body out (RFC 9110 §10.1.1).
    """
    if head is None or head.chunked or head.upgrade or request.method == "CONNECT":
        return True
    return head.expects_continue and not request.content.at_eof()


def check() -> None:
    """See that this aiohttp has what is used of it.

    Raises:
        RuntimeError: it has not.
    """
    gone = [name for name in _OWN_NAMES if not hasattr(Switching, name)]
    if gone:
        raise RuntimeError(f"aiohttp {__version__} has no {', '.join(gone)} any more")
