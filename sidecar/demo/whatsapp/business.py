"""Phone numbers, business profile, registration, QR codes, flows, subscriptions."""

from aiohttp import web

from sidecar.demo.whatsapp.errors import GraphError, no_object, parameter
from sidecar.demo.whatsapp.seed import profile
from sidecar.demo.whatsapp.state import APP_ID, STATE, Json
from sidecar.demo.whatsapp.wire import answer, fields_of, page, select, success

PHONE_FIELDS = (
    *("verified_name", "code_verification_status", "display_phone_number", "quality_rating"),
    *("platform_type", "throughput", "last_onboarded_time", "webhook_configuration"),
)
PROFILE_FIELDS = frozenset({"about", "address", "description", "email", "vertical", "websites"})


async def list_phones(request: web.Request) -> web.Response:
    """GET /{version}/{waba}/phone_numbers."""
    phones = [select(request, node, *PHONE_FIELDS) for node in request.app[STATE].phones.values()]
    return answer(request, page(request, phones))


async def get_profile(request: web.Request) -> web.Response:
    """GET /{version}/{phone}/whatsapp_business_profile."""
    current = request.app[STATE].profiles.get(request.match_info["phone"], profile())
    return answer(request, {"data": [select(request, current)]})


async def update_profile(request: web.Request) -> web.Response:
    """POST /{version}/{phone}/whatsapp_business_profile."""
    given = await fields_of(request)
    if given.get("messaging_product") != "whatsapp":
        raise parameter("The parameter messaging_product is required.")
    profiles, phone = request.app[STATE].profiles, request.match_info["phone"]
    changes = {name: value for name, value in given.items() if name in PROFILE_FIELDS}
    profiles[phone] = profiles.get(phone, profile()) | changes
    return success(request)


async def register(request: web.Request) -> web.Response:
    """POST /{version}/{phone}/register with a pin of six digits."""
    pin = str((await fields_of(request)).get("pin", ""))
    if not (pin.isdecimal() and len(pin) == 6):
        raise parameter("Param pin must be a string of 6 digits.")
    if pin == "000000":
        raise GraphError(400, 133005, "(#133005) Two step verification PIN Mismatch")
    return success(request)


async def deregister(request: web.Request) -> web.Response:
    """POST /{version}/{phone}/deregister."""
    return success(request)


def _qr(request: web.Request) -> Json:
    code = request.match_info["code"]
    found = request.app[STATE].qr_codes.get(code)
    if found is None:
        raise no_object(code, request.method.lower())
    return found


async def save_qr(request: web.Request) -> web.Response:
    """POST /{version}/{phone}/message_qrdls[/{code}]: create, or change the text of one."""
    given, state = await fields_of(request), request.app[STATE]
    text = given.get("prefilled_message")
    if not text:
        raise parameter("The parameter prefilled_message is required.")
    known = request.match_info.get("code") or given.get("code")
    if known is not None and known not in state.qr_codes:
        raise no_object(known, "post")
    code = known or state.token("qr", 14).upper().replace("-", "0").replace("_", "1")
    saved = {
        "code": code,
        "prefilled_message": text,
        "deep_link_url": f"https://wa.me/message/{code}",
    }
    if "generate_qr_image" in given:
        saved["qr_image_url"] = f"https://scontent.xx.fbcdn.net/m1/v/t6/{code}"
    state.qr_codes[code] = saved
    return answer(request, saved)


async def list_qr(request: web.Request) -> web.Response:
    """GET /{version}/{phone}/message_qrdls."""
    return answer(request, page(request, list(request.app[STATE].qr_codes.values())))


async def get_qr(request: web.Request) -> web.Response:
    """GET /{version}/{phone}/message_qrdls/{code}."""
    return answer(request, {"data": [_qr(request)]})


async def delete_qr(request: web.Request) -> web.Response:
    """DELETE /{version}/{phone}/message_qrdls/{code}."""
    del request.app[STATE].qr_codes[_qr(request)["code"]]
    return success(request)


async def list_flows(request: web.Request) -> web.Response:
    """GET /{version}/{waba}/flows."""
    flows = [select(request, flow) for flow in request.app[STATE].flows.values()]
    return answer(request, page(request, flows))


async def subscribe(request: web.Request) -> web.Response:
    """POST or DELETE /{version}/{waba}/subscribed_apps."""
    request.app[STATE].subscribed = request.method == "POST"
    return success(request)


async def list_subscribed(request: web.Request) -> web.Response:
    """GET /{version}/{waba}/subscribed_apps."""
    link = {"id": APP_ID, "name": "Sidecar", "link": "https://example.com/"}
    subscribed = [{"whatsapp_business_api_data": link}] if request.app[STATE].subscribed else []
    return answer(request, {"data": subscribed})
