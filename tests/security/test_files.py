"""What is written to disk is readable by its owner only, whatever the umask."""

import os
import stat

import pytest

from tests.support.raw import ask, call, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import reply
from tests.support.upstream import Upstream

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
stores:
  shared: {{kind: sqlite, path: "{folder}/deep/store.db", timeout: 2s}}
  spool: {{kind: sqlite, path: "{folder}/deep/spool.db"}}
upstreams:
  api:
    url: {url}
    cache: {{ttl: 60s}}
    routes: [{{name: send, match: {{methods: [POST]}}, queue: {{mode: always}}}}]
"""


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


async def test_nobody_else_can_read_what_is_kept(tmp_path, open_umask):
    async with (
        Upstream(reply(b"private")) as origin,
        running_sidecar(CONFIG.format(url=origin.url, folder=tmp_path)) as sidecar,
    ):
        assert (await ask(sidecar.proxy, get("/api/x"))).status == 200
        assert (await ask(sidecar.proxy, call("POST", "/api/x", content=b"{}"))).status == 202
        files = [each for each in (tmp_path / "deep").iterdir() if each.is_file()]
        modes = {each.name: oct(stat.S_IMODE(each.stat().st_mode)) for each in files}
    assert modes.keys() >= {"store.db", "store.db-wal", "spool.db", "spool.db-wal"}
    assert set(modes.values()) == {"0o600"}, modes
