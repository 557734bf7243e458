"""What providers answer, for the tests of dialects."""

import json

from sidecar.exchange import RawHeaders

WALL = 1_800_000_000.0
"""Fri, 15 Jan 2027 08:00:00 GMT."""

CLOUDFLARE: RawHeaders = [(b"Server", b"cloudflare"), (b"CF-RAY", b"8f1e2d3c4b5a6978-CDG")]


def body_of(value: object) -> bytes:
    """A JSON body."""
    return json.dumps(value).encode()


def page(status: int, title: str = "Connection timed out") -> bytes:
    """Cloudflare's page, in short."""
    return (
        f"<!DOCTYPE html><html><head><title>x.supabase.co | {status}: {title}</title></head>"
        f'<body><div id="cf-wrapper"><div id="cf-error-details"><h1>Error code {status}</h1>'
        "</div><span>Cloudflare Ray ID: <strong class='a'>987161315ade05f9</strong></span>"
    ).encode()
