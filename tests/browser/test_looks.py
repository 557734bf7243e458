"""Every width, both themes, and no motion where none is wanted."""

import re

import pytest

WIDTHS = (390, 768, 1024, 1440, 2560)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("empty", [False, True])
def test_nothing_scrolls_sideways(served, tab, width, empty):
    fake = served(names=("supabase", "whatsapp", "gemini", "a-name-that-is-quite-long-for-a-card"))
    fake.empty = empty
    fake.happen(1, target="/" + "x" * 3000)
    next(iter(fake.queue.letters.values())).update(target="/" + "y" * 900)
    fake.reload = {"ok": False, "at": 1.0, "error": "e" * 500, "changes": []}
    page = tab(viewport={"width": width, "height": 900}).open(fake.url)
    page.id("letter").first.wait_for()
    (page.id("hint") if empty else page.id("exchange")).first.wait_for()
    fits = "document.documentElement.scrollWidth <= window.innerWidth"
    assert page.page.evaluate(fits)
    spilt = page.page.evaluate(
        """() => [...document.querySelectorAll('.card *, .strip *')].filter((each) => {
            const box = each.closest('.card, .strip').getBoundingClientRect();
            const own = each.getBoundingClientRect();
            return own.width && own.right > box.right + 1 && !each.closest('.chart, .unseen');
        }).map((each) => each.outerHTML.slice(0, 120))"""
    )
    assert spilt == []
    if not empty:
        page.id("exchange").first.click()
        page.id("curl").wait_for()
        assert page.page.evaluate(fits)


def luminance(colour):
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(served, tab, scheme):
    """WCAG 2.2, 1.4.3: a contrast of 4.5 to 1."""
    fake = served()
    fake.breakers.force("gemini", "open", 600, "because", fake.clock.now())
    page = tab(color_scheme=scheme).open(fake.url)
    page.id("exchange").first.wait_for()
    found = page.page.evaluate(
        """() => {
        const behind = (node) => {
            for (let at = node; at; at = at.parentElement) {
                const colour = getComputedStyle(at).backgroundColor;
                if (/^rgb\\(/.test(colour)) return colour;
            }
            return 'rgb(255, 255, 255)';
        };
        return [...document.querySelectorAll('main *')]
            .filter((each) => [...each.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
            .map((each) => [each, getComputedStyle(each).color, behind(each)])
            .map(([each, ...colours]) => [each.textContent.slice(0, 40), ...colours]);
        }"""
    )
    assert len(found) > 100
    weak = []
    for text, ink, ground in found:
        light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        if (light + 0.05) / (dark + 0.05) < 4.5:
            weak.append((text, ink, ground))
    assert weak == []


def test_the_theme_is_the_systems_until_somebody_chooses(served, tab):
    fake = served()
    page = tab(color_scheme="dark").open(fake.url)
    shown = "document.documentElement.dataset.theme"
    assert page.page.evaluate(shown) == "dark"
    page.id("theme").click()
    assert page.page.evaluate(shown) == "light"
    page.page.reload()
    page.id("strip").wait_for()
    assert page.page.evaluate(shown) == "light"


def test_nothing_moves_for_those_who_want_no_motion(served, tab):
    fake = served()
    page = tab(reduced_motion="reduce").open(fake.url)
    page.wait_link("live")
    assert page.page.evaluate("document.getAnimations().length") == 0


def test_it_works_below_a_path_prefix(served, tab):
    """As behind an ingress: the prefix is taken off on the way."""
    fake = served()
    page = tab()
    page.page.route(
        "**/sidecar/**",
        lambda route: route.fulfill(
            response=route.fetch(url=route.request.url.replace("/sidecar/", "/", 1))
        ),
    )
    page.open(f"{fake.url}sidecar/")
    page.id("exchange").first.wait_for()
    assert all("/sidecar/" in url for url in page.requests if not url.startswith("data:"))
