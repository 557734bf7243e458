"""Words the configuration for what was found: about 25 lines, with comments, without any value."""

from collections.abc import Iterator, Sequence

from sidecar.core.findings.found import Findings, FoundUpstream
from sidecar.core.findings.providers import MEDIA_NAME, WHATSAPP

_MOST_USES = 2
_HEAD = """\
# yaml-language-server: $schema=./sidecar.schema.json
# Written by `sidecar init` from {files}. The schema, for editors, comes from
# `sidecar schema > sidecar.schema.json`; `sidecar schema --reference` explains every key.

listen:
  proxy: 127.0.0.1:8080 # for the application
  ops: 127.0.0.1:9090 # /metrics and /health
  admin: 127.0.0.1:9901 # for operators: `sidecar breaker`, `sidecar cache`

drain_timeout: 5s # for calls in flight after SIGTERM

# Timeouts, retries, breakers and paces come with the presets: `sidecar explain URL` shows them.
upstreams:
"""


def written(findings: Findings, files: Sequence[str]) -> str:
    """The YAML.

    Args:
        findings: with at least one upstream.
        files: what it was found in.
    """
    head = _HEAD.format(files=_listed([_plain(name) for name in files]))
    needed = [each for each in findings.upstreams if not each.offered]
    offered = [each for each in findings.upstreams if each.offered]
    lines = [line for each in needed for line in _lines(each)]
    if offered:
        lines.append("# APIs without a preset: uncomment those that are to go through the sidecar.")
    lines += [f"# {line}" for each in offered for line in _lines(each)]
    return head + "".join(f"  {line}\n" for line in lines)


def _lines(upstream: FoundUpstream) -> Iterator[str]:
    why = f" # {_listed([str(use) for use in upstream.uses])}" if upstream.uses else ""
    if upstream.name == MEDIA_NAME:
        why = " # where the Graph API has media downloaded from"
    yield f"{upstream.name}:{why}"
    if upstream.preset:
        yield f"  preset: {upstream.preset}"
    yield f"  url: {upstream.url}"
    if upstream.name == WHATSAPP.name:
        yield f"  media: {{ downloads: {MEDIA_NAME} }} # a file is known by its id"


def _listed(words: Sequence[str]) -> str:
    more = len(words) - _MOST_USES
    shown = ", ".join(words[:_MOST_USES])
    return f"{shown} and {more} more" if more > 0 else shown


def _plain(name: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in name)
