"""What the simulated business has from the start: two numbers, thirty templates, a flow."""

from sidecar.demo.whatsapp.state import APP_ID, PHONE_ID, WABA_ID, Json, State

TEMPLATES = 30
"""More than one page, whose default size is 25."""


def phone(number_id: str, display: str, name: str) -> Json:
    """A registered phone number."""
    return {
        "verified_name": name,
        "code_verification_status": "VERIFIED",
        "display_phone_number": display,
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        "last_onboarded_time": "2025-03-14T09:26:53+0000",
        "webhook_configuration": {"application": "https://example.com/webhook"},
        "id": number_id,
    }


def template(template_id: str, name: str, body: str) -> Json:
    """An approved template with one body."""
    return {
        "name": name,
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": body}],
        "language": "en_US",
        "status": "APPROVED",
        "category": "UTILITY",
        "id": template_id,
    }


def account() -> Json:
    """The business account as a node."""
    return {
        "id": WABA_ID,
        "name": "Sidecar",
        "timezone_id": "1",
        "currency": "USD",
        "message_template_namespace": "ba30dd89_2ebd_41e4_b805_f2c05ae04cc9",
    }


def seed(state: State) -> State:
    """Fill a fresh state."""
    state.phones[PHONE_ID] = phone(PHONE_ID, "+1 555-078-3881", "Sidecar Café")
    other = state.number("phone")
    state.phones[other] = phone(other, "+1 555-078-3882", "Sidecar Support")
    names = ["hello_world", *(f"order_update_{n}" for n in range(1, TEMPLATES))]
    for name in names:
        template_id = state.number("template")
        state.templates[template_id] = template(template_id, name, f"This is {name}.")
    flow = state.number("flow")
    state.flows[flow] = {
        "id": flow,
        "name": "Sign up",
        "status": "DRAFT",
        "categories": ["SIGN_UP"],
        "validation_errors": [],
        "json_version": "7.0",
        "data_api_version": "3.0",
        "updated_at": "2026-01-02T03:04:05+0000",
        "whatsapp_business_account": account(),
        "application": {"id": APP_ID, "name": "Sidecar", "link": "https://example.com/"},
    }
    return state


def profile() -> Json:
    """The business profile that a number has before anyone changes it."""
    return {
        "about": "Outbound only.",
        "address": "1 Loopback Road",
        "description": "A simulated business",
        "email": "hello@example.com",
        "vertical": "PROF_SERVICES",
        "websites": ["https://example.com/"],
        "messaging_product": "whatsapp",
    }
