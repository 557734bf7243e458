"""PostgREST's errors: its own codes (PGRST…) and PostgreSQL's SQLSTATE, each with its status. Pure.

Source: docs.postgrest.org, "Errors".
"""

from typing import Any

from sidecar.faults import supabase as words

_STATUS = {
    "21000": 400,
    "22P02": 400,
    "22023": 400,
    "23502": 400,
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "42501": 403,
    "42703": 400,
    "42804": 400,
    "42883": 404,
    "42P01": 404,
    "P0001": 400,
    "57014": 500,
    "PGRST100": 400,
    "PGRST101": 405,
    "PGRST102": 400,
    "PGRST103": 416,
    "PGRST106": 406,
    "PGRST107": 406,
    "PGRST116": 406,
    "PGRST117": 405,
    "PGRST122": 400,
    "PGRST123": 400,
    "PGRST125": 404,
    "PGRST200": 400,
    "PGRST202": 404,
    "PGRST204": 400,
    "PGRST205": 404,
    "PGRST301": 401,
    "PGRST303": 401,
}
_CLASSES = {"08": 503, "22": 400, "23": 400, "28": 403, "40": 500, "53": 503, "57": 500}


class PostgrestError(Exception):
    """A request that PostgREST, or the database behind it, refuses."""

    def __init__(
        self, code: str, message: str, *, details: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint

    @property
    def status(self) -> int:
        """The HTTP status that the code maps to."""
        return _STATUS.get(self.code) or _CLASSES.get(self.code[:2], 400)

    @property
    def body(self) -> dict[str, Any]:
        """What clients parse."""
        return words.postgrest(self.code, self.message, details=self.details, hint=self.hint)


def unparsable(what: str, text: str, expected: str) -> PostgrestError:
    """A part of the query string that does not follow the grammar."""
    return PostgrestError(
        "PGRST100", f'"failed to parse {what} ({text})" (line 1, column 1)', details=expected
    )


def not_single(count: int) -> PostgrestError:
    """One object was asked for, and `count` rows are there."""
    return PostgrestError(
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        details=f"The result contains {count} rows",
    )
