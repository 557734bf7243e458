"""What MkDocs calls while it builds the site (`hooks:` in mkdocs.yml); decides nothing itself."""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

from scripts.site import commands, outside, settings

GENERATED = {
    "cli.md": ("commands", commands.reference),
    "reference.md": ("settings", settings.reference),
}
"""Pages with a place, marked by a comment, for what is made from the program."""


def on_files(files: Files, *, config: Any) -> Files:
    """Add the files outside docs/ that the pages link to."""
    documents = {
        outside.file_of(file.src_uri): Path(file.abs_src_path or "").read_text()
        for file in files
        if file.src_uri.endswith(".md")
    }
    for each in outside.needed(documents):
        files.append(_file(each, config))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Files) -> str:
    """Make links lead to pages, and put in what is generated."""
    del config, files
    uri = page.file.src_uri
    if uri in GENERATED:
        place, make = GENERATED[uri]
        marker = f"<!-- generated: {place} -->"
        if marker not in markdown:
            raise ValueError(f"no {marker} in {uri}")
        markdown = markdown.replace(marker, make())
    return outside.for_site(markdown, outside.file_of(uri))


def _file(each: outside.Outside, config: Any) -> File:
    listed = each.path in outside.ROOTS
    inclusion = InclusionLevel.INCLUDED if listed else InclusionLevel.NOT_IN_NAV
    if each.is_picture:
        place = str(outside.ROOT / each.path)
        return File.generated(config, each.page, abs_src_path=place, inclusion=inclusion)
    return File.generated(config, each.page, content=each.text(), inclusion=inclusion)
