"""Opening, deadline and the grace of uploads begun in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mood_platform.challenges.window import check_submit_window, check_upload_window, in_time, takes_until
from mood_platform.errors import StageClosed
from mood_platform.models import Challenge

OPENS, CLOSES = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 9, 7, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def challenge() -> Challenge:
    return Challenge(slug="x", config={}, opens=OPENS, closes=CLOSES, upload_grace_seconds=7200)


def test_nothing_is_taken_before_the_opening(challenge: Challenge) -> None:
    with pytest.raises(StageClosed, match="opens at 2026-05-01T00:00:00Z"):
        check_upload_window([challenge], now=OPENS - SECOND)
    with pytest.raises(StageClosed):
        check_submit_window(challenge, now=OPENS - SECOND, upload_begun_at=OPENS - HOUR)
    check_upload_window([challenge], now=OPENS)


def test_no_upload_begins_at_the_deadline(challenge: Challenge) -> None:
    check_upload_window([challenge], now=CLOSES - SECOND)
    with pytest.raises(StageClosed, match="closed at 2026-09-07T00:00:00Z"):
        check_upload_window([challenge], now=CLOSES)


def test_an_upload_begun_in_time_may_be_submitted_within_the_grace(challenge: Challenge) -> None:
    check_submit_window(challenge, now=CLOSES + 2 * HOUR - SECOND, upload_begun_at=CLOSES - SECOND)


def test_the_grace_ends(challenge: Challenge) -> None:
    with pytest.raises(StageClosed):
        check_submit_window(challenge, now=CLOSES + 2 * HOUR, upload_begun_at=CLOSES - SECOND)


def test_an_upload_begun_late_has_no_grace(challenge: Challenge) -> None:
    assert not in_time(challenge, submitted_at=CLOSES, upload_begun_at=CLOSES)
    assert in_time(challenge, submitted_at=CLOSES - SECOND, upload_begun_at=CLOSES - SECOND)


def test_an_upload_begins_while_any_edition_is_open_and_else_learns_of_the_next_or_the_last(
    challenge: Challenge,
) -> None:
    later = Challenge(
        slug="y", config={}, opens=CLOSES + HOUR, closes=CLOSES + 9 * HOUR, upload_grace_seconds=0
    )
    check_upload_window([later, challenge], now=CLOSES - SECOND)
    check_upload_window([later, challenge], now=CLOSES + HOUR)
    with pytest.raises(StageClosed, match="y opens at 2026-09-07T01:00:00Z"):
        check_upload_window([later, challenge], now=CLOSES)
    with pytest.raises(StageClosed, match="y closed at 2026-09-07T09:00:00Z"):
        check_upload_window([later, challenge], now=CLOSES + 9 * HOUR)
    with pytest.raises(StageClosed, match="no challenge yet"):
        check_upload_window([], now=CLOSES)


def test_an_edition_that_was_stored_without_an_end_in_the_calendar_takes_uploads_to_the_last_day() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    endless = Challenge(slug="x", config={}, opens=OPENS, closes=last, upload_grace_seconds=7200)
    assert takes_until(endless) > last
    assert in_time(endless, submitted_at=CLOSES, upload_begun_at=CLOSES)
