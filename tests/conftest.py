"""What every test shares: no ambient proxies, no ambient certificates."""

import os

for _name in ("http_proxy", "https_proxy", "all_proxy", "ssl_cert_file"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
