"""Checks of google-genai (Python) that upload files, and use, list and delete them."""

import io
import tempfile
from pathlib import Path
from typing import Any

from google import genai
from google.genai import types

from tests.e2e.gemini.genai_checks import MODEL, Check, names

CHUNK = 8 * 1024 * 1024


def _upload(client: genai.Client, content: bytes, name: str) -> Any:
    return client.files.upload(
        file=io.BytesIO(content),
        config=types.UploadFileConfig(mime_type="text/plain", display_name=name),
    )


def _upload_path(client: genai.Client) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "note.txt"
        path.write_text("From a path.")
        return client.files.upload(file=path)


def _ask_about_file(client: genai.Client) -> Any:
    file = next(iter(client.files.list()))
    return client.models.generate_content(model=MODEL, contents=["Summarise", file])


def _download(client: genai.Client) -> Any:
    file = next(iter(client.files.list()))
    return client.files.download(file=file.name).decode()


def _delete(client: genai.Client) -> list[Any]:
    file = next(iter(client.files.list()))
    return [client.files.delete(name=file.name), names(client.files.list())]


UPLOAD_CHECKS: dict[str, Check] = {
    "upload: small": lambda c: _upload(c, b"Hello, file.", "small"),
    "upload: in three chunks": lambda c: _upload(c, b"0123456789abcdef" * (CHUNK // 7), "big"),
    "upload: path": _upload_path,
    "files: list": lambda c: names(c.files.list()),
    "files: list in pages": lambda c: names(c.files.list(config={"page_size": 1})),
    "files: get": lambda c: c.files.get(name=names(c.files.list())[0]),
    "files: in a prompt": _ask_about_file,
    "files: download": _download,
    "files: delete": _delete,
}
"""Checks that need the upload's URL, which the API hands out as an absolute one."""
