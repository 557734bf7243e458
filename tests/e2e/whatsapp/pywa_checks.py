"""Checks of pywa, and the transcript of their answers.

pywa has no option for the base URL: `point_at` sets it on its private session, in one line.
"""

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pywa import WhatsApp, types
from pywa.types import templates as t

from sidecar.demo.whatsapp.state import APP_ID, PHONE_ID, WABA_ID

VERSION = "v26.0"
USER = "4917612345678"
MESSAGE = "wamid.HBgNNDkxNzYxMjM0NTY3OBUCABIYFjNFQjBDMDM3"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
DOWNLOAD = "media: upload, look up, download"


def point_at(base_url: str, token: str = "token-1") -> WhatsApp:
    """A client of the API at `base_url`."""
    wa = WhatsApp(phone_id=PHONE_ID, token=token, waba_id=WABA_ID, app_id=APP_ID)
    wa.api._session.base_url = f"{base_url}/{VERSION}"
    return wa


def _download(wa: WhatsApp) -> list[Any]:
    """The URL of the bytes is absolute: they come from the media host, not through the sidecar."""
    media = wa.upload_media(media=PNG, mime_type="image/png", filename="a.png")
    found = wa.get_media_url(media.id)
    with tempfile.TemporaryDirectory() as folder:
        path = wa.download_media(url=found.url, path=folder, filename="b.png")
        saved = Path(path).read_bytes() == PNG
    return [media.id, found, wa.get_media_bytes(found.url) == PNG, saved]


def _ranged(wa: WhatsApp) -> list[Any]:
    media = wa.upload_media(media=PNG, mime_type="image/png", filename="a.png")
    found = wa.get_media_url(media.id)
    some = wa.api._session.get(found.url, headers={"Range": "bytes=0-7"})
    return [
        some.status_code,
        some.content == PNG[:8],
        b"".join(wa.stream_media(found.url, chunk_size=1000)) == PNG,
    ]


def _big_media(wa: WhatsApp) -> Any:
    return wa.upload_media(media=PNG * 600, mime_type="image/png", filename="big.png").id


def _pages(wa: WhatsApp) -> list[Any]:
    """Follows `paging.next` and `previous`, which are absolute and hold the token.

    By numbers, because the `next()` of pywa's list of templates raises a TypeError of its own.
    """
    first = wa.get_business_phone_numbers(pagination=types.Pagination(limit=1))
    second = first.next()
    back = second.previous()
    return [first[0].id, second[0].id, back[0].id, second.has_next, len(first.all())]


def _new_template(wa: WhatsApp) -> list[Any]:
    created = wa.create_template(
        t.Template(
            name="shipped",
            language=t.TemplateLanguage.ENGLISH_US,
            category=t.TemplateCategory.UTILITY,
            components=[t.BodyText("Your order is on its way.")],
        )
    )
    found = [(one.name, one.status) for one in wa.get_templates(name="shipped")]
    return [created.id, created.status, found, wa.delete_template("shipped")]


def _qr_codes(wa: WhatsApp) -> list[Any]:
    created = wa.create_qr_code("Hello")
    return [
        created,
        wa.get_qr_code(created.code),
        list(wa.get_qr_codes()),
        wa.update_qr_code(created.code, "Hello again"),
        wa.delete_qr_code(created.code),
        list(wa.get_qr_codes()),
    ]


def _resumable(wa: WhatsApp) -> list[Any]:
    session = wa.api.create_upload_session(APP_ID, "a.png", len(PNG), "image/png")["id"]
    partial = wa.api.upload_file(session, PNG[:100])
    state = wa.api.get_upload_session(session)
    return [session, partial, state, wa.api.upload_file(session, PNG[100:], file_offset=100)]


def _profile(wa: WhatsApp) -> list[Any]:
    changed = wa.update_business_profile(about="Open all day", websites=["https://example.com/a"])
    return [changed, wa.get_business_profile()]


def _template(wa: WhatsApp, name: str) -> Any:
    return wa.send_template(USER, name, t.TemplateLanguage.ENGLISH_US, params=[])


def _buttons(wa: WhatsApp) -> Any:
    buttons = [types.Button("Yes", "yes"), types.Button("No", "no")]
    return wa.send_message(USER, "Sure?", header="Question", buttons=buttons)


def _list(wa: WhatsApp) -> Any:
    rows = [types.SectionRow(f"Row {n}", callback_data=f"row-{n}") for n in range(5)]
    sections = types.SectionList("Choose", [types.Section("All", rows)])
    return wa.send_message(USER, "What?", buttons=sections)


