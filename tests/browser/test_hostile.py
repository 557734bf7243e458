"""Whatever a client or a provider writes is text on the page, and nothing else."""

import pytest

from sidecar.config.admin import Admin

IMG = "/<img src=x onerror=window.hit=1>"
PATH = f"{IMG}?q='\"><script>window.hit=1</script>&a=%22"
QUOTES = 'it\'s a "trap"; $(touch /tmp/x) `id`'


def test_hostile_paths_methods_and_errors_are_text(served, tab):
    fake = served()
    fake.exchanges.clear()
    fake.happen(1, target=PATH, method="<B>", error="<i>err</i>", status=None, upstream="<u>up</u>")
    page = tab().open(fake.url)
    page.id("exchange").first.wait_for()
    assert page.id("target").first.inner_text() == PATH
    page.id("exchange").first.click()
    assert page.id("details-target").inner_text() == PATH
    assert page.page.evaluate("window.hit") is None
    assert page.page.locator("#app :is(img[src=x], script, i:text('err'), u)").count() == 0


def test_hostile_names_reasons_and_letters_are_text(served, tab):
    name = '"><img src=x onerror=window.hit=1>'
    fake = served(names=("supabase", name))
    fake.breakers.force(name, "open", 600, f"{IMG} {QUOTES}", fake.clock.now())
    first = next(iter(fake.queue.letters.values()))
    first.update(target=PATH, reason="<img src=x onerror=window.hit=1>", note=QUOTES)
    fake.reload = {"ok": False, "at": 1.0, "error": IMG, "changes": [IMG]}
    page = tab().open(fake.url)
    page.id("letter").first.wait_for()
    assert page.id("reason").inner_text().strip("“”") == f"{IMG} {QUOTES}"
    assert page.id("letter-reason").first.inner_text().startswith(first["reason"])
    page.id("letter").first.get_by_test_id("replay").click()
    page.id("confirm").wait_for()
    page.id("cancel").click()
    page.page.locator("[data-testid=breaker][data-state=forced_open]").get_by_test_id(
        "breaker-auto"
    ).click()
    page.page.locator("[data-testid=breaker][data-state=forced_open]").wait_for(state="detached")
    assert page.page.evaluate("window.hit") is None
    assert page.page.locator("#app img[src=x]").count() == 0


@pytest.mark.parametrize("key", ["../../admin/queue", "a/./b", "%2e%2e/x", "a?b#c", "ключ / ☃"])
def test_a_breaker_whose_key_looks_like_a_path_can_be_forced(served, tab, key):
    fake = served()
    fake.breakers._sets["gemini"].at(key, fake.clock.now())
    page = tab().open(fake.url)
    row = page.page.locator("[data-testid=breaker]").filter(has_text=f"gemini/{key}")
    row.get_by_test_id("breaker-open").click()
    page.id("confirm").click()
    page.page.locator("[data-testid=breaker][data-state=forced_open]").wait_for()
    states = {each["name"]: each["state"] for each in fake.breakers.snapshots(fake.clock.now())}
    assert states[f"gemini/{key}"] == "forced_open"


def test_a_line_for_a_shell_keeps_its_quotes(served, tab):
    fake = served()
    page = tab().open(fake.url)
    quoted = page.page.evaluate(
        """async text => (await import('./static/js/curl.js')).quoted(text)""",
        "it's\n\x1b]0;x\x07 $(id)",
    )
    assert quoted == "'it'\\''s%0A%1B]0;x%07 $(id)'"


def test_the_page_may_run_nothing_but_its_own_files(served, tab):
    fake = served()
    page = tab(allowed="Content Security Policy")
    page.open(fake.url)
    headers = page.page.request.get(fake.url).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    ran = page.page.evaluate(
        """() => { const script = document.createElement('script');
        script.textContent = 'window.hit = 1'; document.body.append(script); return window.hit }"""
    )
    assert ran is None


def test_another_name_is_refused_also_for_the_page(served, tab):
    fake = served(Admin(token="0123456789abcdef"))
    page = tab()
    asked = page.page.request.get
    assert asked(fake.url).status == 200
    assert asked(f"{fake.url}admin/summary").status == 401
    for path in ("", "static/js/main.js"):
        assert asked(fake.url + path, headers={"Host": "evil.test"}).status == 403
