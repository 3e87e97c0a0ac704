"""How pages write numbers and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mood_platform.web.formats import (
    LOG_ON_A_PAGE,
    MISSING,
    format_ap,
    format_bytes,
    format_distance,
    format_excerpt,
    format_interval,
    format_moment,
    format_percent,
    format_places,
    format_prose,
    format_seconds,
    format_sentence,
)

NOW = datetime(2026, 9, 1, 21, 59, tzinfo=UTC)


def test_ap_has_the_four_decimals_that_are_ranked() -> None:
    assert [format_ap(value) for value in (0.8, 1.0, 0.12345)] == ["0.8000", "1.0000", "0.1235"]
    assert format_ap(None) == MISSING
    assert format_interval([0.5, 0.75]) == f"0.5000{MISSING}0.7500"
    assert format_interval(None) == MISSING


def test_places_are_one_number_or_a_range() -> None:
    assert [format_places(pair) for pair in ([2, 2], [1, 3], None)] == ["2", f"1{MISSING}3", MISSING]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, MISSING),
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (41.3, "41 s"),
        (59.6, "1 min"),
        (83, "1 min 23 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (2**30, "1 GiB"), (1.5 * 2**20, "1.5 MiB"), (2**50, "1024 TiB")],
)
def test_sizes(size: float, text: str) -> None:
    assert format_bytes(size) == text


def test_times_name_their_zone() -> None:
    assert format_moment(NOW) == "2026-09-01 21:59 UTC"
    assert format_moment(None) == MISSING


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (timedelta(days=3, hours=2), "in 3 days"),
        (timedelta(hours=1), "in 1 hour"),
        (timedelta(seconds=20), "in less than a minute"),
        (timedelta(minutes=-90), "1 hour ago"),
        (timedelta(seconds=-5), "just now"),
    ],
)
def test_distances(ahead: timedelta, text: str) -> None:
    assert format_distance(NOW + ahead, NOW) == text


def test_shares_are_whole_percents() -> None:
    assert (format_percent(0.256), format_percent(None)) == ("26 %", MISSING)


def test_sentences_are_escaped_and_commands_set_as_code() -> None:
    assert format_prose("Run `mood <b>` & see") == "Run <code>mood &lt;b&gt;</code> &amp; see"


def test_a_sentence_ends_with_one_full_stop_whoever_wrote_it() -> None:
    assert [format_sentence(words) for words in ("Late", "Late.", "Late!")] == ["Late.", "Late.", "Late!"]


def test_a_page_shows_both_ends_of_a_long_log_and_where_the_rest_is() -> None:
    log = "".join(f"line {number}\n" for number in range(20_000))
    shown = format_excerpt(log)
    assert (shown.splitlines()[0], shown.splitlines()[-1]) == ("line 0", "line 19999")
    assert "`mood report` has more of it" in shown
    assert len(shown) <= LOG_ON_A_PAGE
    assert format_excerpt("short\n") == "short\n"
