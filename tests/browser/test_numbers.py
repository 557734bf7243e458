"""The figures on the page are those of the admin API."""

import pytest


@pytest.fixture
def frozen(served):
    """A listener whose summary stays as it is."""
    fake = served()
    kept = fake.summary()
    fake.summary = lambda _span="1m": kept
    return fake, kept


def test_the_strip_shows_the_totals(frozen, tab):
    fake, summary = frozen
    page = tab().open(fake.url)
    total, upstreams = summary["total"], summary["upstreams"]
    assert {
        name: page.value(f"strip-{name}")
        for name in ("rate", "errors", "p95", "overhead", "overhead-p99", "inflight", "rescued")
    } == {
        "rate": total["rate"],
        "errors": total["errors"]["ratio"],
        "p95": total["latency"]["p95"],
        "overhead": total["overhead"]["p50"],
        "overhead-p99": total["overhead"]["p99"],
        "inflight": sum(each["inflight"] for each in upstreams),
        "rescued": total["retries"]["rescued"],
    }
    assert page.value("strip-saved") == total["cache"]["seconds_saved"]
    assert page.value("strip-breakers") == 0
    assert page.value("strip-queue") == 2
    assert page.value("strip-dead") == 3
    assert "estimated" in page.id("strip").inner_text()


@pytest.mark.parametrize("name", ["supabase", "whatsapp", "gemini"])
def test_a_card_shows_its_upstream(frozen, tab, name):
    fake, summary = frozen
    page = tab().open(fake.url)
    card = page.card(name)
    (upstream,) = (each for each in summary["upstreams"] if each["name"] == name)
    assert page.value("rate", card) == upstream["rate"]
    assert page.value("errors", card) == upstream["errors"]["ratio"]
    for quantile in ("p50", "p95", "p99"):
        for part in ("latency", "upstream", "overhead"):
            assert page.value(f"{part}-{quantile}", card) == upstream[part][quantile]
    for figure in ("rescued", "wasted", "amplification"):
        assert page.value(figure, card) == upstream["retries"][figure]
    assert page.value("pool-open", card) == upstream["pool"]["open"]
    shown = {
        kind: int(card.get_by_test_id(f"class-{kind}").locator("b").get_attribute("data-value"))
        for kind, count in upstream["errors"]["classes"].items()
        if count
    }
    assert shown == {kind: n for kind, n in upstream["errors"]["classes"].items() if n}


def test_what_only_one_provider_has_is_on_its_card_only(frozen, tab):
    fake, _ = frozen
    page = tab().open(fake.url)
    assert page.value("cache-ratio", page.card("supabase")) == 0.8
    assert page.value("cache-saved", page.card("supabase")) == 12.5
    assert "estimated" in page.card("supabase").inner_text()
    assert page.value("pace-messages", page.card("whatsapp")) == 7
    tokens = [page.value(f"tokens-{k}", page.card("gemini")) for k in ("input", "output", "cached")]
    assert tokens == [123_456, 7_890, 1_000]
    assert page.card("whatsapp").get_by_test_id("tokens-input").count() == 0


def test_the_worst_upstream_comes_first(served, tab):
    fake = served()
    page = tab().open(fake.url)
    cards = page.id("card")
    assert [each.get_attribute("data-name") for each in cards.all()] == [
        "gemini",
        "whatsapp",
        "supabase",
    ]
    fake.breakers.force("supabase", "open", 60, "", fake.clock.now())
    page.wait("document.querySelector('[data-testid=card]').dataset.name === 'supabase'")
    assert page.value("strip-breakers") == 1


def test_curves_are_drawn_of_rates(frozen, tab):
    fake, summary = frozen
    page = tab().open(fake.url)
    columns = page.page.evaluate(
        """async (series) => (await import('./static/js/chart.js')).columns(series, 100)""",
        {"step": 5.0, "rate": [1, 2, 3, 4, 5], "errors": [0, 0, 10, 0, 0], "p95": [None] * 5},
    )
    assert columns[0] == [80, 85, 90, 95, 100]
    assert columns[2] == [None, 0, 2, 0, None]
    assert page.page.locator(".chart canvas").count() == len(summary["upstreams"])


def test_another_window_asks_for_other_figures_and_is_remembered(served, tab):
    fake = served()
    page = tab().open(fake.url)
    assert page.value("strip-rate") == 6
    page.id("window-15m").click()
    page.wait("document.querySelector('[data-testid=strip-rate]').dataset.value === '90'")
    page.page.reload()
    page.wait("document.querySelector('[data-testid=strip-rate]')?.dataset.value === '90'")
    assert page.id("window-15m").get_attribute("aria-pressed") == "true"


def test_the_report_is_shown_as_it_comes_and_has_no_page_where_there_is_none(served, tab):
    fake = served()
    page = tab().open(fake.url)
    page.id("view-saved").click()
    rows = page.id("report-row")
    rows.first.wait_for()
    assert [row.get_attribute("data-name") for row in rows.all()] == [
        row["name"] for row in fake.report["rows"]
    ]
    assert ["estimated" in row.inner_text() for row in rows.all()] == [False, True, True, False]
    assert "12.5 s" in rows.nth(1).inner_text()
    assert "4,200 tokens" in rows.nth(2).inner_text()
    assert "<b>hits</b> / (hits + misses)" in rows.nth(3).inner_text()
    other = tab().open(served(report=False).url)
    other.wait_link("live")
    other.page.wait_for_timeout(300)
    assert other.id("view-saved").count() == 0


def test_without_calls_there_are_lines_to_paste_for_each_sdk(served, tab):
    fake = served()
    fake.empty = True
    page = tab().open(fake.url)
    page.id("hint").first.wait_for()
    names = [each.get_attribute("data-name") for each in page.id("hint").all()]
    assert names == ["supabase", "whatsapp", "gemini"]
    gemini = page.page.locator('[data-testid="hint"][data-name="gemini"]')
    assert 'base_url="http://127.0.0.1:8080/gemini"' in gemini.inner_text()
    gemini.get_by_role("button", name="@google/genai").click()
    assert "baseUrl" in gemini.get_by_test_id("hint-lines").inner_text()
    fake.empty = False
    page.id("exchange").first.wait_for()
    assert page.id("empty").count() == 0
