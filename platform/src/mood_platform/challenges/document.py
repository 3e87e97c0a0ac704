"""Reads fields of a document of people's making; every mistake names the file, the field and the remedy.

A mistake is noted and a stand-in returned, so that one reading finds all of them; whoever made the document
reads them together (`Mistakes.require_none`), and no stand-in gets any further.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mood_platform.accounts.names import LONGEST_NAME, checked_name
from mood_platform.accounts.reasons import checked_words
from mood_platform.challenges.mistakes import Mistakes
from mood_platform.errors import Invalid

_DURATION = re.compile(r"(\d{1,10})\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)[T ]24:00(:00)?.*")
NEVER = datetime(1, 1, 1, tzinfo=UTC)
FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MOMENT = datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Whatever is added to it later has a place in the calendar."""
LONGEST_DURATION = timedelta(days=366)
LARGEST_COUNT = 1_000_000


@dataclass(frozen=True, slots=True)
class Section:
    """One mapping of the document with its place in it, such as challenge.yaml, `timeline`."""

    mistakes: Mistakes
    place: str
    values: Mapping[str, Any]

    @property
    def absent(self) -> bool:
        """It is missing, or no mapping; that was noted, and nothing below it is."""
        return isinstance(self.values, _Nothing)

    def fail(self, field: str, problem: str, remedy: str, *, new_rule: bool = False) -> None:
        self.mistakes.add(self._name(field), problem, remedy, new_rule=new_rule)

    def failed(self, *fields: str) -> bool:
        """Whether one of these fields has a mistake already."""
        return self.mistakes.are_in(self._name(field) for field in fields)

    def allow(self, *fields: str) -> None:
        """Refuse every field that is not in the list: a typo must not become a default."""
        for field in self.values:
            if field not in fields:
                self.fail(str(field), "there is no such field", f"The fields here are {', '.join(fields)}.")

    def refuse(self, field: str, why: str) -> None:
        """A field that could have no effect."""
        if field in self.values:
            self.fail(field, why, "Leave it out.")

    def section(self, field: str) -> Section:
        value = self._required(field)
        if value is not None and not isinstance(value, Mapping):
            self.fail(field, "it is not a mapping", f"Write {self._name(field)}: {{name: value, …}}.")
        usable = value if isinstance(value, Mapping) else _Nothing()
        return Section(self.mistakes, self._name(field), usable)

    def text(self, field: str, *, pattern: str, remedy: str) -> str:
        value = self._required(field)
        if value is None or (isinstance(value, str) and re.fullmatch(pattern, value)):
            return value or ""
        self.fail(field, f"it is {value!r}", remedy)
        return ""

    def line(self, field: str, *, longest: int) -> str:
        """Words of people, by the one rule for reasons."""
        remedy = f"Write one line of at most {longest} visible characters."
        text = self.text(field, pattern=rf"\S.{{0,{longest - 1}}}", remedy=remedy)
        return self._visible(field, text, checked_words) if text else ""

    def name(self, field: str) -> str:
        """By the one rule for names of people."""
        remedy = f"Write one line of at most {LONGEST_NAME} visible characters."
        text = self.text(field, pattern=r"(?s).{1,120}", remedy=remedy)
        return self._visible(field, text, checked_name) if text else ""

    def _visible(self, field: str, text: str, check: Callable[[str, str], str]) -> str:
        """As it came where a reader could not see it."""
        problem, remedy = "nothing can be seen in it", "Write words."
        try:
            if clean := check(field, text):
                return clean
        except Invalid as error:
            problem, remedy = f"it is {text!r}", error.remedy
        self.fail(field, problem, remedy, new_rule=True)
        return text

    def count(self, field: str, *, least: int) -> int:
        value = self._required(field)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            self.fail(field, f"it is {value!r}", f"Give a whole number of at least {least}.")
            return least
        if value is not None and value > LARGEST_COUNT:
            self.fail(field, f"it is {value}", f"Give at most {LARGEST_COUNT}.", new_rule=True)
        return least if value is None else min(value, LARGEST_COUNT)

    def flag(self, field: str) -> bool:
        value = self._required(field)
        if value is not None and not isinstance(value, bool):
            self.fail(field, f"it is {value!r}", "Write true or false.")
        return value is True

    def share(self, field: str) -> float:
        value = self._required(field)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (number and 0 <= value <= 1):
            self.fail(field, f"it is {value!r}", "Give a number from 0 to 1.")
            return 0.0
        return float(value or 0)

    def names(self, field: str) -> tuple[str, ...]:
        """A list of at least one name."""
        value = self._required(field)
        if value is None:
            return ()
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
            self.fail(field, f"it is {value!r}", "Give a list of names, such as [test-brain].")
            return ()
        return tuple(self._visible(field, one, checked_name) for one in value)

    def moment(self, field: str) -> datetime:
        value = self._required(field)
        found = _from_text(value) if isinstance(value, str) else value
        if isinstance(found, datetime) and found.tzinfo is not None:
            return self._in_calendar(field, found)
        if value is not None:
            midnight = _MIDNIGHT.fullmatch(str(value))
            remedy = "Write it like 2026-09-07T23:59:00Z."
            if midnight:
                remedy = f"A day ends at 23:59:59; for {midnight[1]} 24:00 write 00:00:00Z of the next day."
            self.fail(field, f"{str(value)!r} is no point in time with a zone", remedy)
        return NEVER

    def duration(self, field: str) -> timedelta:
        value = self._required(field)
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is not None:
            return self._short(field, int(match[1]) * _SECONDS[match[2]])
        if value is not None:
            self.fail(field, f"it is {value!r}", "Write a whole number with s, m, h or d, such as 2h.")
        return timedelta(0)

    def _in_calendar(self, field: str, moment: datetime) -> datetime:
        near = min(max(moment, FIRST_MOMENT), LAST_MOMENT)
        if near != moment:
            years = f"it is outside the years {FIRST_MOMENT.year} to {LAST_MOMENT.year}"
            self.fail(field, years, "Write it like 2026-09-07T23:59:00Z.", new_rule=True)
        return near.astimezone(UTC)

    def _short(self, field: str, seconds: int) -> timedelta:
        most = int(LONGEST_DURATION.total_seconds())
        if seconds > most:
            remedy = f"Give at most {LONGEST_DURATION.days}d."
            self.fail(field, f"it is {seconds} s", remedy, new_rule=True)
        return timedelta(seconds=min(seconds, most))

    def _required(self, field: str) -> Any:
        """None where it is missing, which is noted; below a section that is missing itself nothing is."""
        value = self.values.get(field)
        if value is None and not self.absent:
            self.fail(field, "it is missing", "Add it; `mood admin example` prints a whole one.")
        return value

    def _name(self, field: str) -> str:
        return f"{self.place}.{field}" if self.place else field


class _Nothing(dict[str, Any]):
    """The values of a section that is not there."""


def _from_text(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
