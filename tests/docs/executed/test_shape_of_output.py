"""The comparison of what is shown with what is printed: what it lets pass, and what not."""

import pytest

from tests.docs.executed.shape import missing


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("Supabase  direct  1687  164ms", "Supabase direct 12 1.2s\n"),
        ("since 2026-11-26 09:00:00 CET", "since 2027-01-02 03:04:05 UTC"),
        ("a\n…\nd", "a\nb\nc\nd"),
        ("takes 0.162 s; …", "takes 1.2 s; and more"),
        ("direct  74 x broken, 12 x 503", "direct  1 x unanswered"),
        ("gemini  0.6  -  1", "gemini  12.1  57%  1"),
        ("sidecar 0.1.0  ready", "sidecar 1.2.dev3+gabc  ready"),
        ("errors 1.7% (http_5xx 8, other 2)", "errors 0.0%  queue: 1 failed"),
        ("supabase  0.7% closed   57%  1", "supabase  1.1% OPEN 202ms   95%  0"),
        ("\x1b[1mbold\x1b[0m", "bold"),
    ],
)
def test_figures_may_differ(shown, printed):
    assert missing(shown, printed) == []


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("calls  p50", "calls  p95"),
        ("b\na", "a\nb"),
        ("timeouts.total  10s", "timeouts.total"),
        ("error: unknown key", "error: other"),
        ("the breaker is closed", "the breaker is open"),
    ],
)
def test_words_and_order_may_not(shown, printed):
    assert missing(shown, printed) != []


def test_where_order_is_chance_it_is_not_looked_at():
    assert missing("b\na", "a\nb", ordered=False) == []
