"""The report of `mood test` (mood-local-report/1): each part is a task on a test set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mood_evaluator import Dataset, Task
from mood_platform.documents.case_row import CaseRow, CaseWarning
from mood_platform.documents.stored import Stored

SCHEMA = "mood-local-report/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPart(Stored):
    task: Task
    dataset: Dataset
    test_set: str
    digest: str
    ap: float | None
    constant: float | None = None
    cases: tuple[CaseRow, ...]
    warnings: tuple[CaseWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalReport(Stored):
    """`failed`: some case gave no valid prediction."""

    READS: ClassVar[frozenset[str]] = frozenset({SCHEMA})

    schema: str = SCHEMA
    image: str
    limits: Mapping[str, Any]
    parts: tuple[LocalPart, ...]
    failed: bool
