"""How Supabase words its errors: PostgREST, its Storage, and Cloudflare in front of all. Pure.

Sources: docs.postgrest.org, "Errors"; supabase.com/docs, "HTTP status codes";
developers.cloudflare.com, "Cloudflare 5xx errors".
"""

from sidecar.faults.kinds import Fault, Json, Reply, always, compact, reply

JWT_EXPIRED = "JWT expired"
_JSON = b"application/json; charset=utf-8"
_RAY = b"8f1e2d3c4b5a6978"
_EDGE = (b"Server: cloudflare", b"CF-RAY: " + _RAY + b"-FRA", b"CF-Cache-Status: DYNAMIC")
_PAGE = """\
<!DOCTYPE html>
<html class="no-js" lang="en-US">
<head>
<title>project.supabase.co | {status}: {title}</title>
<meta charset="UTF-8" />
<meta name="robots" content="noindex, nofollow" />
<link rel="stylesheet" id="cf_styles-css" href="/cdn-cgi/styles/main.css" />
</head>
<body>
<div id="cf-wrapper">
<div id="cf-error-details" class="p-0">
<header class="mx-auto pt-10 lg:pt-6 lg:px-8 w-240 lg:w-full mb-8">
<h1 class="inline-block sm:block sm:mb-2 font-light text-60 lg:text-4xl text-black-dark">
<span class="inline-block">{title}</span>
<span class="code-label">Error code {status}</span>
</h1>
<div>Visit <a href="https://www.cloudflare.com/5xx-error-landing">cloudflare.com</a> \
for more information.</div>
</header>
<div class="w-240 lg:w-full mx-auto">
<h2 class="text-3xl font-normal leading-1.3 mb-4">What happened?</h2>
<p>{text}</p>
</div>
<div class="cf-error-footer">
<span class="cf-footer-item sm:block sm:mb-1">Cloudflare Ray ID: \
<strong class="font-semibold">{ray}</strong></span>
</div>
</div>
</div>
</body>
</html>
"""


def postgrest(
    code: str, message: str, *, details: str | None = None, hint: str | None = None
) -> Json:
    """The body of an error of PostgREST's, or of the database behind it."""
    return {"code": code, "details": details, "hint": hint, "message": message}


def postgrest_headers(status: int, code: str, message: str) -> dict[str, str]:
    """What PostgREST adds to an error's head."""
    headers = {"Proxy-Status": f"PostgREST; error={code}"}
    if status == 401:
        headers["WWW-Authenticate"] = f'Bearer error="invalid_token", error_description="{message}"'
    return headers


def refused(status: int, reason: bytes, code: str, message: str) -> Reply:
    """An error of PostgREST's as an answer."""
    lines = [
        f"{name}: {value}".encode()
        for name, value in postgrest_headers(status, code, message).items()
    ]
    return reply(status, reason, _JSON, compact(postgrest(code, message)), *_EDGE, *lines)


def page(status: int, title: str, text: str) -> Reply:
    """What Cloudflare answers in place of the project: a page in HTML."""
    body = _PAGE.format(status=status, title=title, text=text, ray=_RAY.decode()).encode()
    own = b"Cache-Control: private, max-age=0, no-store, no-cache, must-revalidate"
    return reply(status, b"", b"text/html; charset=UTF-8", body, own, *_EDGE[:2])


def timed_out() -> Reply:
    """544 as Supabase Storage words it when its database does not answer in time."""
    text = "The connection to the database timed out"
    body = {"statusCode": "544", "error": "DatabaseTimeout", "message": text}
    return reply(544, b"", _JSON, compact(body), *_EDGE)


_CLOUDFLARE = "developers.cloudflare.com, Cloudflare 5xx errors"
_POSTGREST = "docs.postgrest.org, Errors"

FAULTS = (
    Fault(
        "supabase.522_html",
        "Cloudflare's page 522: no connection to the project, or no answer on it",
        _CLOUDFLARE,
        always(
            page(
                522,
                "Connection timed out",
                "The initial connection between Cloudflare's network and the origin web server "
                "timed out. As a result, the web page can not be displayed.",
            )
        ),
    ),
    Fault(
        "supabase.521_html",
        "Cloudflare's page 521: the project refuses connections",
        _CLOUDFLARE,
        always(
            page(
                521,
                "Web server is down",
                "The web server is not returning a connection. As a result, the web page is not "
                "displaying.",
            )
        ),
    ),
    Fault(
        "supabase.544_timeout",
        "544 the database did not answer in time",
        "supabase.com/docs, HTTP status codes; orgs/supabase/discussions/53476",
        always(timed_out()),
    ),
    Fault(
        "supabase.57014",
        "500 the statement timeout cancelled the query",
        f"{_POSTGREST}; PostgreSQL, appendix A",
        always(
            refused(
                500,
                b"Internal Server Error",
                "57014",
                "canceling statement due to statement timeout",
            )
        ),
    ),
    Fault(
        "supabase.PGRST003",
        "504 no connection of PostgREST's pool came free",
        _POSTGREST,
        always(
            refused(
                504,
                b"Gateway Timeout",
                "PGRST003",
                "Timed out acquiring connection from connection pool.",
            )
        ),
    ),
    Fault(
        "supabase.401_jwt_expired",
        "401 the user's token has expired",
        _POSTGREST,
        always(refused(401, b"Unauthorized", "PGRST303", JWT_EXPIRED)),
    ),
)
