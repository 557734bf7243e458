"""What `sidecar certs` says: the files, until when they hold, and what to set where."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sidecar.commands.certificate_files import Files
from sidecar.commands.terminal import columns

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_DAY = dt.timedelta(days=1)
_PORT = 8443

_WHO = {
    "SSL_CERT_FILE": "Python: httpx, aiohttp, and SDKs on them; it replaces the system's, "
    "hence the bundle",
    "REQUESTS_CA_BUNDLE": "Python: requests",
    "NODE_EXTRA_CA_CERTS": "Node: fetch and everything else",
}


def report(
    files: Files, authority: "Certificate", server: "Certificate", now: dt.datetime
) -> dict[str, Any]:
    """All of it as plain data."""
    from sidecar.commands.local_authority import names_of

    return {
        "authority": {"file": str(files.authority), **_validity(authority, now)},
        "server": {
            "file": str(files.server),
            "key": str(files.server_key),
            "names": list(names_of(server)),
            **_validity(server, now),
        },
        "bundle": str(files.bundle),
        "configuration": {
            "listen": {
                "proxy_tls": f"127.0.0.1:{_PORT}",
                "tls": {"certificate": str(files.server), "key": str(files.server_key)},
            }
        },
        "environment": {
            "SSL_CERT_FILE": str(files.bundle),
            "REQUESTS_CA_BUNDLE": str(files.bundle),
            "NODE_EXTRA_CA_CERTS": str(files.authority),
        },
    }


def _validity(certificate: "Certificate", now: dt.datetime) -> dict[str, Any]:
    until = certificate.not_valid_after_utc
    return {"expires": until.isoformat(), "days_left": round((until - now) / _DAY, 1)}


def report_text(made: Mapping[str, Any]) -> str:
    """The same for people; what is made and not only shown comes with what to do now."""
    authority, server = made["authority"], made["server"]
    lines = [
        f"{authority['file']}: the authority, {_until(authority)}",
        f"{server['file']}: for {', '.join(server['names'])}; {_until(server)}",
    ]
    if "authority_is" in made:
        lines += _next_steps(made)
    elif not made["ok"]:
        lines.append(
            "renew it with `sidecar certs --force`; a running sidecar takes it up when it reloads"
        )
    return "\n".join(lines)


def _until(one: Mapping[str, Any]) -> str:
    left = one["days_left"]
    if left <= 0:
        return f"expired on {one['expires'][:10]}"
    return f"until {one['expires'][:10]} ({left:.0f} days)"


def _next_steps(made: Mapping[str, Any]) -> list[str]:
    tls = made["configuration"]["listen"]
    variables = [(f"  {key}={made['environment'][key]}", f"# {_WHO[key]}") for key in _WHO]
    lines = [
        "",
        "in the configuration of the sidecar:",
        "  listen:",
        f"    proxy_tls: {tls['proxy_tls']}",
        "    tls:",
        f"      certificate: {tls['tls']['certificate']}",
        f"      key: {tls['tls']['key']}",
        "",
        "in the environment of the application:",
        columns(variables),
    ]
    if made["authority_is"] == "replaced":
        lines += ["", "The authority is another one now: clients need its certificate again."]
    if not made["bundle_has_system"]:
        lines += ["", "No file with the system's authorities was found: the bundle has only ours."]
    return lines
