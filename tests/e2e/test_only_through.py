"""SDKs where only the sidecar reaches the providers: what follows returned URLs works all the same.

The URLs that the simulators write lead to ports that refuse.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

pytest.importorskip("google.genai", reason="install the `sdk` extra")
pytest.importorskip("heyoo", reason="install the `sdk` extra")
pytest.importorskip("pywa", reason="install the `sdk` extra")

from sidecar.demo.supabase import ANON_KEY, SERVICE_KEY
from sidecar.demo.supabase.accounts import SEEDED_PASSPHRASE
from sidecar.demo.targets import Provider
from tests.e2e.gemini import genai_python
from tests.e2e.supabase import project
from tests.e2e.ways import THROUGH, Transcript, Way, failures, transcript_of_node
from tests.e2e.whatsapp import heyoo_checks, pywa_checks
from tests.support.sidecar import sidecar_in_thread
from tests.support.simulated import Apps, gemini, simulated, whatsapp
from tests.support.unreachable import only_through

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


@contextmanager
def reached(way: Way, provider: Provider, make: Callable[[], Apps]) -> Iterator[str]:
    """The base URL of `provider`, in one of the ways through the sidecar."""
    with simulated(make) as simulators, sidecar_in_thread(only_through(simulators)) as sidecar:
        by_port = way == "port"
        yield sidecar.port_url(provider) if by_port else f"{sidecar.proxy_url}/{provider}"


def answers(lines: Transcript) -> dict[str, object]:
    return {line["check"]: line["answer"] for line in lines}


@pytest.mark.parametrize("way", THROUGH)
def test_pywa_downloads_media_and_follows_pages(way):
    names = (pywa_checks.DOWNLOAD, "media: range and stream", "number: follow paging")
    checks = {name: pywa_checks.CHECKS[name] for name in names}
    with reached(way, "whatsapp", whatsapp) as base_url:
        seen = answers(pywa_checks.run(pywa_checks.point_at(base_url), checks))
    download, ranged, pages = (seen[name] for name in names)
    assert download[2:] == [True, True]
    assert ranged == [206, True, True]
    assert pages[3] is False  # no page after the second


@pytest.mark.parametrize("way", THROUGH)
def test_heyoo_downloads_media(way):
    with reached(way, "whatsapp", whatsapp) as base_url:
        download = heyoo_checks.CHECKS["media: upload, look up, download"]
        assert download(heyoo_checks.point_at(base_url))[1] is True


@pytest.mark.parametrize("way", THROUGH)
def test_the_javascript_clients_of_whatsapp_download_media_and_follow_pages(way):
    packages = ("@great-detail/whatsapp", "whatsapp-api-js")
    with reached(way, "whatsapp", whatsapp) as base_url:
        seen = answers(transcript_of_node("whatsapp.mjs", base_url, packages=packages))
    assert seen["media: download"] == [200, 20_000]
    assert seen["api-js media: upload and fetch"][1:] == [200, 20_000]
    assert len(seen["templates: list and follow paging"]) == 2


@pytest.mark.parametrize("way", THROUGH)
def test_genai_python_uploads(way):
    with reached(way, "gemini", gemini) as base_url:
        assert failures(genai_python.upload_transcript(base_url)) == {}


@pytest.mark.parametrize("way", THROUGH)
def test_genai_javascript_uploads(way):
    with reached(way, "gemini", gemini) as base_url:
        lines = transcript_of_node("gemini.mjs", base_url, "uploads", packages=("@google/genai",))
    assert lines
    assert failures(lines) == {}


@pytest.mark.parametrize("way", THROUGH)
def test_supabase_js_resumes_uploads(way):
    with reached(way, "supabase", project.make) as base_url:
        arguments = (base_url, ANON_KEY, SERVICE_KEY, SEEDED_PASSPHRASE)
        packages = ("@supabase/supabase-js", "tus-js-client")
        seen = answers(transcript_of_node("supabase.mjs", *arguments, packages=packages))
    assert "error" not in str(seen["storage: resumable"])
    assert seen["storage: after resumable"]["error"] is None
