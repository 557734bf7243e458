"""Writes THIRD_PARTY_NOTICES: what a deployment consists of, under which licences, and their texts.

`notices.py` writes it anew from what is installed, `notices.py check` compares. What the dashboard
brings along has notices of its own, beside it in the package.
"""

import re
import sys
from importlib.metadata import Distribution

from scripts.runtime_set import ROOT, runtime_set

FILE = ROOT / "THIRD_PARTY_NOTICES"
VENDORED = ROOT / "sidecar" / "admin" / "static" / "vendor" / "THIRD_PARTY_NOTICES"
_RULE = "=" * 78
_HEAD = """\
The image of the sidecar contains the packages below, and an installation with its extras consists
of them. Written by `make notices`; each package also brings its licence along.
"""
_NAMES = re.compile(r"(?:^|/)(?:licen[cs]e|copying|notice)[^/]*$", re.IGNORECASE)
_CODE = {".py", ".pyc", ".pyi"}


def licence_of(package: Distribution) -> str:
    """The licence as the package's metadata name it, as an SPDX expression where they do."""
    if expression := _field(package, "License-Expression"):
        return expression
    prefix = "License :: OSI Approved :: "
    classified = [
        each.removeprefix(prefix)
        for each in package.metadata.get_all("Classifier") or []
        if each.startswith(prefix)
    ]
    words = _field(package, "License").strip()
    if words and "\n" not in words:
        return words
    return ", ".join(classified) or "see its text"


def texts_of(package: Distribution) -> list[str]:
    """The texts of its licence and notices, in the order of their names."""
    files = [
        each
        for each in package.files or ()
        if ".dist-info/" in str(each) and _NAMES.search(str(each)) and each.suffix not in _CODE
    ]
    texts = [each.read_text(encoding="utf-8") for each in sorted(files, key=str)]
    return ["\n".join(line.rstrip() for line in text.strip().splitlines()) for text in texts]


def source_of(package: Distribution) -> str:
    """Where it comes from."""
    urls: dict[str, str] = dict(
        line.split(", ", 1)
        for line in package.metadata.get_all("Project-URL") or []
        if ", " in line
    )
    known = {name.lower(): url for name, url in urls.items()}
    for name in ("source", "source code", "repository", "github", "homepage"):
        if name in known:
            return known[name]
    return _field(package, "Home-page")


def _field(package: Distribution, name: str) -> str:
    return str(package.metadata[name]) if name in package.metadata else ""


def written() -> str:
    """The whole text. Equal licence texts stand there once, under all that they are of."""
    under: dict[str, list[str]] = {}
    for package in runtime_set():
        name, version = package.metadata["Name"], package.version
        title = f"{name} {version} ({licence_of(package)}), {source_of(package)}"
        text = (
            "\n\n".join(texts_of(package))
            or "(The package brings no text of its licence along; its source has it.)"
        )
        under.setdefault(text, []).append(title)
    parts = [_HEAD]
    for text, titles in under.items():
        parts.append("\n".join([_RULE, *titles, _RULE, "", text, ""]))
    parts.append(f"{_RULE}\n{VENDORED.read_text()}")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Run one of the two commands of the module's docstring."""
    match arguments:
        case []:
            FILE.write_text(written())
            return 0
        case ["check"]:
            current = FILE.read_text() == written()
            print(f"notices: {'as installed' if current else 'out of date: run `make notices`'}")
            return int(not current)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
