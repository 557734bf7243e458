"""Checks of heyoo, and the transcript of their answers.

heyoo has no option for the base URL: `point_at` sets its three attributes. It returns refusals like
successes and opens a connection for each call.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from heyoo import WhatsApp

from sidecar.demo.whatsapp.state import PHONE_ID

VERSION = "v26.0"
USER = "4917612345678"
MESSAGE = "wamid.HBgNNDkxNzYxMjM0NTY3OBUCABIYFjNFQjBDMDM3"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40

Check = Callable[[WhatsApp], Any]


def point_at(base_url: str, token: str = "token-1") -> WhatsApp:
    """A client of the API at `base_url`."""
    wa = WhatsApp(token=token, phone_number_id=PHONE_ID)
    wa.base_url = wa.v15_base_url = f"{base_url}/{VERSION}"
    wa.url = f"{wa.base_url}/{PHONE_ID}/messages"
    return wa


def _uploaded(wa: WhatsApp) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.png")
        path.write_bytes(PNG)
        return wa.upload_media(str(path))


def _download(wa: WhatsApp) -> list[Any]:
    url = wa.query_media_url(_uploaded(wa)["id"])
    with tempfile.TemporaryDirectory() as folder:
        saved = wa.download_media(url, "image/png", f"{folder}/b")
        return [url, Path(saved).read_bytes() == PNG]


def _delete(wa: WhatsApp) -> list[Any]:
    media = _uploaded(wa)["id"]
    return [wa.delete_media(media), wa.query_media_url(media)]


def _buttons(wa: WhatsApp) -> Any:
    replies = [{"type": "reply", "reply": {"id": name, "title": name}} for name in ("yes", "no")]
    button = {"type": "button", "body": {"text": "Sure?"}, "action": {"buttons": replies}}
    return wa.send_reply_button(button, USER)


CHECKS: dict[str, Check] = {
    "send: text": lambda wa: wa.send_message("Hello", USER),
    "send: text with emoji": lambda wa: wa.send_message("Grüße 🌍 / \u2028", USER),
    "send: reply": lambda wa: wa.reply_to_message(MESSAGE, USER, "Yes"),
    "send: reaction": lambda wa: wa.send_reaction("👍", MESSAGE, USER),
    "send: template": lambda wa: wa.send_template("hello_world", USER, [], "en_US"),
    "send: unknown template": lambda wa: wa.send_template("nothing", USER, [], "en_US"),
    "send: location": lambda wa: wa.send_location(52.52, 13.405, "Berlin", "Mitte", USER),
    "send: image by link": lambda wa: wa.send_image("https://example.com/a.png", USER),
    "send: document by link": lambda wa: wa.send_document("https://example.com/a.pdf", USER),
    "send: buttons": _buttons,
    "send: 131056, pair limit": lambda wa: wa.send_message("Hello", "15550131056"),
    "send: 131000, transient": lambda wa: wa.send_message("Hello", "15550131000"),
    "read: mark": lambda wa: wa.mark_as_read(MESSAGE),
    "media: upload": _uploaded,
    "media: upload, look up, download": _download,
    "media: delete": _delete,
    "media: unknown": lambda wa: wa.query_media_url("1"),
}


def seen(value: Any) -> Any:
    """An answer as plain JSON; heyoo returns a whole response where marking as read failed."""
    return value.json() if isinstance(value, requests.Response) else value


def transcript(base_url: str) -> list[dict[str, Any]]:
    """All checks, then one with a token that is refused."""
    wa = point_at(base_url)
    lines = [{"check": name, "answer": seen(check(wa))} for name, check in CHECKS.items()]
    refused = point_at(base_url, "invalid").send_message("Hello", USER)
    return [*lines, {"check": "send: invalid token", "answer": refused}]
