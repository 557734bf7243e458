"""Puts the simulated Cloud API together: routes, tokens, errors, and the host of the media."""

import time
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from sidecar.demo.authority import AUTHORITY, prepare, record_seen, refuse_wrong_host
from sidecar.demo.whatsapp import business, media, messages, templates, uploads
from sidecar.demo.whatsapp.errors import GraphError, bad_token, no_object, no_token, unknown_path
from sidecar.demo.whatsapp.seed import account, seed
from sidecar.demo.whatsapp.state import STATE, WABA_ID, State
from sidecar.demo.whatsapp.wire import answer, failure, graph_headers, select

MAX_BODY = 128 * 1024 * 1024


def make_apps(*, now: Callable[[], float] = time.time) -> tuple[web.Application, web.Application]:
    """A fresh Graph API, and the host that serves its media.

    Args:
        now: seconds since the epoch; a media URL is good for five minutes of it.
    """
    graph = web.Application(
        middlewares=[record_seen, refuse_wrong_host, _errors, _tokens], client_max_size=MAX_BODY
    )
    lookaside = web.Application(middlewares=[record_seen, refuse_wrong_host])
    prepare(graph)
    prepare(lookaside)
    state = State(now=now, media_authority=lookaside[AUTHORITY])
    graph[STATE] = lookaside[STATE] = seed(state)
    graph.on_response_prepare.append(graph_headers)
    graph.add_routes(_ROUTES)
    lookaside.add_routes(_MEDIA_ROUTES)
    return graph, lookaside


def make_app(*, now: Callable[[], float] = time.time) -> web.Application:
    """The Graph API alone: it serves its media itself."""
    return make_apps(now=now)[0]


async def _get_node(request: web.Request) -> web.Response:
    """GET /{version}/{node}: ids of all kinds are numbers, so look where it is."""
    state, node = request.app[STATE], request.match_info["node"]
    if node in state.media:
        return await media.get_media(request)
    if node == WABA_ID:
        return answer(request, select(request, account()))
    if node in state.phones:
        return answer(request, select(request, state.phones[node], *business.PHONE_FIELDS))
    for kind in (state.templates, state.flows):
        if node in kind:
            return answer(request, select(request, kind[node]))
    raise no_object(node)


_PHONE = r"/{version:v\d+\.\d+}/{phone:\d+}"
_WABA = rf"/{{version:v\d+\.\d+}}/{{waba:{WABA_ID}}}"
_NODE = r"/{version:v\d+\.\d+}/{node:\d+}"
_SESSION = r"/{version:v\d+\.\d+}/{session:upload:[^/]+}"
_MEDIA_ROUTES = [
    web.get(media.PATH, media.download),
    web.get(media.SAMPLE_PATH, media.download),
]
_ROUTES = [
    *_MEDIA_ROUTES,
    web.post(_PHONE + "/messages", messages.post_message),
    web.post(_PHONE + "/media", media.upload_media),
    web.get(_PHONE + "/whatsapp_business_profile", business.get_profile),
    web.post(_PHONE + "/whatsapp_business_profile", business.update_profile),
    web.post(_PHONE + "/register", business.register),
    web.post(_PHONE + "/deregister", business.deregister),
    web.get(_PHONE + "/message_qrdls", business.list_qr),
    web.get(_PHONE + "/message_qrdls/", business.list_qr),
    web.post(_PHONE + "/message_qrdls", business.save_qr),
    web.get(_PHONE + "/message_qrdls/{code}", business.get_qr),
    web.post(_PHONE + "/message_qrdls/{code}", business.save_qr),
    web.delete(_PHONE + "/message_qrdls/{code}", business.delete_qr),
    web.post(_PHONE + "/uploads", uploads.create_session),
    web.get(_SESSION, uploads.get_session),
    web.post(_SESSION, uploads.append),
    web.get(_WABA + "/phone_numbers", business.list_phones),
    web.get(_WABA + "/flows", business.list_flows),
    web.get(_WABA + "/subscribed_apps", business.list_subscribed),
    web.post(_WABA + "/subscribed_apps", business.subscribe),
    web.delete(_WABA + "/subscribed_apps", business.subscribe),
    web.get(_WABA + "/message_templates", templates.list_templates),
    web.post(_WABA + "/message_templates", templates.create_template),
    web.delete(_WABA + "/message_templates", templates.delete_template),
    web.get(r"/{version:v\d+\.\d+}/{node:media-\d+}", media.get_media),
    web.get(_NODE, _get_node),
    web.get(_NODE + "/", _get_node),
    web.post(_NODE, templates.update_template),
    web.delete(_NODE, media.delete_media),
]


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Graph's error shape, for unknown paths too."""
    try:
        return await handler(request)
    except GraphError as error:
        return failure(request, error)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return failure(request, unknown_path(request.path))


@web.middleware
async def _tokens(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Any token is good that says neither `invalid` nor `expired`; media check their own."""
    if request.path == media.PATH or "sample" in request.match_info:
        return await handler(request)
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    token = credential if scheme in ("Bearer", "OAuth") else request.query.get("access_token")
    if not token:
        raise no_token()
    if "invalid" in token or "expired" in token:
        raise bad_token(expired="expired" in token)
    return await handler(request)
