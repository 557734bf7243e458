"""Which URLs in answers are made to lead back through the sidecar.

Knows how it is written; where a URL leads is decided in `core/returned_urls.py`. Field docstrings
are the reference.
"""

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.header_name import HeaderName
from sidecar.config.strict import STRICT
from sidecar.config.values import Name, Url

URL_PATH_PATTERN = r"""\$(\.[A-Za-z_][\w-]*|\[\d{1,6}\]|\[\*\]|\["[^"]+"\]|\['[^']+'\])+"""
_PATH = re.compile(URL_PATH_PATTERN)


def url_path(value: object) -> str:
    """A JSON path as it is: `$.url`, `$.data[*].url`, `$["paging"].next`.

    Raises:
        PydanticCustomError: it is none, or names nothing.
    """
    if isinstance(value, str) and _PATH.fullmatch(value):
        return value
    raise PydanticCustomError(
        "json_path", "expected a JSON path such as $.paging.next or $.data[*].url"
    )


UrlPath = Annotated[
    str,
    BeforeValidator(url_path),
    WithJsonSchema({"type": "string", "pattern": f"^{URL_PATH_PATTERN}$"}),
]


@dataclass(frozen=True, slots=True)
class ReturnedUrls:
    """Where the provider's answers hold URLs that the application will call.

    Those at a configured upstream are made to lead through the sidecar, the way that the
    application came. See docs/returned-urls.md.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    headers: tuple[HeaderName, ...] = ("Location", "Content-Location")
    """Header fields of answers. In `Link`, what stands between `<` and `>`. `[]` for none."""
    json: tuple[UrlPath, ...] = ()
    """JSON paths of texts in the bodies of 2xx answers: `$.url`, `$.data[*].url`. Bodies of up to
    1 MiB are held back until they are complete; all but the URLs stays as it is, to the byte.
    Relative URLs stay as well."""
    origins: tuple[Url, ...] = ()
    """Other addresses that the provider gives to this upstream in its answers, such as
    `https://graph.facebook.com` where `url` is a gateway. Read at the upstream only."""
    redirects_to: tuple[Name, ...] = ()
    """Other upstreams that a redirect (3xx) may lead to through the sidecar. The application then
    follows it with the credentials of its first call, because both have the sidecar's address.
    Without this, a redirect to another upstream stays as it is."""
