"""What every test shares: no ambient proxies, certificates or ignored signals."""

import gc
import os
import signal

from hypothesis import HealthCheck, settings

for _name in ("http_proxy", "https_proxy", "all_proxy", "ssl_cert_file"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

# A shell lets what it runs in the background ignore Ctrl-C, and so would what the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is slow; that is no failure of what is tested. Where a change is judged (STRICT=1),
# the same examples are tried each time; elsewhere others each time.
settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("STRICT") == "1",
)
settings.load_profile("shared")

# Ten thousand tests are many objects: to look at all of them takes half a second.
gc.set_threshold(5_000, 10, 50)
