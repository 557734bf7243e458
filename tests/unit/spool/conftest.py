import pytest

from sidecar.spool.sealing import NoSeal
from sidecar.spool.sqlite import SqliteSpool
from sidecar.spool.sqlite_adding import Bounds


@pytest.fixture
async def opened(tmp_path):
    """Opens spools in one file, each as another process would; all are closed at the end."""
    spools = []

    async def opened(*, deliveries=1000, size=1 << 30, seal=None, **settings):
        bounds = Bounds(deliveries, size)
        spool = SqliteSpool(str(tmp_path / "spool.db"), bounds, seal or NoSeal(), **settings)
        spools.append(spool)
        await spool.open()
        return spool

    yield opened
    for spool in spools:
        await spool.close()
