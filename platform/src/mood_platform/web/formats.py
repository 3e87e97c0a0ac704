"""How pages write numbers, sizes, durations and times; a missing value is an en dash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

from markupsafe import Markup, escape

from mood_evaluator import Dataset
from mood_platform.characters import plain
from mood_platform.execution.case_log import shorten

ValueT = TypeVar("ValueT")
MISSING = "\N{EN DASH}"
LOG_ON_A_PAGE = 64 * 2**10
"""Bytes of one log; a browser should not have to lay out megabytes."""
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def format_ap(value: float | None) -> str:
    """0.8000: the four decimals that are published and ranked."""
    return MISSING if value is None else f"{value:.4f}"


def format_interval(pair: list[float] | tuple[float, float] | None) -> str:
    return MISSING if pair is None else f"{pair[0]:.4f}{MISSING}{pair[1]:.4f}"


def format_places(pair: list[int] | tuple[int, int] | None) -> str:
    """`2`, or a range of ranks from best to worst."""
    if pair is None:
        return MISSING
    low, high = (round(place) for place in pair)
    return str(low) if low == high else f"{low}{MISSING}{high}"


def format_percent(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.0f} %"


def format_bytes(size: float | None) -> str:
    """12.3 MiB"""
    if size is None:
        return MISSING
    power = 0
    while size >= 1024 and power < len(_UNITS) - 1:
        size, power = size / 1024, power + 1
    return f"{size:.0f} {_UNITS[power]}" if size == int(size) or power == 0 else f"{size:.1f} {_UNITS[power]}"


def format_seconds(seconds: float | None) -> str:
    """0.8 s, 41 s, 1 min 23 s, 2 h 5 min"""
    if seconds is None:
        return MISSING
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def format_moment(moment: datetime | None) -> str:
    """2026-09-01 23:59 UTC: always absolute, always with the zone."""
    return MISSING if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def format_distance(moment: datetime, now: datetime) -> str:
    """`in 3 days`, `2 hours ago`"""
    seconds = (moment - now).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(abs(seconds) // length)
        if count:
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "in less than a minute" if seconds > 0 else "just now"


def in_order(of_datasets: Mapping[Dataset, ValueT]) -> list[tuple[Dataset, ValueT]]:
    """Items by Dataset, in the order that a Dataset has everywhere."""
    return sorted(of_datasets.items(), key=lambda item: item[0].order)


def format_sentence(words: str) -> str:
    """Ends with one full stop, whoever wrote it."""
    return words if words.endswith((".", "!", "?")) else f"{words}."


def format_prose(sentence: str) -> Markup:
    """Escaped; what stands in backticks is set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(plain(sentence)))))  # noqa: S704 - escaped just before


def format_excerpt(log: str) -> str:
    """A log as far as a page shows it: its first and last part."""
    return shorten(log, limit=LOG_ON_A_PAGE, why="`mood report` has more of it")
