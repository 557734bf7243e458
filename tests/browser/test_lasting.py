"""The page outlives the sidecar, and does nothing while nobody looks."""

RELOAD_ERROR = "sidecar.yaml:3:5: error: upstreams.supabase.timeouts.totl: there is no such setting"


def test_it_survives_a_restart(served, tab):
    fake = served()
    page = tab(allowed="ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE").open(
        fake.url
    )
    page.id("exchange").first.wait_for()
    fake.do(fake.stop())
    page.wait_link("lost")
    assert "lost" in page.id("link").inner_text()
    assert "retrying" in page.id("link").inner_text()
    assert page.value("strip-rate") == 6
    fake.do(fake.begin_again())
    page.wait_link("live")
    seen = [int(each.get_attribute("data-seq")) for each in page.id("exchange").all()]
    assert seen == list(range(24, 0, -1))
    fake.happen(1)
    page.wait("document.querySelector('[data-testid=exchange]').dataset.seq === '25'")


def test_new_exchanges_come_on_top_and_no_more_than_200_are_kept(served, tab):
    fake = served()
    page = tab().open(fake.url)
    page.id("exchange").first.wait_for()
    fake.happen(300)
    page.wait("document.querySelector('[data-testid=exchange]').dataset.seq === '324'")
    assert page.id("exchange").count() == 200


def test_a_pause_stops_asking_and_a_resume_goes_on(served, tab):
    fake = served()
    page = tab().open(fake.url)
    page.page.keyboard.press("p")
    page.wait_link("paused")
    page.page.wait_for_timeout(300)
    before = len(page.requests)
    page.page.wait_for_timeout(2600)
    assert len(page.requests) == before
    page.id("pause").click()
    page.wait_link("live")
    page.wait("() => performance.getEntriesByType('resource').length > 0")
    assert len(page.requests) > before


def test_a_page_that_is_hidden_asks_nothing(served, tab):
    fake = served()
    page = tab().open(fake.url)
    hide = """hidden => {
        Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.page.wait_for_timeout(300)
    page.page.evaluate(hide, True)
    page.page.wait_for_timeout(300)
    before = len(page.requests)
    page.page.wait_for_timeout(4500)
    assert len(page.requests) == before
    page.page.evaluate(hide, False)
    page.page.wait_for_timeout(500)
    assert len(page.requests) > before


def test_a_configuration_that_was_refused_is_said_with_its_line(served, tab):
    fake = served()
    fake.reload = {"ok": False, "at": 1_790_000_000.0, "error": RELOAD_ERROR, "changes": []}
    page = tab().open(fake.url)
    assert RELOAD_ERROR in page.id("reload-error").inner_text()
    fake.reload = {"ok": True, "at": 1_790_000_000.0, "error": None, "changes": ["~ a: 1 → 2"]}
    page.id("reload-error").wait_for(state="detached")
    assert "reloaded" in page.id("reload").inner_text()


def test_filters_narrow_what_is_shown(served, tab):
    fake = served()
    page = tab().open(fake.url)
    page.id("filter-upstream").select_option("gemini")
    page.wait("document.querySelector('[data-testid=shown]').innerText === '8'")
    page.id("filter-status").select_option("error")
    page.wait("document.querySelector('[data-testid=shown]').innerText === '4'")
    page.id("filter-upstream").select_option("")
    page.id("filter-status").select_option("")
    page.wait("document.querySelector('[data-testid=shown]').innerText === '24'")
    page.page.keyboard.press("Escape")
    page.page.evaluate("document.activeElement.blur()")
    page.page.keyboard.press("/")
    page.page.keyboard.type("POST generate 200")
    page.wait("document.querySelector('[data-testid=shown]').innerText === '4'")


def test_an_exchange_is_shown_in_full_and_as_a_line_for_a_shell(served, tab):
    fake = served()
    fake.exchanges.clear()
    fake.happen(3)
    page = tab().open(fake.url)
    page.id("exchange").first.click()
    assert page.id("attempt").count() == 2
    curl = page.id("curl").inner_text()
    assert curl.startswith("curl -i -X POST 'http://127.0.0.1:8080/gemini/v1beta/models/")
    assert page.id("details").get_by_text("pause before repeating").count() >= 1


def test_a_bar_is_made_of_waits_attempts_and_what_follows(served, tab):
    fake = served()
    page = tab().open(fake.url)
    found = page.page.evaluate(
        """async (exchange) => (await import('./static/js/segments.js')).segments(exchange)
            .map(({kind, from, to, bad}) => [kind, from, to, bad ?? null])""",
        {
            "source": "upstream",
            "duration": 10,
            "first_byte": 8,
            "waits": {"held": 0.5, "paced": 0.25, "queued": 0, "pool": 1, "backoff": 2},
            "attempts": [
                {"number": 1, "began": 1, "ended": 3, "status": 503, "error": None, "dial": 0.5},
                {"number": 2, "began": 5, "ended": 10, "status": 200, "error": None, "dial": 0},
            ],
        },
    )
    assert found == [
        ["held", 0, 0.5, None],
        ["paced", 0.5, 0.75, None],
        ["own", 0.75, 1, None],
        ["pool", 1, 2, None],
        ["dial", 2, 2.5, None],
        ["attempt", 2.5, 3, True],
        ["backoff", 3, 5, None],
        ["attempt", 5, 8, False],
        ["stream", 8, 10, None],
    ]
