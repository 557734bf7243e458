"""A real headless Chromium, and pages that notice what must never happen.

`--screenshots` also writes docs/images/dashboard-light.png and dashboard-dark.png.
"""

import importlib.util
import re
import sys
import time
from pathlib import Path

import pytest

from tests.browser.fake import Fake
from tests.support.background import in_thread
from tests.support.tools import missing

ROOT = Path(__file__).parents[2]
PATIENCE = 10_000
"""Milliseconds that anything may take."""


def pytest_addoption(parser):
    parser.addoption(
        "--screenshots", action="store_true", help="write the pictures of the dashboard anew"
    )


def _tools():
    spec = importlib.util.spec_from_file_location("tools", ROOT / "scripts" / "tools.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["tools"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def browser():
    """Chromium of the system, driven by playwright."""
    chromium = _tools().find("chromium")
    if chromium is None:
        missing("chromium (apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright (the extra `browser`)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium)
        yield launched
        launched.close()


class Watched:
    """A page, and what it did: console errors, requests, violations of its policy."""

    def __init__(self, context):
        self.page = context.new_page()
        self.errors = []
        self.requests = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._console)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.set_default_timeout(PATIENCE)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def id(self, name):
        return self.page.get_by_test_id(name)

    def value(self, name, within=None):
        """The number behind a figure, as the API gave it; None where it is not known."""
        text = (within or self.page).get_by_test_id(name).first.get_attribute("data-value")
        return float(text) if text else None

    def card(self, name):
        return self.page.locator(f'[data-testid="card"][data-name="{name}"]')

    def open(self, url):
        self.page.goto(url)
        self.id("strip").wait_for()
        return self

    def wait(self, expression, arg=None):
        """Until it is true. Asked again and again: the page's policy forbids it to evaluate."""
        end = time.monotonic() + PATIENCE / 1000
        while not self.page.evaluate(expression, arg):
            assert time.monotonic() < end, f"never true: {expression}"
            self.page.wait_for_timeout(50)

    def wait_link(self, status):
        self.page.locator(f'[data-testid="link"][data-status="{status}"]').wait_for()


@pytest.fixture
def tab(browser):
    """Open pages; at the end, none of them had an error or asked anybody else."""
    contexts, pages = [], []

    def make(*, allowed="", **options):
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, **options})
        contexts.append(context)
        watched = Watched(context)
        pages.append((watched, allowed))
        return watched

    yield make
    for context in contexts:
        context.close()
    for watched, allowed in pages:
        unexpected = [e for e in watched.errors if not (allowed and re.search(allowed, e))]
        assert unexpected == []
        assert {re.match(r"\w+://([^/:]*)", url)[1] for url in watched.requests} <= {"127.0.0.1"}


@pytest.fixture
def served():
    """Start fakes in threads; `served()` gives one."""
    stack = []

    def make(*args, **kwargs):
        entered = in_thread(lambda: Fake(*args, **kwargs), "the fake admin listener")
        stack.append(entered)
        return entered.__enter__()

    yield make
    for entered in reversed(stack):
        entered.__exit__(None, None, None)
