"""How each known client is pointed at the sidecar: the lines to write, and what to know beside.

Data only, in one place: the command `hints` prints it, and tests hold docs/clients/ to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["python", "javascript", "environment"]


@dataclass(frozen=True, slots=True)
class Client:
    """One client library."""

    name: str
    """As its users call it."""
    page: str
    """Its page: docs/clients/PAGE.md."""
    language: Language
    lines: str
    """What to write. `{base}` is the upstream's base URL, `{ref}` the first label of its host."""
    notes: tuple[str, ...] = ()
    """What goes wrong otherwise, one sentence each."""


_OUTWARD = "Links that leave the backend need a client with the project's own URL: OAuth, signed."
_RETRIES = "It repeats reads that are answered 503 or 520, up to 3 times within 7 s."
_COMPATIBLE = "It is for the OpenAI-compatible API of Gemini."
_TWICE = "Without the 0 it repeats by itself, twice: 429 and 5xx, a 504 too."
_VARIABLE = "Or without a change of code, by a variable: GOOGLE_GEMINI_BASE_URL={base}"

SUPABASE = (
    Client(
        "supabase-py",
        "supabase-py",
        "python",
        'supabase = create_client("{base}", key)',
        (
            "It waits 5 s for auth and for functions, 20 s for storage, 120 s for tables.",
            _RETRIES,
            _OUTWARD,
        ),
    ),
    Client(
        "supabase-js",
        "supabase-js",
        "javascript",
        'const supabase = createClient("{base}", key, {\n'
        '  auth: { storageKey: "sb-{ref}-auth-token" },\n'
        "})",
        (
            "Without `storageKey`, which follows the URL, users who are signed in look signed out.",
            _RETRIES,
            _OUTWARD,
        ),
    ),
)

GEMINI = (
    Client(
        "google-genai (Python)",
        "google-genai-python",
        "python",
        "client = genai.Client(\n"
        '    api_key=key, http_options=types.HttpOptions(base_url="{base}")\n'
        ")",
        (
            _VARIABLE,
            "Live insists on wss, and so on a base with https: `sidecar certs`.",
            "Its async calls are sent again, POST too, when a connection drops.",
        ),
    ),
    Client(
        "@google/genai",
        "google-genai-js",
        "javascript",
        'const ai = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: "{base}" } })',
        (_VARIABLE,),
    ),
    Client(
        "openai (Python)",
        "openai",
        "python",
        'client = OpenAI(api_key=key, base_url="{base}/v1beta/openai/", max_retries=0)',
        (_COMPATIBLE, _TWICE),
    ),
    Client(
        "openai (JavaScript)",
        "openai",
        "javascript",
        "const ai = new OpenAI({\n"
        '  apiKey: key, baseURL: "{base}/v1beta/openai/", maxRetries: 0,\n'
        "})",
        (_COMPATIBLE, _TWICE),
    ),
)

WHATSAPP = (
    Client(
        "pywa",
        "pywa",
        "python",
        "wa = WhatsApp(phone_id=phone_id, token=token, session=httpx.Client(timeout=15))\n"
        'wa.api._session.base_url = "{base}/v26.0"',
        (
            "It has no option for the base URL, hence the private attribute.",
            "Its own timeout is 5 s: a message that waits for longer is sent and taken for failed.",
        ),
    ),
    Client(
        "heyoo",
        "heyoo",
        "python",
        "wa = WhatsApp(token=token, phone_number_id=phone_id)\n"
        'wa.base_url = wa.v15_base_url = "{base}/v26.0"\n'
        'wa.url = f"{wa.base_url}/{phone_id}/messages"',
        (
            "It has no option for the base URL: all three attributes are to be set.",
            "It has no timeout, and opens a connection for each call.",
        ),
    ),
    Client(
        "@great-detail/whatsapp",
        "great-detail-whatsapp",
        "javascript",
        "const api = new WhatsApp({\n"
        '  prefixUrl: "{base}",\n'
        '  graphVersion: "v26.0",\n'
        "  request: { headers: { Authorization: `Bearer ${token}` }, retry: 0 },\n"
        "})",
        ("Without `retry: 0` it repeats GET and DELETE by itself, twice.",),
    ),
    Client(
        "whatsapp-api-js",
        "whatsapp-api-js",
        "javascript",
        "const through = (url, options) =>\n"
        '  fetch(String(url).replace("https://graph.facebook.com", "{base}"), options)\n'
        "const api = new WhatsAppAPI({\n"
        '  token, v: "v26.0", secure: false, ponyfill: { fetch: through },\n'
        "})",
        ("It has no option for the base URL, hence a `fetch` of your own.",),
    ),
    Client(
        "whatsapp (Meta's own)",
        "meta-whatsapp",
        "environment",
        "WA_BASE_URL=localhost\nNODE_EXTRA_CA_CERTS=certs/ca.pem",
        (
            "It speaks https to port 443 and nothing else: it needs `tls_port: 443`.",
            "`sidecar certs` makes the certificate.",
        ),
    ),
)

PLAIN = (
    Client(
        "httpx, requests, aiohttp, fetch",
        "http",
        "python",
        'client = httpx.Client(base_url="{base}", timeout=60)',
        ("Its timeout should be longer than the `total` of the route.",),
    ),
)
"""For every upstream."""

CLIENTS: Mapping[str | None, tuple[Client, ...]] = {
    "supabase": SUPABASE,
    "gemini": GEMINI,
    "whatsapp": WHATSAPP,
}
"""By preset. Media of WhatsApp have no client of their own: their URLs lead to the sidecar."""
