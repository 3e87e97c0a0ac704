"""A time-out that was the Node's doing does not count: the case runs once more, alone, and that counts."""

from __future__ import annotations

from sqlalchemy import func, select

from mood_platform.db.transaction import Transaction
from mood_platform.execution.outcome import OutcomeFlag
from mood_platform.execution.starvation import Lack
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, CaseRunState, KnownNode, Run
from mood_platform.runs.parking import park

SHARE = 0.05
"""Of a Run's cases, at least one: so many run again by themselves, for the rest organizers decide."""


def run_again_alone(tx: Transaction, *, run: Run, case_run: CaseRun, lack: Lack) -> None:
    """Queue it for its machine, when nothing else runs there; or park it. Both rows are locked."""
    machine = tx.session.scalar(select(KnownNode.machine).where(KnownNode.name == case_run.node))
    spent = _count_second_runs(tx, run)
    case_run.first_run = {
        "lack": str(lack),
        "node": case_run.node,
        "machine": machine,
        "seconds": case_run.seconds,
        "usage": case_run.usage,
    }
    case_run.alone, case_run.alone_on = True, machine
    case_run.finished_at, case_run.lease_until = tx.now, None
    if run.held_since is None and spent < _allowance(tx, run):
        case_run.advance(CaseRunState.QUEUED, now=tx.now, reason=FailureReason.STARVED)
    else:
        park(tx, run=run, case_run=case_run, reason=FailureReason.STARVED)


def end_second_run(case_run: CaseRun) -> None:
    """If it was one: it has an outcome, which counts, and its machine is free for others again."""
    case_run.alone, case_run.alone_on = False, None
    if case_run.first_run is not None:
        case_run.flags = [*case_run.flags, str(OutcomeFlag.RAN_TWICE)]


def _allowance(tx: Transaction, run: Run) -> int:
    total = tx.session.scalar(select(func.count()).where(CaseRun.run_id == run.id)) or 0
    return max(1, int(SHARE * total))


def _count_second_runs(tx: Transaction, run: Run) -> int:
    again = select(func.count()).where(CaseRun.run_id == run.id, CaseRun.first_run.is_not(None))
    return tx.session.scalar(again) or 0
