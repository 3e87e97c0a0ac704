"""What waits for an organizer: Runs with parked cases, held Runs, Nodes that get no case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from mood_platform.db.transaction import Transaction
from mood_platform.errors import NotFound
from mood_platform.models import LIVE, CaseRun, CaseRunState, Health, KnownNode, Run, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRun:
    """A live Run that some of our faults keep from its end."""

    run: Run
    """With its Submission and Team."""
    parked: int
    decide: bool
    """It is held, or has waited for too long: try again, or end it as ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStanding:
    node: KnownNode
    parked: int
    """Cases that it failed and that are parked now."""


def waiting_runs(tx: Transaction, *, patience: timedelta) -> list[WaitingRun]:
    """Those that have waited longest first."""
    parked = select(CaseRun.run_id, func.count().label("count")).where(CaseRun.state == CaseRunState.PARKED)
    counts = parked.group_by(CaseRun.run_id).subquery()
    query = (
        select(Run, func.coalesce(counts.c.count, 0))
        .outerjoin(counts, counts.c.run_id == Run.id)
        .where(Run.state.in_(LIVE), or_(Run.parked_told_at.is_not(None), counts.c.count > 0))
        .options(joinedload(Run.submission).joinedload(Submission.team))
        .order_by(Run.parked_told_at, Run.id)
    )
    return [
        WaitingRun(run=run, parked=count, decide=_must_be_decided(tx, run, patience))
        for run, count in tx.session.execute(query)
    ]


def _must_be_decided(tx: Transaction, run: Run, patience: timedelta) -> bool:
    waited = run.parked_told_at is not None and tx.now - run.parked_told_at > patience
    return run.held_since is not None or waited


def list_nodes(tx: Transaction) -> list[NodeStanding]:
    """All that ever were seen, by name."""
    standings = []
    for node in tx.session.scalars(select(KnownNode).order_by(KnownNode.name)):
        failed = (CaseRun.state == CaseRunState.PARKED, CaseRun.failed_on.contains([node.name]))
        count = tx.session.scalar(select(func.count()).select_from(CaseRun).where(*failed)) or 0
        standings.append(NodeStanding(node=node, parked=count))
    return standings


def quarantined_nodes(tx: Transaction) -> Sequence[KnownNode]:
    quarantined = select(KnownNode).where(KnownNode.health == Health.QUARANTINED)
    return tx.session.scalars(quarantined.order_by(KnownNode.health_since)).all()


def find_node(tx: Transaction, *, name: str) -> NodeStanding:
    found = [one for one in list_nodes(tx) if one.node.name == name]
    if not found:
        raise NotFound(f"There is no node {name}.", remedy="mood admin nodes lists them.")
    return found[0]
