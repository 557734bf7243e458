"""JSON in the shape of the admin API's contract, with numbers that a test can recognise."""

NAMES = ("supabase", "whatsapp", "gemini")
POINTS = 60
CLASSES = ("timeout", "connect", "breaker", "http_429", "http_5xx", "client_left", "other")
WAITS = ("pool", "held", "paced", "queued", "backoff")


def series(index, failing):
    wave = [abs((step * (index + 3)) % 17 - 8) / 4 for step in range(POINTS)]
    return {
        "step": 5.0,
        "rate": [3 + index + each for each in wave],
        "errors": [
            2 + int(each) if failing and step >= 48 else 0 for step, each in enumerate(wave)
        ],
        "p95": [None if step < 5 else 0.12 + each / 20 for step, each in enumerate(wave)],
    }


def quantiles(*values, known=True):
    names = ("p50", "p95", "p99")
    return dict(zip(names, values, strict=True)) if known else dict.fromkeys(names)


def figures(index=0, *, calls=120, errors=None, seconds=0.2, tokens=None, shown=True):
    some = calls > 0
    cached = some and index == 0
    failed = sum((errors or {}).values())
    return {
        "calls": calls,
        "rate": calls / 60,
        "errors": {
            "count": failed,
            "ratio": failed / calls if calls else 0.0,
            "classes": {**dict.fromkeys(CLASSES, 0), **(errors or {})},
        },
        "latency": quantiles(seconds, seconds * 3.1, seconds * 5.7, known=some),
        "upstream": quantiles(seconds * 0.8, seconds * 2.4, seconds * 4.9, known=some),
        "overhead": quantiles(0.00041, 0.0009, 0.0021, known=some),
        "cache": {
            "hits": 80 * cached,
            "misses": 20 * cached,
            "stale": 1 * cached,
            "ratio": 0.8 if cached else None,
            "seconds_saved": 12.5 * cached,
        },
        "retries": {
            "repeated": 4 * some,
            "rescued": 3 * some,
            "wasted": 1 * some,
            "amplification": 1.04 if some else None,
        },
        "tokens": tokens,
        "bytes": {"up": 12_345 * (index + 1), "down": 6_789_012 * (index + 1)},
        **({"series": series(index, failed)} if shown else {}),
    }


def upstream(name, index, breakers, *, calls=120, **more):
    urls = {
        "supabase": "https://xyzcompany.supabase.co",
        "whatsapp": "https://graph.facebook.com",
        "gemini": "https://generativelanguage.googleapis.com",
    }
    return {
        "name": name,
        "url": urls.get(name, f"https://{index}.example.com"),
        **figures(index, calls=calls, **more),
        "inflight": index + 1 if calls else 0,
        "breakers": breakers,
        "pool": {"open": 4, "idle": 3, "waiting": 0, "max": 100},
        "limit": {"inflight": 3, "limit": 40, "waiting": 2 if index == 2 else 0} if index else None,
        "paces": [{"name": "messages", "waiting": 7}] if index == 1 else [],
        "routes": [
            {
                "name": "default",
                **figures(index, calls=calls, shown=False),
                "overhead": quantiles(known=False),
            }
        ],
    }


def attempt(number, began, ended, status=200, error=None, dial=None):
    return {
        "number": number,
        "began": began,
        "ended": ended,
        "status": status,
        "error": error,
        "reused": dial is None,
        "dial": dial or 0.0,
    }


def waits(**seconds):
    return {**dict.fromkeys(WAITS, 0.0), **seconds}


MODELS = "/v1beta/models"
KINDS = (
    {
        "route": "conversations",
        "target": "/rest/v1/conversations?select=*&account_id=eq.7",
    },
    {
        "route": "messages",
        "target": "/rest/v1/messages?conversation_id=eq.12&order=timestamp.desc",
        "source": "cache",
        "cache": "hit",
        "duration": 0.0006,
        "first_byte": 0.0005,
        "attempts": [],
        "attempts_made": 0,
    },
    {
        "upstream": "whatsapp",
        "route": "messages",
        "method": "POST",
        "target": "/v26.0/1029384756/messages",
        "duration": 0.41,
        "first_byte": 0.4,
        "waits": waits(paced=0.09, queued=0.03),
        "attempts": [attempt(1, 0.1203, 0.4)],
    },
    {
        "upstream": "gemini",
        "route": "generate",
        "method": "POST",
        "target": f"{MODELS}/gemini-2.5-flash:streamGenerateContent?alt=sse&key=***",
        "duration": 1.9,
        "first_byte": 0.7,
        "attempts_made": 2,
        "waits": waits(backoff=0.2),
        "attempts": [attempt(1, 0.0003, 0.15, 503), attempt(2, 0.35, 1.9, dial=0.04)],
    },
    {"target": "/auth/v1/user", "duration": 0.08, "first_byte": 0.079},
    {
        "upstream": "gemini",
        "route": "generate",
        "method": "POST",
        "target": f"{MODELS}/gemini-2.5-pro:generateContent?key=***",
        "duration": 0.9,
        "first_byte": None,
        "status": 503,
        "error": "upstream_timeout",
        "source": "sidecar",
        "attempts": [attempt(1, 0.0003, 0.9, None, "upstream_timeout")],
    },
)


def exchange(seq, at, **more):
    usual = {
        "seq": seq,
        "id": f"{seq:032x}",
        "at": at,
        "upstream": "supabase",
        "route": "default",
        "method": "GET",
        "status": 200,
        "error": None,
        "source": "upstream",
        "attempts_made": 1,
        "duration": 0.213,
        "first_byte": 0.2,
        "overhead": 0.0004,
        "reused": True,
        "bytes_up": 0,
        "bytes_down": 512,
        "client_left": False,
        "cache": None,
        "waits": waits(),
        "attempts": [attempt(1, 0.0003, 0.2)],
    }
    return {**usual, **KINDS[seq % len(KINDS)], **more}


def row(name, label, value, unit, how, *, estimate=False):
    return {
        "name": name,
        "label": label,
        "value": value,
        "unit": unit,
        "how": how,
        "estimate": estimate,
    }


REPORT = {
    "since": 1_790_000_000.0,
    "rows": [
        row("errors_absorbed", "Errors that were not seen", 3, "calls", "rescued by a retry"),
        row("seconds_saved", "Waiting saved", 12.5, "seconds", "for each hit", estimate=True),
        row("tokens_not_bought", "Tokens not bought", 4200, "tokens", "of hits", estimate=True),
        row("hit_ratio", "Found in the cache", 0.8, "ratio", "<b>hits</b> / (hits + misses)"),
    ],
}
