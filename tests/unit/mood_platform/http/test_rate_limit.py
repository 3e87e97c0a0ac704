"""Limits on guessing: a sliding minute per key."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from starlette.requests import Request

from mood_platform.http import rate_limit
from mood_platform.http.dependencies import caller_of
from mood_platform.http.rate_limit import CROWD, RateLimit, TooManyRequests


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
    limit.count("here", "a")
    clock.seconds = 30
    limit.count("here", "a")
    with pytest.raises(TooManyRequests):
        limit.count("here", "a")
    clock.seconds = 60.5
    limit.count("here", "a")
    with pytest.raises(TooManyRequests):
        limit.count("here", "a")


def test_a_stranger_who_guesses_at_an_account_does_not_lock_its_owner_out() -> None:
    limit = RateLimit(per_minute=2, clock=HandClock())
    for _ in range(2):
        limit.count("stranger", "ada@example.org")
    with pytest.raises(TooManyRequests):
        limit.count("stranger", "ada@example.org")
    limit.count("ada's machine", "ada@example.org")


def test_one_caller_gets_through_many_accounts_a_few_times_as_often_and_no_more() -> None:
    limit = RateLimit(per_minute=2, clock=HandClock())
    for number in range(2 * CROWD):
        limit.count("stranger", f"account {number}")
    with pytest.raises(TooManyRequests):
        limit.count("stranger", "one more account")
    limit.count("somebody else", "one more account")


def test_a_refused_attempt_counts_nowhere() -> None:
    limit = RateLimit(per_minute=1, clock=HandClock())
    limit.count("here", "full")
    for _ in range(2 * CROWD):
        with pytest.raises(TooManyRequests):
            limit.count("here", "full")
    limit.count("here", "other")


def test_the_same_account_in_other_letters_is_the_same() -> None:
    limit = RateLimit(per_minute=1, clock=HandClock())
    limit.count("here", "Ada@example.org")
    with pytest.raises(TooManyRequests):
        limit.count("here", "ada@example.org")


def test_made_up_keys_cannot_fill_the_memory() -> None:
    limit = RateLimit(per_minute=1, clock=HandClock())
    for number in range(rate_limit.MOST_KEYS + 2):
        limit._attempts[str(number)] = rate_limit.deque([0.0])
    limit.count("here", "one more")
    assert len(limit._attempts) == 2


def test_callers_of_one_ipv6_network_are_one_caller() -> None:
    def caller(host: str) -> str:
        return caller_of(Request({"type": "http", "client": (host, 1)}))

    assert caller("2001:db8::1") == caller("2001:db8::ffff:1") != caller("2001:db8:0:1::1")
    assert caller("192.0.2.1") == caller("::ffff:192.0.2.1") != caller("::ffff:192.0.2.2")
