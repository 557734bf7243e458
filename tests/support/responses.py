"""A reader of responses that was fed with what a test gives."""

from sidecar.transport.wire import ResponseReader


def reader(*data: bytes, method: str = "GET") -> ResponseReader:
    """A reader of responses that was fed with this."""
    subject = ResponseReader(method)
    for part in data:
        subject.feed(part)
    return subject
