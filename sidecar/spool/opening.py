"""Makes the spool that a configuration names; imports a client library only where it is needed."""

from sidecar.config.secret import Secret
from sidecar.config.spool import RedisSpool, SqliteSpool, key_bytes
from sidecar.spool import Spool, SpoolUnavailable
from sidecar.spool.sealing import KeySeal, NoSeal, Seal

_NO_REDIS = "stores.spool: kind redis needs the extra: pip install 'outbound-sidecar[redis]'"
_NO_SEAL = "stores.spool.key needs the extra: pip install 'outbound-sidecar[encryption]'"


def make_spool(config: SqliteSpool | RedisSpool) -> Spool:
    """The spool; it is used once it was opened.

    Raises:
        SpoolUnavailable: a library is not installed, or the URL cannot be understood.
    """
    seal = _seal(config.key)
    if isinstance(config, SqliteSpool):
        from sidecar.spool.sqlite import SqliteSpool as File
        from sidecar.spool.sqlite_adding import Bounds

        return File(config.path, Bounds(config.max_deliveries, config.max_size), seal)
    try:
        from sidecar.spool.redis import RedisSpool as Server
    except ImportError:
        raise SpoolUnavailable(_NO_REDIS) from None
    try:
        return Server(config, seal)
    except ValueError as error:
        raise SpoolUnavailable(str(error)) from None


def _seal(key: Secret | None) -> Seal:
    if key is None:
        return NoSeal()
    try:
        return KeySeal(key_bytes(key))
    except ImportError:
        raise SpoolUnavailable(_NO_SEAL) from None
