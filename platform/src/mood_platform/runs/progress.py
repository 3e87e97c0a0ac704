"""What a participant may see of a Run: never a count, log, name, time or score of a hidden case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from mood_platform.db.transaction import Transaction
from mood_platform.errors import Forbidden
from mood_platform.failures import Blame, FailureReason
from mood_platform.models import TERMINAL, CaseRun, CaseRunState, Run, RunState, Stage

STEPS = (5, 25, 100)
"""Percent. Progress moves in the first of these that stands for two hidden cases or more.

A step of one case would be counted by whoever watches: 8 % less is one of twelve.
"""
FEW, SOME = 0.05, 0.25
"""Shares of the hidden cases below which a failure reason is met by few, by some; else by many."""
DONE = TERMINAL - {CaseRunState.CANCELLED}
TELLING = frozenset({RunState.SCORED, RunState.FAILED})
"""Ends after which failures and times are told. A team chooses the moment of a cancellation, perhaps
right after one hidden case: it would learn about that case alone."""


class Phase(StrEnum):
    QUEUED = "queued"
    TOY = "toy"
    HIDDEN = "hidden"
    SCORING = "scoring"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Tally:
    """The CaseRuns of a Run that ended alike, or have got equally far."""

    toy: bool
    state: CaseRunState
    reason: FailureReason | None
    count: int
    slowest: float | None
    """Seconds."""


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
    """Of the hidden cases, in coarse steps; None without hidden cases or before the first."""
    failures: tuple[Failure, ...] = ()
    """Of the hidden cases; only after the Run has ended."""
    slowest: str | None = None
    """Slowest hidden case: `≤ 50 %`, `≤ 90 %` or `> 90 %` of the limit; only after the Run has ended."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def participant_progress(tx: Transaction, *, run: Run) -> Progress:
    return read_progress(tx, runs=[run])[run.id]


def read_progress(tx: Transaction, *, runs: Sequence[Run]) -> dict[UUID, Progress]:
    """By the Run's id; one statement for a whole page of them, and no row of a case leaves the database."""
    if any(run.stage is Stage.ANALYSIS for run in runs):
        raise Forbidden("Analysis runs are the organizers' own.")
    kind = (CaseRun.run_id, CaseRun.toy, CaseRun.state, CaseRun.reason)
    query = select(*kind, func.count(), func.max(CaseRun.seconds)).group_by(*kind)
    tallies: dict[UUID, list[Tally]] = {run.id: [] for run in runs}
    rows = tx.session.execute(query.where(CaseRun.run_id.in_(tallies)))
    for run_id, toy, state, reason, count, slowest in rows:
        tallies[run_id].append(Tally(toy, state, reason, count, slowest))
    return {run.id: summarize(run, tallies[run.id]) for run in runs}


def summarize(run: Run, tallies: Iterable[Tally]) -> Progress:
    """The pure part: everything a participant learns, from the tallies."""
    known = list(tallies)
    toy = [tally for tally in known if tally.toy]
    hidden = [tally for tally in known if not tally.toy]
    toy_done, toy_total = _count_done(toy), _count(toy)
    told = run.state in TELLING
    return Progress(
        phase=_phase(run, toy_done=toy_done, toy_total=toy_total),
        toy_done=toy_done,
        toy_total=toy_total,
        percent=_percent(hidden) if hidden and run.toy_reported_at is not None else None,
        failures=_failures(hidden) if told else (),
        slowest=_slowest(hidden, float(run.limits["seconds"])) if told else None,
    )


def _phase(run: Run, *, toy_done: int, toy_total: int) -> Phase:
    if not run.state.live:
        return Phase.ENDED
    if run.state is RunState.RUNNING:
        return Phase.TOY if toy_done < toy_total or run.toy_reported_at is None else Phase.HIDDEN
    return Phase(run.state.value)


def _count(tallies: Iterable[Tally]) -> int:
    return sum(tally.count for tally in tallies)


def _count_done(tallies: Iterable[Tally]) -> int:
    return _count(tally for tally in tallies if tally.state in DONE)


def _percent(hidden: Sequence[Tally]) -> int:
    total = _count(hidden)
    step = next((step for step in STEPS if total * step >= 2 * 100), STEPS[-1])
    return _count_done(hidden) * 100 // total // step * step


def _failures(hidden: Sequence[Tally]) -> tuple[Failure, ...]:
    total, reasons = _count(hidden), Counter[FailureReason]()
    for tally in hidden:
        if tally.state in DONE and tally.reason is not None:
            reasons[tally.reason] += tally.count
    return tuple(
        Failure(reason, reason.text, _band(count, total))
        for reason, count in sorted(reasons.items())
        if reason.blame is Blame.TEAM
    )


def _band(count: int, total: int) -> str:
    """A single case is `few` in a set of any size: were it not, `few` would only be seen in large ones."""
    if count == 1 or count / total < FEW:
        return "few"
    return "some" if count / total < SOME else "many"


def _slowest(hidden: Sequence[Tally], limit: float) -> str | None:
    done = [tally for tally in hidden if tally.state in DONE]
    shares = [tally.slowest / limit for tally in done if tally.slowest is not None]
    if not shares:
        return None
    if max(shares) > 0.9 or any(tally.state is CaseRunState.TIMED_OUT for tally in done):
        return "> 90 %"
    return "≤ 50 %" if max(shares) <= 0.5 else "≤ 90 %"
