"""What may be shown of a target or a message: structure yes, values and secrets no.

Pure. Whatever is rendered for people or machines passes through here; when in doubt, it is hidden.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

HIDDEN = "*"
MAX_TARGET = 256
MAX_KEYS = 16
MAX_TEXT = 8192
_SHORTEST = 7
_DENSE_FROM = 24
_SCAN = 4096  # nothing longer is looked at: what is cut off cannot leak

_JWT = r"eyJ[A-Za-z0-9_.-]{4,}"
_KNOWN = r"(?:AIza|AQ\.|ya29\.|EAA|sb_secret_|sb_publishable_|sbp_|sk-|gh[pousr]_|xox[abprs]-)"
_SECRET = re.compile(rf"{_JWT}|(?<![A-Za-z0-9]){_KNOWN}[A-Za-z0-9_.\-]{{6,}}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])\S{24,}")
_DENSE = re.compile(r"[a-z0-9]{32,}")
_KEY = re.compile(r"[A-Za-z0-9_.$\[\]()>%-]{1,40}")
_ORDINARY = re.compile(  # what most targets look like; nothing in it can be a dense token
    r"(?:/[a-z0-9_.-]{0,23})*(?:\?[a-z_.]{1,23}=[^&#=]*(?:&[a-z_.]{1,23}=[^&#=]*){0,15})?"
)
_VALUE = re.compile(r"=[^&]*")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_AUTHORITY = re.compile(r"^[^/?#@]*@")
_USERINFO = re.compile(r"(?<=//)[^/?#\s]*@")
_URL = re.compile(r"[a-z][a-z0-9+.-]{0,15}://\S+", re.IGNORECASE)
_PAIR = re.compile(
    r"(?i)(key|token|secret|password|passwd|signature|sig|upload_id|authorization|cookie)"
    r"(\"?'?\s{0,2}[=:]\s{0,2}\"?'?)(?:(?:bearer|basic|token|apikey)\s{1,2})?[^\s\"'&,;]+"
)
_COOKIES = re.compile(r"(?i)(cookie\"?'?\s{0,2}:\s{0,2}\"?'?)[^\s\"'][^\r\n\"']*")
"""A header field with all its pairs (RFC 6265 §4.2.1), up to the end of its line or quotes."""
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s{1,2}[A-Za-z0-9+/_.~=-]+")


def target(raw: str) -> str:
    """A request target for a log: path kept, credentials in it hidden, query values dropped.

    `/rest/v1/x?id=eq.5&apikey=s` becomes `/rest/v1/x?id=*&apikey=*`. Printable ASCII, at most
    MAX_TARGET characters.
    """
    if len(raw) <= MAX_TARGET and _ORDINARY.fullmatch(raw):
        shown = _VALUE.sub(f"={HIDDEN}", raw)
        if not _SECRET.search(shown) and "/resumable/" not in shown:
            return shown
    raw = raw[:_SCAN]
    if "@" in raw:
        if not raw.startswith("/"):
            raw = _AUTHORITY.sub(f"{HIDDEN}@", raw)
        raw = _USERINFO.sub(f"{HIDDEN}@", raw, count=1)
    path, *query = re.split(r"[?#]", raw, maxsplit=1)
    shown = "/".join(_segments(path.split("/")))
    if query:
        shown += "?" + _query(query[0])
    return printable(shown, MAX_TARGET)


def _segments(parts: list[str]) -> Iterable[str]:
    resumable = False
    for part in parts:
        plain = _plain(part)
        if "upload:" in plain.lower():  # Graph's resumable upload: its id is all that it takes
            yield f"upload:{HIDDEN}"
        elif part and ((resumable and plain != "sign") or is_secret(plain)):
            yield HIDDEN
        else:
            yield ";".join(map(_parameter, part.split(";"))) if "=" in plain else part
        resumable = resumable or plain == "resumable"


def _parameter(part: str) -> str:
    return _pair(part) if "=" in _plain(part) else part


def _query(raw: str) -> str:
    pairs = raw.split("&", MAX_KEYS)
    shown = [_pair(one) for one in pairs[:MAX_KEYS]]
    return "&".join(shown + ["..."] * (len(pairs) > MAX_KEYS))


def _pair(raw: str) -> str:
    key, equals, _ = raw.partition("=")
    if not equals:
        return raw and HIDDEN
    plain = _plain(key)
    known = _KEY.fullmatch(key) and "=" not in plain and not is_secret(plain)
    return f"{key if known else HIDDEN}={HIDDEN}"


def is_secret(value: str) -> bool:
    """Whether `value` looks like a token: a known prefix, a JWT, or too dense to be a name."""
    if len(value) < _SHORTEST:
        return False
    if _SECRET.search(value):
        return True
    if len(value) < _DENSE_FROM or _UUID.fullmatch(value):
        return False
    if _MIXED.fullmatch(value):
        return True
    return any(not (run.isalpha() or run.isdigit()) for run in _DENSE.findall(value))


def _plain(value: str) -> str:
    return unquote(unquote(value)) if "%" in value else value


def text(message: str) -> str:
    """A message that somebody else wrote (a traceback, a library's log line) without secrets.

    At most MAX_TEXT characters of it.
    """
    message = _URL.sub(lambda found: target(found[0]), message[:MAX_TEXT])
    message = _COOKIES.sub(rf"\1{HIDDEN}", message)
    message = _PAIR.sub(rf"\1\2{HIDDEN}", message)
    message = _BEARER.sub(rf"\1 {HIDDEN}", message)
    return _SECRET.sub(HIDDEN, message)


def printable(value: str, limit: int) -> str:
    """Printable ASCII of at most `limit` characters: no control character reaches a log."""
    if len(value) <= limit and value.isascii() and value.isprintable():
        return value
    escaped = _UNPRINTABLE.sub(_escape, value[: limit + 1])
    return escaped if len(escaped) <= limit else escaped[: limit - 3] + "..."


def _escape(found: re.Match[str]) -> str:
    point = ord(found[0])
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"