CHECKS: dict[str, Callable[[WhatsApp], Any]] = {
    "send: text": lambda wa: wa.send_message(USER, "Hello"),
    "send: text with emoji": lambda wa: wa.send_message(USER, "Grüße 🌍 / \u2028"),
    "send: reply": lambda wa: wa.send_message(USER, "Yes", reply_to_message_id=MESSAGE),
    "send: buttons": _buttons,
    "send: list": _list,
    "send: image by link": lambda wa: wa.send_image(USER, "https://example.com/a.png", caption="A"),
    "send: image by bytes": lambda wa: wa.send_image(USER, PNG, mime_type="image/png"),
    "send: document by link": lambda wa: wa.send_document(
        USER, "https://example.com/a.pdf", filename="a.pdf"
    ),
    "send: location": lambda wa: wa.send_location(USER, 52.52, 13.405, name="Berlin"),
    "send: contact": lambda wa: wa.send_contact(
        USER, types.Contact(name=types.Contact.Name(formatted_name="Ada", first_name="Ada"))
    ),
    "send: reaction": lambda wa: wa.send_reaction(USER, "👍", MESSAGE),
    "send: remove reaction": lambda wa: wa.remove_reaction(USER, MESSAGE),
    "send: template": lambda wa: _template(wa, "hello_world"),
    "send: unknown template": lambda wa: _template(wa, "nothing"),
    "send: 131030, not allowed": lambda wa: wa.send_message("15550131030", "Hello"),
    "send: 131056, pair limit": lambda wa: wa.send_message("15550131056", "Hello"),
    "send: 130429, throughput": lambda wa: wa.send_message("15550130429", "Hello"),
    "send: 131000, transient": lambda wa: wa.send_message("15550131000", "Hello"),
    "send: text too long": lambda wa: wa.send_message(USER, "x" * 5000),
    "read: mark": lambda wa: wa.mark_message_as_read(MESSAGE),
    "read: typing": lambda wa: wa.indicate_typing(MESSAGE),
    DOWNLOAD: _download,
    "media: range and stream": _ranged,
    "media: 6 MB": _big_media,
    "media: delete": lambda wa: wa.delete_media(_big_media(wa)),
    "media: unknown": lambda wa: wa.get_media_url("1"),
    "upload: resumable": _resumable,
    "number: get": lambda wa: wa.get_business_phone_number(),
    "number: list": lambda wa: list(wa.get_business_phone_numbers()),
    "number: follow paging": _pages,
    "number: register": lambda wa: wa.register_phone_number("123456"),
    "number: register with the wrong pin": lambda wa: wa.register_phone_number("000000"),
    "number: deregister": lambda wa: wa.deregister_phone_number(),
    "profile: get": lambda wa: wa.get_business_profile(),
    "profile: update": _profile,
    "templates: list": lambda wa: [one.name for one in wa.get_templates()],
    "templates: a page by its cursor": lambda wa: [
        one.name
        for one in wa.get_templates(
            pagination=types.Pagination(limit=2, after=wa.get_templates().after)
        )
    ],
    "templates: create, find, delete": _new_template,
    "qr: create, get, list, update, delete": _qr_codes,
    "flows: list": lambda wa: [flow.name for flow in wa.get_flows()],
}

TOKEN_CHECKS: dict[str, Callable[[WhatsApp], Any]] = {
    "send: text": CHECKS["send: text"],
    "profile: get": CHECKS["profile: get"],
}


LOCAL = frozenset({"uploaded_media", "generated_at"})
"""Fields that pywa fills from its own clock."""


def seen(value: Any) -> Any:
    """The SDK's value as plain JSON: its public fields."""
    if isinstance(value, (list, tuple)):
        return [seen(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value)]
        public = [name for name in fields if not name.startswith("_") and name not in LOCAL]
        return {name: seen(getattr(value, name)) for name in public}
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def failed(error: Exception) -> dict[str, Any]:
    """An error as a caller can read it, with the headers that came with it."""
    response = getattr(error, "raw_response", None)
    dropped = ("date", "connection")
    headers = response.headers.multi_items() if response is not None else []
    return {
        "error": type(error).__name__,
        "code": getattr(error, "code", None),
        "message": getattr(error, "message", None) or str(error),
        "details": getattr(error, "details", None),
        "trace": getattr(error, "fbtrace_id", None),
        "transient": getattr(error, "is_transient", None),
        "status": getattr(error, "status_code", None),
        "headers": [pair for pair in headers if pair[0] not in dropped],
    }


def run(wa: WhatsApp, checks: dict[str, Callable[[WhatsApp], Any]], label: str = "") -> list[Any]:
    """The transcript: one entry a check."""
    lines = []
    for name, check in checks.items():
        try:
            lines.append({"check": label + name, "answer": seen(check(wa))})
        except Exception as error:
            lines.append({"check": label + name, "answer": failed(error)})
    wa.api._session.close()
    return lines


def transcript(base_url: str) -> list[dict[str, Any]]:
    """All checks, then a few with tokens that are refused."""
    return [
        *run(point_at(base_url), CHECKS),
        *run(point_at(base_url, "invalid"), TOKEN_CHECKS, "invalid token "),
        *run(point_at(base_url, "expired"), TOKEN_CHECKS, "expired token "),
    ]
