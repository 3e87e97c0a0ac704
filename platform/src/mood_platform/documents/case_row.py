"""A case in the toy report and in the report of `mood test`, and what looks wrong with the cases of a set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mood_evaluator import Dataset
from mood_platform.documents.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow(Stored):
    """`text` and `fault` say why it failed; `usage` (mood-usage/1) is missing in older reports."""

    case: str
    outcome: str
    text: str
    fault: str | None = None
    flags: tuple[str, ...]
    score: float | None
    ap: float | None
    seconds: float | None
    limit_seconds: float
    exit_code: int | None = None
    usage: Mapping[str, Any] | None = None
    log: str = ""

    @property
    def cpu_seconds(self) -> float | None:
        """None where it could not be measured, or by an older platform."""
        return (self.usage or {}).get("cpu_seconds")

    @property
    def memory_peak(self) -> int | None:
        """Bytes; None as above."""
        return (self.usage or {}).get("memory_peak")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWarning(Stored):
    """What works but looks wrong, with the cases that it is about."""

    code: str
    text: str
    dataset: Dataset
    cases: tuple[str, ...]
