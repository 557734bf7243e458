import pytest

from sidecar import aiohttp_takeover


def test_this_aiohttp_has_what_is_used_of_it():
    aiohttp_takeover.check()


def test_an_aiohttp_that_has_changed_is_found_at_the_start(monkeypatch):
    monkeypatch.setattr(aiohttp_takeover, "_OWN_NAMES", ("transport", "_nothing_like_it"))
    with pytest.raises(RuntimeError, match="has no _nothing_like_it any more"):
        aiohttp_takeover.check()
