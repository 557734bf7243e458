"""Message templates of the simulated Graph API: list with paging, create, update, delete."""

import re

from aiohttp import web

from sidecar.demo.whatsapp.errors import GraphError, no_object, parameter
from sidecar.demo.whatsapp.state import STATE, Json
from sidecar.demo.whatsapp.wire import answer, fields_of, page, select, success

_NAME = re.compile(r"[a-z0-9_]{1,512}")
_FILTERS = ("name", "status", "category", "language")


async def list_templates(request: web.Request) -> web.Response:
    """GET /{version}/{waba}/message_templates, filtered by name, status, category, language."""
    wanted = {name: request.query[name] for name in _FILTERS if name in request.query}
    found = [
        select(request, template)
        for template in request.app[STATE].templates.values()
        if all(template[name] in value.split(",") for name, value in wanted.items())
    ]
    listed = page(request, found)
    if "summary" in request.query:
        listed["summary"] = _summary(request, len(found))
    return answer(request, listed)


def _summary(request: web.Request, total: int) -> Json:
    """The fields that `summary` asks for."""
    known: Json = {
        "total_count": total,
        "message_template_count": len(request.app[STATE].templates),
        "message_template_limit": 250,
        "are_translations_complete": True,
    }
    asked = request.query["summary"].split(",")
    return {name: known[name] for name in asked if name in known}


async def create_template(request: web.Request) -> web.Response:
    """POST /{version}/{waba}/message_templates: accepted, and pending until it is reviewed."""
    given, state = await fields_of(request), request.app[STATE]
    for name in ("name", "language", "category"):
        if name not in given:
            raise parameter(f"The parameter {name} is required.")
    if not _NAME.fullmatch(given["name"]):
        raise parameter("Invalid parameter", "A name has lower-case letters, digits and _ only.")
    same = (given["name"], given["language"])
    if any((t["name"], t["language"]) == same for t in state.templates.values()):
        title = "Content in This Language Already Exists"
        raise GraphError(
            400, 100, "Invalid parameter", error_subcode=2388024, error_user_title=title
        )
    created: Json = {
        "name": given["name"],
        "parameter_format": given.get("parameter_format", "POSITIONAL"),
        "components": given.get("components", []),
        "language": given["language"],
        "status": "PENDING",
        "category": given["category"],
        "id": state.number("template"),
    }
    state.templates[created["id"]] = created
    return answer(request, {name: created[name] for name in ("id", "status", "category")})


async def update_template(request: web.Request) -> web.Response:
    """POST /{version}/{template}."""
    given, node = await fields_of(request), request.match_info["node"]
    template = request.app[STATE].templates.get(node)
    if template is None:
        raise no_object(node, "post")
    template |= {k: v for k, v in given.items() if k in ("components", "category")}
    summary = {name: template[name] for name in ("id", "name", "category")}
    return answer(request, {"success": True, **summary})


async def delete_template(request: web.Request) -> web.Response:
    """DELETE /{version}/{waba}/message_templates?name=…: all of the name, or that of `hsm_id`."""
    given, templates = await fields_of(request), request.app[STATE].templates
    chosen = [
        node
        for node, template in templates.items()
        if template["name"] == given.get("name") and given.get("hsm_id", node) == node
    ]
    if not chosen:
        raise parameter("Invalid parameter", "Message Template Not Found")
    for node in chosen:
        del templates[node]
    return success(request)
