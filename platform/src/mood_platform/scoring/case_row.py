"""Makes the row of a case, alike for the toy report and for `mood test`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mood_platform.documents.case_row import CaseRow
from mood_platform.documents.case_score import StoredScore
from mood_platform.execution.case_log import log_text
from mood_platform.execution.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What is known of a case once it has been run and scored."""

    case: str
    outcome: str
    text: str
    flags: Sequence[str]
    score: StoredScore | None
    seconds: float | None
    exit_code: int | None
    usage: Mapping[str, Any] | None
    log: bytes


def case_row(ran: Ran, limits: Limits) -> CaseRow:
    """The log as people read it, within `limits.log` bytes."""
    score = ran.score
    return CaseRow(
        case=ran.case,
        outcome=ran.outcome,
        text=ran.text,
        fault=None if score is None else score.fault,
        flags=tuple(ran.flags),
        score=None if score is None else score.score,
        ap=None if score is None else score.case_ap,
        seconds=ran.seconds,
        limit_seconds=limits.seconds,
        exit_code=ran.exit_code,
        usage=ran.usage,
        log=log_text(ran.log, limit=limits.log),
    )
