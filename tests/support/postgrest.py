"""Requests to PostgREST, as a client of Supabase writes them."""

import json

from sidecar.exchange import Request
from tests.support.builders import request

REST = "/rest/v1/"
REPRESENTATION = (b"Prefer", b"return=representation")
MERGE = (b"Prefer", b"resolution=merge-duplicates")


def get(target: str, *headers: tuple[bytes, bytes]) -> Request:
    """A read of a table, or of a function."""
    return request("GET", REST + target, list(headers))


def write(method: str, target: str, body: object = None, *headers: tuple[bytes, bytes]) -> Request:
    """A write, with a body as JSON where there is one."""
    data = None if body is None else json.dumps(body).encode()
    return request(method, REST + target, list(headers), data)
