"""The clock by which teams are told of hidden cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mood_platform.runs.telling import EVERY, last_tick, next_tick, told_at


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-12-01T{text}+00:00")


@pytest.mark.parametrize(
    ("now", "last", "told"),
    [
        ("12:00:00", "12:00:00", "12:00:00"),
        ("12:00:00.000001", "12:00:00", "12:10:00"),
        ("12:09:59.999", "12:00:00", "12:10:00"),
        ("12:10:00", "12:10:00", "12:10:00"),
        ("23:55:00", "23:50:00", "23:59:59.999999"),
    ],
)
def test_it_strikes_at_every_full_ten_minutes(now: str, last: str, told: str) -> None:
    midnight = told.startswith("23:59")
    expected = at(told) + timedelta(microseconds=1) if midnight else at(told)
    assert (last_tick(at(now)), told_at(at(now))) == (at(last), expected)
    assert next_tick(at(now)) == at(last) + EVERY


def test_it_follows_utc_wherever_the_database_says_it_is() -> None:
    moment = at("12:03:00")
    elsewhere = moment.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert told_at(elsewhere).astimezone(UTC) == at("12:10:00")
