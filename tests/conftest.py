"""What every test shares: no ambient proxies, no ambient certificates."""

import os

from hypothesis import HealthCheck, settings

for _name in ("http_proxy", "https_proxy", "all_proxy", "ssl_cert_file"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

# A busy machine is slow; that is no failure of what is tested. Where a change is judged (STRICT=1),
# the same examples are tried each time; elsewhere others each time.
settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("STRICT") == "1",
)
settings.load_profile("shared")
