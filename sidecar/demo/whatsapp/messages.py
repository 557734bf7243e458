"""POST /{phone}/messages of the simulated Graph API: every kind of message, read, typing."""

from base64 import b64encode

from aiohttp import web

from sidecar.demo.whatsapp.errors import GraphError, parameter, refusal_of
from sidecar.demo.whatsapp.state import STATE, Json, State
from sidecar.demo.whatsapp.wire import answer, fields_of, success

MEDIA_TYPES = frozenset({"image", "video", "audio", "document", "sticker"})
REQUIRED = {
    "text": ("body",),
    "template": ("name", "language"),
    "interactive": ("type", "action"),
    "reaction": ("message_id",),
    "location": ("latitude", "longitude"),
    "contacts": (),
    **dict.fromkeys(MEDIA_TYPES, ()),
}
"""The kinds of message, and what each must have."""
MAX_TEXT = 4096


async def post_message(request: web.Request) -> web.Response:
    """POST /{version}/{phone}/messages."""
    body = await fields_of(request)
    if body.get("messaging_product") != "whatsapp":
        raise parameter("The parameter messaging_product is required.")
    if "status" in body:
        return _status(request, body)
    recipient = body.get("to") or body.get("recipient")
    if not isinstance(recipient, str):
        raise parameter("The parameter to is required.")
    wa_id = "".join(c for c in recipient if c.isalnum())
    refused = refusal_of(wa_id)
    if refused is not None:
        raise refused
    state = request.app[STATE]
    kind = _check(state, body)
    sent: Json = {"id": _wamid(state, wa_id)}
    if kind == "template":
        sent["message_status"] = "accepted"
    contacts = [{"input": recipient, "wa_id": wa_id}]
    answered = {"messaging_product": "whatsapp", "contacts": contacts, "messages": [sent]}
    return answer(request, answered)


def _status(request: web.Request, body: Json) -> web.Response:
    """Mark a message as read, and perhaps show that an answer is being typed."""
    if body["status"] != "read":
        raise parameter("Invalid parameter", "status must be read.")
    if not str(body.get("message_id", "")).startswith("wamid."):
        raise parameter("Invalid parameter", "message_id is not the id of a message.")
    return success(request)


def _check(state: State, body: Json) -> str:
    """The kind of message.

    Raises:
        GraphError: when what the kind needs is not there.
    """
    kind = body.get("type", "text")
    required = REQUIRED.get(kind)
    if required is None:
        raise parameter(f"Param type must be one of {{{', '.join(sorted(REQUIRED))}}}")
    content = body.get(kind)
    missing = [name for name in required if not (isinstance(content, dict) and name in content)]
    if missing or not content:
        name = f"['{missing[0]}']" if missing else ""
        raise parameter(f"The parameter {kind}{name} is required.")
    if kind == "text" and len(content["body"]) > MAX_TEXT:
        raise parameter(f"Param text['body'] must be at most {MAX_TEXT} characters long.")
    if kind in MEDIA_TYPES:
        _check_media(state, kind, content)
    if kind == "template":
        _check_template(state, content)
    return str(kind)


def _check_media(state: State, kind: str, content: Json) -> None:
    if "id" not in content and "link" not in content:
        raise parameter(f"The parameter {kind}['id'] or {kind}['link'] is required.")
    if "id" in content and str(content["id"]) not in state.media:
        raise parameter("Invalid parameter", f"{content['id']} is not a media id.")


def _check_template(state: State, content: Json) -> None:
    name, code = content["name"], content["language"].get("code")
    if not any(t["name"] == name and t["language"] == code for t in state.templates.values()):
        data = {
            "messaging_product": "whatsapp",
            "details": f"template name ({name}) does not exist in {code}",
        }
        message = "(#132001) Template name does not exist in the translation"
        raise GraphError(404, 132001, message, error_data=data)


def _wamid(state: State, wa_id: str) -> str:
    """A message id as Cloud API makes it: a prefix, and the recipient in base64."""
    head = b"\x1d\x0a" + wa_id.encode() + b"\x15\x02\x00\x11\x18\x12"
    return "wamid." + b64encode(head + state.token("message", 18).upper().encode() + b"\0").decode()
