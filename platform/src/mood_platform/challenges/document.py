"""Reads fields of a document of people's making; every error names the file, the field and the remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from mood_platform.errors import Invalid

_DURATION = re.compile(r"(\d+)\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Section:
    """One mapping of the document with its place in it, such as challenge.yaml, `timeline`."""

    file: str
    place: str
    values: Mapping[str, Any]

    def fail(self, field: str, problem: str, remedy: str) -> NoReturn:
        raise Invalid(f"{self.file}, {self._name(field)}: {problem}.", remedy=remedy)

    def allow(self, *fields: str) -> None:
        """Refuse every field that is not in the list: a typo must not become a default."""
        for field in self.values:
            if field not in fields:
                self.fail(str(field), "there is no such field", f"The fields here are {', '.join(fields)}.")

    def section(self, field: str) -> Section:
        value = self._required(field)
        if not isinstance(value, Mapping):
            self.fail(field, "it is not a mapping", f"Write {self._name(field)}: {{name: value, …}}.")
        return Section(self.file, self._name(field), value)

    def text(self, field: str, *, pattern: str, remedy: str) -> str:
        value = self._required(field)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            self.fail(field, f"it is {value!r}", remedy)
        return value

    def count(self, field: str, *, least: int) -> int:
        value = self._required(field)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.fail(field, f"it is {value!r}", f"Give a whole number of at least {least}.")
        return value

    def share(self, field: str) -> float:
        value = self._required(field)
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
        if not 0 <= number <= 1:
            self.fail(field, f"it is {value!r}", "Give a number from 0 to 1.")
        return number

    def names(self, field: str) -> tuple[str, ...]:
        """A list of at least one name."""
        value = self._required(field)
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(name, str) and name for name in value)
        ):
            self.fail(field, f"it is {value!r}", "Give a list of names, such as [test-brain].")
        return tuple(value)

    def moment(self, field: str) -> datetime:
        value = self._required(field)
        if isinstance(value, str):
            value = _from_text(value)
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.fail(field, "it is no point in time with a zone", "Write it like 2026-09-07T23:59:00Z.")
        return value.astimezone(UTC)

    def duration(self, field: str) -> timedelta:
        value = self._required(field)
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            self.fail(field, f"it is {value!r}", "Write a whole number with s, m, h or d, such as 2h.")
        return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])

    def _required(self, field: str) -> Any:
        if field not in self.values:
            self.fail(field, "it is missing", "Add it; infra/demo/challenge.yaml is a whole example.")
        return self.values[field]

    def _name(self, field: str) -> str:
        return f"{self.place}.{field}" if self.place else field


def _from_text(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
