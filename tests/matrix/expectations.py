"""What the application sees, and how many requests reach the upstream: the fault matrix as data.

A cell has two numbers: the requests that reach the upstream when the fault strikes the first
attempt only, and when it strikes all of them. A request after the failed one means that the call
succeeds. `seen` is what the application gets when all attempts fail: `own`, the upstream's answer
as it is; `as JSON`, the same in words that the application can read; `ok`; `200 broken`, an answer
whose end is missing; or the sidecar's status and code. A cell that sees another thing says so. `-`
is no case.
"""

from typing import NamedTuple

from tests.matrix import faults
from tests.matrix.calls import (
    GENERATE,
    GET,
    INSERT,
    KEYED,
    KEYED_INSERT,
    KEYED_SEND,
    LOOK_UP,
    MODELS,
    POST,
    ROWS,
    SEND,
    STREAM,
    Call,
)
from tests.matrix.faults import Fault, cloudflare, delay, frame, gateway, gemini, graph, postgrest

http = faults.http


class Row(NamedTuple):
    """One fault, and what becomes of each call."""

    fault: Fault
    seen: str
    cells: str
    """One for each call of the table, two blanks or more between them."""


class Table(NamedTuple):
    """The faults of one kind."""

    title: str
    calls: tuple[Call, ...]
    rows: tuple[Row, ...]


CONNECTIONS = Table(
    "Connections and broken messages",
    (GET, POST, KEYED, SEND, STREAM),
    (
        Row(faults.REFUSED, "503 connect_error", "1 0  1 0  1 0  1 0  1 0"),
        # A GET goes out once more on a fresh connection, within the same attempt.
        Row(
            faults.STALE,
            "502 upstream_reset",
            "2 4  1 1 502 stale_connection  2 3  1 1 502 stale_connection"
            "  1 1 502 stale_connection",
        ),
        Row(faults.CLOSED, "502 upstream_reset", "2 3  1 1  2 3  1 1  1 1"),
        Row(faults.RESET, "502 upstream_reset", "2 3  1 1  2 3  1 1  1 1"),
        Row(faults.SILENT, "504 first_byte_timeout", "2 3  1 1  2 3  1 1  1 1"),
        Row(faults.SLOW_HEAD, "504 header_timeout", "2 3  1 1  2 3  1 1  1 1"),
        Row(faults.GARBAGE, "502 bad_response", "2 3  1 1  2 3  1 1  1 1"),
        # The answer's head is with the application: nothing can be taken back.
        Row(faults.SHORT, "200 broken", "1 1  1 1  1 1  1 1  1 1"),
        Row(faults.UNENDED, "200 broken", "1 1  1 1  1 1  1 1  1 1"),
        Row(faults.RESET_INSIDE, "200 broken", "1 1  1 1  1 1  1 1  1 1"),
        Row(faults.STALLED, "200 broken", "1 1  1 1  1 1  1 1  1 1"),
        Row(faults.SLOW_BODY, "ok", "1 1  1 1  1 1  1 1  1 1"),
    ),
)

STATUSES = Table(
    "Statuses alone",
    (GET, POST, KEYED, SEND, STREAM),
    (
        Row(http(500), "own", "2 3  1 1  2 3  1 1  1 1"),
        Row(http(502), "own", "2 3  1 1  2 3  1 1  1 1"),
        Row(http(504), "own", "2 3  1 1  2 3  1 1  1 1"),
        Row(http(503), "own", "2 3  1 1  2 3  1 1  1 1"),
        Row(http(500, "1"), "own", "2 3  1 1  2 3  1 1  1 1"),
        Row(http(502, "1"), "own", "2 3  1 1  2 3  1 1  1 1"),
        Row(http(504, "1"), "own", "2 3  1 1  2 3  1 1  1 1"),
        Row(http(503, "1", undone=True), "own", "2 3  2 3  2 3  2 3  2 2"),
        # The pace of a number rests for 1 and 4 seconds: the second does not fit into these calls.
        Row(http(429, undone=True), "own", "2 3  2 3  2 3  2 2  2 3"),
        Row(http(429, "1", undone=True), "own", "2 3  2 3  2 3  2 2  2 3"),
        Row(http(408, undone=True), "own", "2 3  2 3  2 3  2 3  2 3"),
        Row(http(425, undone=True), "own", "2 3  2 3  2 3  2 3  2 3"),
        # A wait that does not fit: the application is told at once.
        Row(http(500, "30"), "own", "1 1  1 1  1 1  1 1  1 1"),
        Row(http(502, "30"), "own", "1 1  1 1  1 1  1 1  1 1"),
        Row(http(504, "30"), "own", "1 1  1 1  1 1  1 1  1 1"),
        Row(http(503, "30", undone=True), "own", "1 1  1 1  1 1  1 1  1 1"),
        Row(http(429, "30", undone=True), "own", "1 1  1 1  1 1  1 1  1 1"),
        Row(http(400), "own", "1 1  1 1  1 1  1 1  1 1"),
        Row(http(401), "own", "1 1  1 1  1 1  1 1  1 1"),
        Row(http(403), "own", "1 1  1 1  1 1  1 1  1 1"),
        Row(http(404), "own", "1 1  1 1  1 1  1 1  1 1"),
        Row(http(409), "own", "1 1  1 1  1 1  1 1  1 1"),
        Row(http(501), "own", "1 1  1 1  1 1  1 1  1 1"),
    ),
)

