"""Multipart forms as clients write them."""

from sidecar.exchange import RawHeaders


def part(name: str, data: bytes, *, filename: str = "", kind: str = "", more: bytes = b"") -> bytes:
    """One part, without the boundary before it."""
    head = f'Content-Disposition: form-data; name="{name}"'
    head += f'; filename="{filename}"' if filename else ""
    head += f"\r\nContent-Type: {kind}" if kind else ""
    return head.encode() + more + b"\r\n\r\n" + data + b"\r\n"


def form(*parts: bytes, boundary: str = "b0undary") -> tuple[RawHeaders, bytes]:
    """The fields and the body of a request."""
    line = f"--{boundary}".encode()
    body = b"".join(line + b"\r\n" + each for each in parts) + line + b"--\r\n"
    kind = f"multipart/form-data; boundary={boundary}".encode()
    return [(b"Content-Type", kind)], body


def upload(
    data: bytes = b"\x89PNG\r\n--not a boundary",
    *,
    filename: str = "a.png",
    boundary: str = "b0undary",
) -> tuple[RawHeaders, bytes]:
    """An upload to the Cloud API."""
    return form(
        part("messaging_product", b"whatsapp"),
        part("type", b"image/png"),
        part("file", data, filename=filename, kind="image/png"),
        boundary=boundary,
    )
