"""Reads a multipart/form-data body, and only one of which all readers think the same.

Pure, never raises: what is unusual in any way is not read at all. Sources: RFC 2046 §5.1.1,
RFC 7578 §4.
"""

import re
from typing import NamedTuple

_TYPE = re.compile(
    rb"multipart/form-data;[ ]?boundary="
    rb"(?:([0-9A-Za-z'+_.-]{1,70})|\"([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])\")",
    re.IGNORECASE,
)
_DISPOSITION = re.compile(
    rb"form-data;[ ]?name=\"([A-Za-z0-9_]{1,64})\""
    rb"((?:;[ ]?filename=\"[^\"\\\r\n\0]{0,1024}\")?"
    rb"(?:;[ ]?filename\*=[A-Za-z0-9!#$&+^_`|~.'%-]{1,1024})?)"
)
_FIELD = re.compile(rb"([A-Za-z-]+):[ ]?([^\r\n\0]*)")
_MOST_PARTS = 16
_MOST_HEAD = 4096


class Part(NamedTuple):
    """One part of a form."""

    name: str
    filename: bytes
    """What says its file's name, as it is written; b"" without one."""
    content_type: bytes
    """b"" where it has none."""
    data: memoryview


def read_form(content_type: bytes, body: bytes) -> tuple[Part, ...] | None:
    """The parts in order; None for everything unusual.

    That is: another type or parameter, anything before the first or behind the last boundary, a
    boundary within a part, fields other than Content-Disposition, Content-Type and a correct
    Content-Length, a field or a name twice, escapes in a name, or more than 16 parts.
    """
    match = _TYPE.fullmatch(content_type.strip(b" \t"))
    if match is None:
        return None
    line = b"--" + (match[1] or match[2])
    if not body.startswith(line + b"\r\n"):
        return None
    parts: dict[str, Part] = {}
    at, view, delimiter = len(line) + 2, memoryview(body), b"\r\n" + line
    while True:
        end = body.find(delimiter, at - 2)  # the end of a head may begin it
        if end < at:
            return None
        part = _part(body, view, at, end)
        if part is None or part.name in parts or len(parts) == _MOST_PARTS:
            return None
        parts[part.name] = part
        at = end + len(delimiter)
        if body[at : at + 2] != b"\r\n":
            break
        at += 2
    return tuple(parts.values()) if body[at:] in (b"--", b"--\r\n") else None


def _part(body: bytes, view: memoryview, start: int, end: int) -> Part | None:
    head_end = body.find(b"\r\n\r\n", start, min(end, start + _MOST_HEAD))
    if head_end < 0:
        return None
    fields: dict[bytes, bytes] = {}
    for line in body[start:head_end].split(b"\r\n"):
        field = _FIELD.fullmatch(line)
        if field is None or field[1].lower() in fields:
            return None
        fields[field[1].lower()] = field[2].rstrip(b" \t")
    disposition = _DISPOSITION.fullmatch(fields.pop(b"content-disposition", b""))
    content_type = fields.pop(b"content-type", b"")
    data = view[head_end + 4 : end]
    length = fields.pop(b"content-length", b"%d" % len(data))
    if disposition is None or fields or length != b"%d" % len(data):
        return None
    return Part(disposition[1].decode("ascii"), disposition[2], content_type, data)
