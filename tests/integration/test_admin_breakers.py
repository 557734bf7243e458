"""Breakers at the admin listener: listed, found, forced and reset."""

import pytest

from tests.support.admin_served import BREAKERS


async def test_breakers_are_listed_as_json_and_as_text(served):
    status, rows = await served.call("GET", BREAKERS)
    assert status == 200
    names = [row["name"] for row in rows]
    assert names == ["gemini/gemini", "gemini/gemini/flash", "api/api"]
    async with served.http.get(BREAKERS, headers={"User-Agent": "curl/8.5.0"}) as answer:
        lines = (await answer.text()).splitlines()
    assert lines[0].startswith("NAME ")
    assert lines[1].split()[:2] == ["gemini/gemini", "closed"]


@pytest.mark.parametrize("name", ["gemini/gemini/flash", "gemini%2Fgemini%2Fflash"])
async def test_one_breaker_is_found_by_its_name_with_slashes(served, name):
    from yarl import URL

    url = URL(f"{BREAKERS}/{name}", encoded=True)
    status, shown = await served.call("GET", url)
    assert (status, shown["name"]) == (200, "gemini/gemini/flash")
    status, shown = await served.call("POST", URL(f"{BREAKERS}/{name}/open", encoded=True))
    assert (status, shown["state"]) == (200, "forced_open")


@pytest.mark.parametrize(
    ("action", "state"),
    [("open", "forced_open"), ("close", "forced_closed"), ("observe", "observed")],
)
async def test_a_breaker_is_forced_for_a_while_and_reset(served, audit, action, state):
    path = f"{BREAKERS}/api"
    status, shown = await served.call(
        "POST", f"{path}/{action}?for=5m", json={"reason": "an outage", "by": "ann"}
    )
    assert (status, shown["state"], shown["forced"]["reason"]) == (200, state, "an outage")
    assert 299 < shown["forced"]["seconds_left"] <= 300
    status, shown = await served.call("POST", f"{path}/reset")
    assert (status, shown["state"], shown["forced"]) == (200, "closed", None)
    first, second = audit()
    assert first == {
        "client": "127.0.0.1",
        "method": "POST",
        "path": f"{path}/{action}",
        "status": 200,
        "given_reason": "an outage",
        "given_by": "ann",
        "given_for": "5m",
    }
    assert second["path"] == f"{path}/reset"


async def test_without_a_time_it_is_ten_minutes(served):
    _, shown = await served.call("POST", f"{BREAKERS}/api/open")
    assert 599 < shown["forced"]["seconds_left"] <= 600


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/apl/open", None, 404, "there is no such breaker (did you mean 'api'?)"),
        ("/api/open?for=25h", None, 400, "for: longer than 24 hours"),
        ("/api/open?for=10", None, 400, "for: expected a duration"),
        ("/api/open?for=1m&for=2m", None, 400, '"for" is there twice'),
        ("/api/open?fro=1m", None, 400, "did you mean 'for'?"),
        ("/api/reset?for=1m", None, 400, "there is no parameter"),
        ("/api/open", b"[1]", 400, "not a JSON object"),
        ("/api/open", b'{"for": {}}', 400, "not a JSON object of plain values"),
        ("/api/open", b"{", 400, "not JSON"),
        ("/api/open", b"[" * 16000, 400, "not JSON"),
        ("/api/open", b" " * 20000, 413, "too large"),
        ("/api/explode", None, 405, "method not allowed"),
    ],
)
async def test_what_makes_no_sense_changes_nothing_and_says_why(
    served, audit, path, body, status, said
):
    found, answer = await served.call("POST", BREAKERS + path, data=body)
    assert (found, said in answer["error"]) == (status, True), answer
    _, row = await served.call("GET", f"{BREAKERS}/api")
    assert (row["state"], row["forced"]) == ("closed", None)
    (line,) = audit()
    assert line["status"] == status
