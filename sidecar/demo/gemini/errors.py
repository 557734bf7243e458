"""Errors of the simulated Gemini API, in Google's shape (google.rpc.Status in JSON).

Source: https://cloud.google.com/apis/design/errors and ai.google.dev's troubleshooting page.
"""

from sidecar.demo.gemini.state import Json
from sidecar.faults import gemini as words

_TYPE = "type.googleapis.com/google.rpc."


class GoogleError(Exception):
    """An answer that is not a success: HTTP status, canonical status, message, details."""

    def __init__(
        self, code: int, status: str, message: str, details: list[Json] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.body: Json = words.error(code, status, message, details)


def invalid_argument(message: str, *violations: tuple[str, str]) -> GoogleError:
    """400; each violation is a field and what is wrong with it."""
    fields = [{"field": field, "description": text} for field, text in violations]
    details = [{"@type": _TYPE + "BadRequest", "fieldViolations": fields}] if fields else None
    return GoogleError(400, "INVALID_ARGUMENT", message, details)


def bad_key() -> GoogleError:
    """400 for an API key that is not valid: Google does not answer 401 here."""
    message = "API key not valid. Please pass a valid API key."
    details: list[Json] = [
        {
            "@type": _TYPE + "ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        },
        {"@type": _TYPE + "LocalizedMessage", "locale": "en-US", "message": message},
    ]
    return GoogleError(400, "INVALID_ARGUMENT", message, details)


def no_key() -> GoogleError:
    """403 for a caller without any credential."""
    return GoogleError(
        403,
        "PERMISSION_DENIED",
        "Method doesn't allow unregistered callers (callers without established identity). "
        "Please use API Key or other form of API consumer identity to call this API.",
    )


def bad_token() -> GoogleError:
    """401 for an OAuth token that is not valid."""
    return GoogleError(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential.",
    )


def permission_denied(message: str) -> GoogleError:
    """403: also what Google answers for a file or a cache that does not exist."""
    return GoogleError(403, "PERMISSION_DENIED", message)


def model_not_found(model: str, version: str, verb: str) -> GoogleError:
    """404 for a model that does not exist or cannot do `verb`."""
    return GoogleError(
        404,
        "NOT_FOUND",
        f"models/{model} is not found for API version {version}, or is not supported for {verb}. "
        "Call ListModels to see the list of available models and their supported methods.",
    )


def quota_exceeded(model: str, retry_delay: str = "2s") -> GoogleError:
    """429 with QuotaFailure and RetryInfo, from which clients learn how long to wait."""
    return _worded(words.quota_exceeded(model, retry_delay))


def overloaded() -> GoogleError:
    """503 as Gemini words it under load."""
    return _worded(words.overloaded())


def _worded(body: Json) -> GoogleError:
    error = body["error"]
    return GoogleError(error["code"], error["status"], error["message"], error.get("details"))
