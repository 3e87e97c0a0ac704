"""The toy report (mood-toy-report/1): all that happened on the public toy cases, log included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mood_evaluator import Dataset, Task
from mood_platform.documents.case_row import CaseRow, CaseWarning
from mood_platform.documents.stored import Sealed, Stored

SCHEMA = "mood-toy-report/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedSubmission(Stored):
    number: int
    name: str
    task: Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ToySet(Stored):
    """`constant`, what one score for everything gets, is missing in older reports."""

    test_set: str
    digest: str
    ap: float | None
    constant: float | None = None
    cases: tuple[CaseRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyReport(Sealed):
    """`failed`: every case ended in a fault of the team."""

    READS: ClassVar[frozenset[str]] = frozenset({SCHEMA})

    schema: str = SCHEMA
    head: str
    run: str
    submission: ReportedSubmission
    image: str | None
    limits: Mapping[str, Any]
    datasets: Mapping[Dataset, ToySet]
    warnings: tuple[CaseWarning, ...]
    failed: bool
    digest: str = ""
