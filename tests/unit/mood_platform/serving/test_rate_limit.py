"""Limits on guessing: a sliding minute per key."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mood_platform.serving import rate_limit
from mood_platform.serving.rate_limit import RateLimit, TooManyRequests


class HandClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def test_the_attempt_after_the_last_allowed_one_is_refused_until_a_minute_has_passed() -> None:
    clock = HandClock()
    limit = RateLimit(per_minute=2, clock=clock)
    limit.count("a")
    clock.seconds = 30
    limit.count("a")
    with pytest.raises(TooManyRequests):
        limit.count("a")
    clock.seconds = 60.5
    limit.count("a")
    with pytest.raises(TooManyRequests):
        limit.count("a")


def test_a_refused_attempt_counts_under_no_key() -> None:
    limit = RateLimit(per_minute=1, clock=HandClock())
    limit.count("full")
    with pytest.raises(TooManyRequests):
        limit.count("other", "full")
    limit.count("other")


def test_keys_differ_by_more_than_case() -> None:
    limit = RateLimit(per_minute=1, clock=HandClock())
    limit.count("account:Ada@example.org")
    with pytest.raises(TooManyRequests):
        limit.count("account:ada@example.org")


def test_made_up_keys_cannot_fill_the_memory() -> None:
    limit = RateLimit(per_minute=1, clock=HandClock())
    for number in range(rate_limit.MOST_KEYS + 2):
        limit._attempts[str(number)] = rate_limit.deque([0.0])
    limit.count("one more")
    assert len(limit._attempts) == 1
