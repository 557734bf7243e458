"""Buttons do what they say; the keyboard is enough for all of them."""

import json
import urllib.request

TOKEN = "0123456789abcdef"  # not a secret


def breaker_state(fake, name):
    with urllib.request.urlopen(f"{fake.url}admin/circuit-breakers/{name}", timeout=5) as answer:
        return json.load(answer)


def of(page, name):
    return page.page.locator(f'[data-testid="breaker"][data-name="{name}"]')


def state(page, name, expected):
    page.page.locator(
        f'[data-testid="breaker"][data-name="{name}"][data-state="{expected}"]'
    ).wait_for()


def test_a_breaker_is_forced_open_with_a_reason_and_goes_back(served, tab):
    fake = served()
    page = tab().open(fake.url)
    name = "gemini/gemini-2.5-flash"
    of(page, name).get_by_test_id("breaker-open").click()
    page.id("field-for").select_option("30m")
    page.id("field-reason").fill("quota <spent>")
    page.id("confirm").click()
    state(page, name, "forced_open")
    found = breaker_state(fake, name)
    assert found["state"] == "forced_open"
    assert found["forced"]["reason"] == "quota <spent>"
    assert 1700 < found["forced"]["seconds_left"] <= 1800
    assert "quota <spent>" in of(page, name).inner_text()
    assert of(page, name).get_by_test_id("until").inner_text().startswith(("30:00", "29:5"))
    of(page, name).get_by_test_id("breaker-auto").click()
    state(page, name, "closed")
    assert breaker_state(fake, name)["forced"] is None


def test_the_other_two_ways_to_force_it(served, tab):
    fake = served()
    page = tab().open(fake.url)
    for action, expected in (("close", "forced_closed"), ("observe", "observed")):
        of(page, "supabase/supabase").get_by_test_id(f"breaker-{action}").click()
        page.id("confirm").click()
        state(page, "supabase/supabase", expected)
        assert breaker_state(fake, "supabase")["state"] == expected


def test_the_countdown_moves_between_polls(served, tab):
    fake = served()
    fake.breakers.force("gemini", "open", 90, "", fake.clock.now())
    page = tab().open(fake.url)
    until = of(page, "gemini/gemini").get_by_test_id("until")
    page.id("pause").click()
    before = until.inner_text()
    page.wait(
        "before => document.querySelector('[data-name=\"gemini/gemini\"] [data-testid=until]')"
        ".innerText !== before",
        before,
    )
    assert until.inner_text() < before


def test_the_keyboard_alone_forces_a_breaker_open(served, tab):
    fake = served()
    page = tab().open(fake.url)
    keys = page.page.keyboard
    for _ in range(60):
        keys.press("Tab")
        focused = page.page.evaluate("document.activeElement.dataset.testid")
        if focused == "breaker-open":
            break
    outline = page.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert (focused, outline) == ("breaker-open", "solid")
    name = page.page.evaluate("document.activeElement.closest('[data-name]').dataset.name")
    keys.press("Enter")
    page.id("confirm").wait_for()
    for _ in range(8):
        if page.page.evaluate("document.activeElement.dataset.testid") == "field-reason":
            break
        keys.press("Tab")
    keys.type("by keyboard")
    keys.press("Enter")
    state(page, name, "forced_open")
    assert breaker_state(fake, name)["forced"]["reason"] == "by keyboard"
    page.id("dialog").wait_for(state="hidden")
    assert page.page.evaluate("document.activeElement.dataset.testid") == "breaker-open"


def test_escape_closes_a_question_and_nothing_is_done(served, tab):
    fake = served()
    page = tab().open(fake.url)
    of(page, "gemini/gemini").get_by_test_id("breaker-open").click()
    page.id("confirm").wait_for()
    page.page.keyboard.press("Escape")
    page.id("dialog").wait_for(state="hidden")
    assert breaker_state(fake, "gemini")["state"] == "closed"


def letter(page, state):
    return page.page.locator(f'[data-testid="letter"][data-state="{state}"]')


def test_a_dead_letter_is_sent_again_and_another_discarded(served, tab):
    fake = served()
    page = tab().open(fake.url)
    letter(page, "failed").get_by_test_id("replay").click()
    assert page.id("warning").count() == 0
    page.id("confirm").click()
    letter(page, "failed").wait_for(state="detached")
    letter(page, "expired").get_by_test_id("discard").click()
    page.id("confirm").click()
    letter(page, "expired").wait_for(state="detached")
    assert [each["state"] for each in fake.queue.letters.values()] == [
        "queued",
        "unknown",
        "discarded",
    ]


def test_one_that_may_have_been_sent_comes_with_a_warning(served, tab):
    fake = served()
    page = tab().open(fake.url)
    letter(page, "unknown").get_by_test_id("replay").click()
    assert "twice" in page.id("warning").inner_text()
    page.id("cancel").click()
    page.id("replay-all-unknown").click()
    assert "twice" in page.id("warning").inner_text()
    page.id("confirm").click()
    letter(page, "unknown").wait_for(state="detached")
    assert list(fake.queue.letters.values())[1]["state"] == "queued"


def test_what_is_refused_is_said_and_the_question_stays(served, tab):
    fake = served()
    page = tab(allowed="status of 409").open(fake.url)
    letter(page, "failed").get_by_test_id("replay").click()

    async def none(_):
        return 0

    fake.queue.replay = none
    page.id("confirm").click()
    page.page.get_by_text("that cannot be done to one that is failed").wait_for()
    assert page.id("confirm").is_visible()


def test_a_sidecar_with_a_token_asks_for_it_and_the_tab_keeps_it(served, tab):
    from sidecar.config.admin import Admin

    fake = served(Admin(token=TOKEN))
    page = tab(allowed="status of 401")
    page.page.goto(fake.url)
    page.id("token").fill("wrong-wrong-wrong")
    page.id("token-enter").click()
    page.id("token-wrong").wait_for()
    page.id("token").fill(TOKEN)
    page.id("token-enter").click()
    page.id("strip").wait_for()
    page.page.reload()
    page.id("strip").wait_for()
    assert page.page.evaluate("window.localStorage.length") == 0
    of(page, "gemini/gemini").get_by_test_id("breaker-open").click()
    page.id("confirm").click()
    state(page, "gemini/gemini", "forced_open")
