"""What a participant may see of a Run: never a count, log, name, time or score of a hidden case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from mood_platform.db.transaction import Transaction
from mood_platform.errors import Forbidden
from mood_platform.failures import Blame, FailureReason
from mood_platform.models import TERMINAL, CaseRun, CaseRunState, Run, RunState, Stage

STEP = 5
"""Percent; hidden cases progress in steps this wide."""
FEW, SOME = 0.05, 0.25
"""Shares of the hidden cases below which a failure reason is met by few, by some; else by many."""


class Phase(StrEnum):
    QUEUED = "queued"
    TOY = "toy"
    HIDDEN = "hidden"
    SCORING = "scoring"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why some hidden cases counted as all zero."""

    reason: FailureReason
    text: str
    band: str
    """few | some | many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    phase: Phase
    toy_done: int
    toy_total: int
    percent: int | None
    """Of the hidden cases, in steps of 5; None without hidden cases or before the first."""
    failures: tuple[Failure, ...] = ()
    """Of the hidden cases; only after the Run has ended."""
    slowest: str | None = None
    """Slowest hidden case: `≤ 50 %`, `≤ 90 %` or `> 90 %` of the limit; only after the Run has ended."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def participant_progress(tx: Transaction, *, run: Run) -> Progress:
    if run.stage is Stage.ANALYSIS:
        raise Forbidden("Analysis runs are the organizers' own.")
    cases = tx.session.scalars(select(CaseRun).where(CaseRun.run_id == run.id)).all()
    return summarize(run, cases)


def summarize(run: Run, cases: Sequence[CaseRun]) -> Progress:
    """The pure part: everything a participant learns, from the rows."""
    toy = [case for case in cases if case.toy]
    hidden = [case for case in cases if not case.toy]
    toy_done = _count_done(toy)
    over = not run.state.live
    return Progress(
        phase=_phase(run, toy_done=toy_done, toy_total=len(toy)),
        toy_done=toy_done,
        toy_total=len(toy),
        percent=_percent(hidden) if hidden and run.toy_reported_at is not None else None,
        failures=_failures(hidden) if over else (),
        slowest=_slowest(hidden, float(run.limits["seconds"])) if over else None,
    )


def _phase(run: Run, *, toy_done: int, toy_total: int) -> Phase:
    if not run.state.live:
        return Phase.ENDED
    if run.state is RunState.RUNNING:
        return Phase.TOY if toy_done < toy_total or run.toy_reported_at is None else Phase.HIDDEN
    return Phase(run.state.value)


def _count_done(cases: Iterable[CaseRun]) -> int:
    return sum(case.state in TERMINAL and case.state is not CaseRunState.CANCELLED for case in cases)


def _percent(hidden: Sequence[CaseRun]) -> int:
    return _count_done(hidden) * 100 // len(hidden) // STEP * STEP


def _failures(hidden: Sequence[CaseRun]) -> tuple[Failure, ...]:
    reasons = Counter(case.reason for case in hidden if case.state in TERMINAL and case.reason is not None)
    return tuple(
        Failure(reason, reason.text, _band(count / len(hidden)))
        for reason, count in sorted(reasons.items())
        if reason.blame is Blame.TEAM
    )


def _band(share: float) -> str:
    if share < FEW:
        return "few"
    return "some" if share < SOME else "many"


def _slowest(hidden: Sequence[CaseRun], limit: float) -> str | None:
    shares = [case.seconds / limit for case in hidden if case.seconds is not None and case.state in TERMINAL]
    if not shares:
        return None
    if max(shares) > 0.9 or any(case.state is CaseRunState.TIMED_OUT for case in hidden):
        return "> 90 %"
    return "≤ 50 %" if max(shares) <= 0.5 else "≤ 90 %"
