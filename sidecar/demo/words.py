"""What the demonstration tells people around its table. Pure."""

from collections.abc import Sequence

from sidecar.demo.figures import ARMS, Figures
from sidecar.demo.load import ALL
from sidecar.demo.table import failures
from sidecar.demo.weather import Weather
from sidecar.demo.workload import UpstreamKind

_TROUBLE = {"http5xx": "answers 5xx", "netflap": "drops connections", "brownout": "is slow"}
_NAMES: Sequence[tuple[str, UpstreamKind]] = (
    ("Supabase", "rest"),
    ("WhatsApp", "wa"),
    ("Gemini", "gemini"),
)

ABOUT = (
    "Three simulated providers on this machine; no key is needed and nothing leaves it.",
    "The same application calls them twice, at the same instants and with the same luck:",
    "directly, and through a sidecar (`sidecar run`) by changing its base URLs.",
)

HONEST = (
    "Percentiles are over all calls, failed ones too. The sidecar of this version pools",
    "connections, bounds every wait and names what failed. It does not retry, cache or",
    "break circuits: an error that a provider answers reaches the application in both arms.",
)

STILL_RUNNING = ("The load and the faults are over; delays stay. Still running; Ctrl-C to stop.",)


def trouble_now(weather: Weather, at: float) -> str:
    """What ails the providers at `at` (seconds of the workload)."""
    ailing = [
        f"{name} {_TROUBLE[episode.kind]}"
        for name, up in _NAMES
        if (episode := weather.episode(up, at))
    ]
    return ", ".join(ailing) or "none"


def failure_lines(figures: Figures) -> list[str]:
    """How calls failed, in each arm."""
    return ["How calls failed", *(f"  {arm:<8} {failures(figures, ALL, arm)}" for arm in ARMS)]


def curl_lines(proxy: str, ops: str) -> list[str]:
    """Commands that work while the demonstration runs."""
    prompt = """'{"contents":[{"parts":[{"text":"Hello"}]}]}'"""
    message = (
        """'{"messaging_product":"whatsapp","to":"49176","type":"text","text":{"body":"Hi"}}'"""
    )
    as_json = "-H 'Content-Type: application/json'"
    return [
        "Try it through the sidecar",
        f"  curl -i '{proxy}/supabase/rest/v1/conversations?select=*&limit=3' \\",
        "       -H 'apikey: demo'",
        f"  curl -i {proxy}/whatsapp/v23.0/100000000000/messages \\",
        f"       -H 'Authorization: Bearer demo' {as_json} \\",
        f"       -d {message}",
        f"  curl -i {proxy}/gemini/v1beta/models/gemini-2.5-flash:generateContent \\",
        f"       -H 'x-goog-api-key: demo' {as_json} \\",
        f"       -d {prompt}",
        f"  curl {ops}/metrics",
        f"  curl {ops}/health",
    ]
