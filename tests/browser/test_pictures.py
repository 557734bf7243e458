"""Pictures for the documents: the demonstration under load, as its dashboard shows it."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import yaml

from sidecar.demo import child
from sidecar.demo.figures import Figures
from sidecar.demo.load import SUBJECTS, Load
from sidecar.demo.plan import arrivals
from sidecar.demo.weather import LEVELS
from sidecar.demo.workload import workload
from sidecar.demo.world import world
from tests.browser.conftest import ROOT
from tests.support.background import in_thread
from tests.support.ports import free_port

MOST_BYTES = 200 * 1024
SEED = 8
SECONDS = 40.0
RATE = 6.0


@pytest.fixture
def demo(monkeypatch):
    """The URL of the dashboard of a demonstration under load."""
    admin, write = free_port(), child.configuration

    def configuration(*args, **kwargs):
        made = yaml.safe_load(write(*args, **kwargs))
        made["listen"]["admin"] = f"127.0.0.1:{admin}"
        return yaml.safe_dump(made, sort_keys=False)

    monkeypatch.setattr(child, "configuration", configuration)

    @asynccontextmanager
    async def running():
        async with world(seed=SEED, chaos=LEVELS["normal"], time_scale=1.0) as made:
            load = Load(made.access, Figures(SUBJECTS), 1.0)
            plan = arrivals(workload(), seed=SEED, rate=RATE)
            work = asyncio.create_task(load.run(plan, duration=SECONDS, patience=1.0))
            yield f"http://127.0.0.1:{admin}/"
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    with in_thread(running, "the demonstration") as url:
        yield url


def test_the_demonstration_is_seen_and_fits_a_picture(demo, tab, pytestconfig, tmp_path):
    wanted = pytestconfig.getoption("--screenshots")
    folder = ROOT / "docs" / "images" if wanted else tmp_path
    folder.mkdir(exist_ok=True)
    page = tab(viewport={"width": 1280, "height": 900}).open(demo)
    page.id("exchange").first.wait_for()
    names = {each.get_attribute("data-name") for each in page.id("card").all()}
    assert {"supabase", "whatsapp", "gemini"} <= names
    page.page.wait_for_timeout(1000 * (SECONDS - 10) if wanted else 3000)
    for theme in ("light", "dark"):
        if page.page.evaluate("document.documentElement.dataset.theme") != theme:
            page.id("theme").click()
        page.page.mouse.move(0, 0)
        page.page.wait_for_timeout(400)
        picture = folder / f"dashboard-{theme}.png"
        page.page.screenshot(path=picture)
        assert picture.stat().st_size <= MOST_BYTES
    assert page.value("strip-rate") > 0
