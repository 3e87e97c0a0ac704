"""Orders the replicates of results: of new ones, and of those that have none of this scoring version."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import literal, select, union_all
from sqlalchemy.dialects.postgresql import insert

from mood_evaluator import SCORING_VERSION
from mood_platform.db.transaction import Transaction
from mood_platform.models import Replicates, Run, RunScoring, Stage
from mood_platform.queueing import DrawReplicates


def order_replicates(tx: Transaction, *, run_id: UUID, results_key: str) -> None:
    """Have those of new results made; what was ordered before is left as it is."""
    values = {"run_id": run_id, "results_key": results_key, "scoring_version": SCORING_VERSION}
    order = insert(Replicates).values(**values, attempt=0, since=tx.now, problem="", weighed=False)
    made = tx.session.scalar(order.on_conflict_do_nothing().returning(Replicates.id))
    if made is not None:
        tx.enqueue(DrawReplicates(made))


def order_missing(tx: Transaction) -> None:
    """For results that have none of this scoring version: of older Runs, and after it was raised."""
    first = select(Run.id.label("run_id"), Run.results_key.label("key")).where(Run.stage == Stage.CHALLENGE)
    again = select(RunScoring.run_id.label("run_id"), RunScoring.results_key.label("key"))
    every = union_all(first, again).subquery()
    made = select(literal(1)).where(
        Replicates.results_key == every.c.key, Replicates.scoring_version == SCORING_VERSION
    )
    missing = select(every).where(every.c.key.is_not(None), ~made.exists())
    for run_id, key in tx.session.execute(missing).all():
        order_replicates(tx, run_id=run_id, results_key=key)
