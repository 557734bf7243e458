"""No secret is shown: each place of a secret has a word of its own, and none is found anywhere.

A whole process, its log at `debug`, through successes, failures of every kind, cache, ledger,
queue, reloads and traces. tests/slow/test_canaries_shown.py does the same with the other form of
the log, and the commands of operators.
"""

import pytest

from tests.support.canaries import HELD, IN_REQUESTS, IN_THE_STORE, found
from tests.support.canary_run import everything

GOES_NOWHERE = {"fragment", "userinfo", "refused", "unframed", "trailer"}
FROM_THE_UPSTREAM = {"upstreambody", "setcookie"}


@pytest.mark.parametrize("form", ["json"])
async def test_no_secret_is_shown_written_or_kept(tmp_path, form):
    seen, received = await everything(tmp_path, form, with_commands=False)
    shown = {where: found(data) for where, data in seen.items()}
    shown["values of the store"] -= IN_THE_STORE
    assert not {where: places for where, places in shown.items() if places}
    assert not [where for where, data in seen.items() if not data and where != "commands"]
    assert b'"fine"' in seen["values of the store"]
    assert b"Traceback" not in seen["log"]
    assert seen["log"].count(b'"exchange"') > 20
    # else nothing would be found because nothing was sent
    assert received >= {*IN_REQUESTS, "configured", "collector"} - GOES_NOWHERE - FROM_THE_UPSTREAM
    assert not received & (GOES_NOWHERE | {*HELD} - {"configured", "collector"})