GRAPH = Table(
    "WhatsApp: `error.code` of the Graph API",
    (LOOK_UP, SEND, KEYED_SEND),
    (
        # The pace of a number rests for 1 and 4 seconds: the second does not fit into these calls.
        *(
            Row(graph(code, undone=True), "own", "2 3  2 2  2 2")
            for code in (4, 17, 32, 341, 613, 80007, 130429, 131057)
        ),
        # Waits of 1 and 4 seconds: the second does not fit into these calls.
        Row(graph(131056, undone=True), "own", "2 2  2 2  2 2"),
        *(
            Row(graph(code, status=500), "own", "2 3  1 1  1 1")
            for code in (1, 2, 131000, 131016, 133004, 131064)
        ),
        Row(graph(999999, transient=True), "own", "2 3  1 1  1 1"),
        *(
            Row(graph(code), "own", "1 1  1 1  1 1")
            for code in (131048, 131049, 133016, 190, 368, 131026, 131047, 100, 200, 132001)
        ),
    ),
)

POSTGREST = Table(
    "Supabase: PostgREST, PostgreSQL and what is before them",
    (ROWS, INSERT, KEYED_INSERT),
    (
        *(
            Row(postgrest(code, 503, undone=True), "own", "2 3  2 3  2 3")
            for code in ("PGRST000", "PGRST002", "PGRST003", "53300", "57P03")
        ),
        *(
            Row(postgrest(code, 500, undone=True), "own", "2 3  2 3  2 3")
            for code in ("40001", "40P01", "55P03")
        ),
        *(
            Row(postgrest(code, status), "own", "2 3  1 1  1 1")
            for code, status in (
                ("PGRST001", 503),
                ("PGRSTX00", 500),
                ("08006", 503),
                ("57P01", 500),
                ("58030", 500),
                ("XX000", 500),
            )
        ),
        *(
            Row(postgrest(code, status), "own", "1 1  1 1  1 1")
            for code, status in (
                ("57014", 500),
                ("PGRST116", 406),
                ("PGRST301", 401),
                ("23505", 409),
                ("42501", 403),
                ("P0001", 400),
            )
        ),
        Row(gateway(540), "own", "1 1  1 1  1 1"),
        Row(gateway(544), "own", "2 3  1 1  1 1"),
        Row(gateway(546), "own", "2 2  1 1  1 1"),
        *(
            Row(cloudflare(status, undone=True), "as JSON", "2 3  2 3  2 3")
            for status in (521, 523, 525, 526, 530)
        ),
        *(
            Row(cloudflare(status), "as JSON", "2 3  1 1  1 1")
            for status in (520, 522, 524, 500, 502, 503, 504)
        ),
    ),
)

GEMINI = Table(
    "Gemini: google.rpc.Status",
    (MODELS, GENERATE, STREAM),
    (
        Row(gemini("429", 429, undone=True), "own", "2 3  2 3  2 3"),
        Row(
            gemini("429, `retryDelay` 0.2s", 429, delay("0.2s"), undone=True),
            "own",
            "2 3  2 3  2 3",
        ),
        Row(
            gemini("429, `retryDelay` 46s", 429, delay("46s"), undone=True), "own", "1 1  1 1  1 1"
        ),
        Row(gemini("429, `retryDelay` 9h54m", 429, delay("35640s")), "own", "1 1  1 1  1 1"),
        Row(
            gemini("429, quota of the day", 429, delay("0.2s"), faults.QUOTA_OF_THE_DAY),
            "own",
            "1 1  1 1  1 1",
        ),
        # Failed calls count against the quota: two attempts at most.
        Row(gemini("503", 503, undone=True), "own", "2 2  2 2  2 2"),
        Row(gemini("500", 500), "own", "2 2  1 1  1 1"),
        Row(gemini("504", 504), "own", "2 3  1 1  1 1"),
        Row(frame("200, first frame 429", 429, undone=True), "own", "-  -  2 3"),
        Row(frame("200, first frame 503", 503, undone=True), "own", "-  -  2 2"),
        Row(frame("200, first frame 500", 500), "own", "-  -  1 1"),
        Row(faults.FIRST_FRAME_CUT, "502 truncated_body", "-  -  1 1"),
        Row(faults.CUT_FRAME, "200 broken", "-  -  1 1"),
    ),
)

TABLES = (CONNECTIONS, STATUSES, GRAPH, POSTGREST, GEMINI)
