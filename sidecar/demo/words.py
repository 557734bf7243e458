"""What the demonstration tells people around its table. Pure.

No line of its own is wider than 80 columns.
"""

import textwrap
from collections.abc import Mapping, Sequence

from sidecar.demo.figures import ARMS, Figures
from sidecar.demo.load import ALL
from sidecar.demo.table import WIDTH, failures
from sidecar.demo.weather import Weather
from sidecar.demo.workload import UpstreamKind

_TROUBLE = {"http5xx": "answers 5xx", "netflap": "drops connections", "brownout": "is slow"}
_NAMES: Sequence[tuple[str, UpstreamKind]] = (
    ("Supabase", "rest"),
    ("WhatsApp", "wa"),
    ("Gemini", "gemini"),
)
_INDENT = 11

ABOUT = (
    "Three simulated providers on this machine; no key is needed, nothing leaves it.",
    "The same application calls them twice, at the same instants and with the same",
    "luck: directly, and through a sidecar (`sidecar run`) by changing its base URLs.",
)

HONEST = (
    "The application opens a connection per call, in both arms, as one does that",
    "makes a client per request or runs as a function. One that keeps its clients",
    "saves less time. Percentiles are over all calls, failed ones too: a call that",
    "is repeated lasts longer than one that fails at once. The sidecar repeats what",
    "failed where that does no harm, and holds calls back from a provider in trouble.",
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
    lines = ["How calls failed"]
    for arm in ARMS:
        lines += _wrapped(f"  {arm:<9}", failures(figures, ALL, arm))
    return lines


def simulated_lines(urls: Mapping[str, str]) -> list[str]:
    """Where the providers are: their ports on this machine, by name."""
    ports = [f"{name}\xa0{url.removeprefix('http://127.0.0.1')}" for name, url in urls.items()]
    return [line.replace("\xa0", " ") for line in _wrapped("Simulated", "  ".join(ports))]


def _wrapped(label: str, text: str) -> list[str]:
    """The text in as many lines as it needs, all indented as the first."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"{label:<{_INDENT}}",
        subsequent_indent=" " * _INDENT,
        break_on_hyphens=False,
        break_long_words=False,
    )


def curl_lines(proxy: str, ops: str) -> list[str]:
    """Commands that work while the demonstration runs."""
    as_json = "    -H 'Content-Type: application/json' \\"
    return [
        "Try it through the sidecar",
        "  curl -i -w '\\n' -H 'apikey: demo' \\",
        f"    '{proxy}/supabase/rest/v1/conversations?select=*&limit=3'",
        "  curl -i -w '\\n' -H 'Authorization: Bearer demo' \\",
        as_json,
        """    -d '{"messaging_product":"whatsapp","to":"49176",""",
        """         "type":"text","text":{"body":"Hi"}}' \\""",
        f"    {proxy}/whatsapp/v23.0/100000000000/messages",
        "  curl -i -w '\\n' -H 'x-goog-api-key: demo' \\",
        as_json,
        """    -d '{"contents":[{"parts":[{"text":"Hello"}]}]}' \\""",
        f"    {proxy}/gemini/v1beta/models/gemini-2.5-flash:generateContent",
        f"  curl {ops}/metrics",
        f"  curl -w '\\n' {ops}/health",
    ]
