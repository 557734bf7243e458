"""The pages about clients say what `sidecar hints` says."""

from pathlib import Path

import pytest

from sidecar.core.clients import CLIENTS, PLAIN

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "clients").glob("*.md"))
KNOWN = [
    *((preset, client) for preset, clients in CLIENTS.items() for client in clients),
    *(("gemini", client) for client in PLAIN),
]


@pytest.mark.parametrize(("preset", "client"), KNOWN, ids=lambda each: getattr(each, "name", each))
def test_a_page_has_the_lines_of_the_hints(preset, client):
    base = f"http://127.0.0.1:8080/{preset}"
    lines = client.lines.replace("{base}", base).replace("{ref}", "your-project")
    assert lines in (DOCS / "clients" / f"{client.page}.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_is_of_a_known_client_and_has_the_same_parts(page):
    assert page.stem in {client.page for _, client in KNOWN}
    text = page.read_text()
    assert text.index("## Timeouts and retries") < text.index("## What to know")
    assert f"](clients/{page.name})" in (DOCS / "clients.md").read_text()
