"""Beginnings of requests, byte for byte, for clients that mean no good."""

from tests.support.raw import get

HOST = b"Host: a.test\r\n"
GET = b"GET /api/x HTTP/1.1\r\n" + HOST
POST = b"POST /api/x HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
NEXT = get("/api/next")


def target(value):
    return b"GET " + value + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def field(value):
    return GET + value + b"\r\n\r\n"
