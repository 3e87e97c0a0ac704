"""An organizer who answers all that waits: parked cases are tried again, no Image is blamed, Nodes let in."""

from __future__ import annotations

from sqlalchemy import select

from mood_platform.db.transaction import Transaction
from mood_platform.models import LIVE, Run
from mood_platform.runs.decisions import decide_ours, release_node, resume
from mood_platform.runs.waiting import quarantined_nodes

ORGANIZER = "organizer@example.org"
WHY = "the disturbance is over"


def answer_runs(tx: Transaction) -> int:
    """How many Runs waited."""
    waiting = select(Run).where(Run.state.in_(LIVE), Run.parked_told_at.is_not(None)).order_by(Run.id)
    runs = tx.session.scalars(waiting).all()
    for run in runs:
        if run.held_since is not None:
            decide_ours(tx, run=run, actor=ORGANIZER, reason=WHY)
        else:
            resume(tx, run=run, actor=ORGANIZER)
    return len(runs)


def answer_nodes(tx: Transaction, *, but: str = "") -> int:
    """How many Nodes were quarantined; the one that is really sick stays."""
    names = [node.name for node in quarantined_nodes(tx) if node.name != but]
    for name in names:
        release_node(tx, name=name, actor=ORGANIZER, reason=WHY)
    return len(names)
