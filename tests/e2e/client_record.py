"""What the comparisons of the SDKs came to, by client and feature: counts, in plain JSON.

Pure but for the look at installed versions. The tests leave it behind (conftest.py), and
scripts/client_matrix.py makes a table of it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any, NamedTuple

from tests.support.tools import NODE_DIR

Lines = list[dict[str, Any]]
Record = dict[str, Any]


class Subject(NamedTuple):
    """A client that a module of tests compares."""

    name: str
    provider: str
    package: str = ""
    """Its name in the registry of its language; "" for what comes with the language."""
    label: str = ""
    """What its checks begin with, where a transcript has those of two."""


_RAW = {name: Subject(name, "HTTP", name) for name in ("httpx", "requests", "aiohttp")}
SUBJECTS: Mapping[str, tuple[Subject, ...]] = {
    "test_supabase_python": (Subject("supabase-py", "Supabase", "supabase"),),
    "test_supabase_js": (Subject("@supabase/supabase-js", "Supabase", "@supabase/supabase-js"),),
    "test_genai_python": (Subject("google-genai", "Gemini", "google-genai"),),
    "test_genai_js": (Subject("@google/genai", "Gemini", "@google/genai"),),
    "test_openai_python": (Subject("openai (Python)", "Gemini", "openai"),),
    "test_openai_js": (Subject("openai (JavaScript)", "Gemini", "openai"),),
    "test_pywa": (Subject("pywa", "WhatsApp", "pywa"),),
    "test_heyoo": (Subject("heyoo", "WhatsApp", "heyoo"),),
    "test_realtime_js": (Subject("@supabase/supabase-js", "Supabase", "@supabase/supabase-js"),),
    "test_live_js": (Subject("@google/genai", "Gemini", "@google/genai"),),
    "test_js_clients": (
        Subject("@great-detail/whatsapp", "WhatsApp", "@great-detail/whatsapp"),
        Subject("whatsapp-api-js", "WhatsApp", "whatsapp-api-js", "api-js "),
    ),
    "test_clients": (*_RAW.values(), Subject("fetch", "HTTP")),
}
"""By the module that has the comparison."""

_LABELS = ("async ", "v1beta ", "invalid key ", "invalid token ", "expired token ")
_OTHER_WORDS = {"sse": "events", "gzip-sse": "events"}


def feature(check: str) -> str:
    """`send` of `invalid token send: text`."""
    for label in _LABELS:
        check = check.removeprefix(label)
    name = check.partition(":")[0]
    return _OTHER_WORDS.get(name, name)


def subjects(module: str, client: str | None) -> tuple[Subject, ...]:
    """Those of a module; of a module that is parametrized by client, that one."""
    found = SUBJECTS.get(module, ())
    return found if client is None else tuple(each for each in found if each.name == client)


def counted(subject: Subject, others: Iterable[Subject], here: Lines, there: Lines) -> Record:
    """`{feature: [equal, all]}` of one client's lines."""
    labels = tuple(each.label for each in others if each.label and each is not subject)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one, other in zip(here, there, strict=True):
        check = one["check"]
        if check.startswith(subject.label) and not (labels and check.startswith(labels)):
            count = counts[feature(check.removeprefix(subject.label))]
            count[0] += one == other
            count[1] += 1
    return dict(counts)


def merged(record: Record, subject: Subject, test: str, way: str, counts: Record) -> Record:
    """The record with these counts of one test; those of other tests and ways stay."""
    tests = {
        name: dict(ways) for name, ways in record.get(subject.name, {}).get("tests", {}).items()
    }
    tests.setdefault(test, {})[way] = counts
    found = {"provider": subject.provider, "version": version(subject), "tests": tests}
    return {**record, subject.name: found}


def version(subject: Subject) -> str:
    """The installed version of its package; both languages may have one of that name."""
    manifest = NODE_DIR / "node_modules" / subject.package / "package.json"
    if not subject.package:
        return ""
    if manifest.exists() and not subject.name.endswith("(Python)"):
        return str(json.loads(manifest.read_text())["version"])
    return metadata.version(subject.package)


def everybody() -> Iterator[Subject]:
    """All clients, in the order of the table."""
    for each in SUBJECTS.values():
        yield from each
