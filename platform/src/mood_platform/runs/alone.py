"""Second runs of starved cases: each has a machine to itself, which starts nothing else until it has run.

A machine is reserved for as long as one of its living Nodes may take the case; else another adopts it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from mood_platform.db.transaction import Transaction
from mood_platform.models import LIVE, CaseRun, CaseRunState, Health, KnownNode, Run, Stage
from mood_platform.runs.avoidance import ANYTHING
from mood_platform.runs.node_health import LIVING_LEASES


@dataclass(frozen=True, slots=True, kw_only=True)
class Solo:
    """A case that is to run, or runs, with nothing else on its machine."""

    case_run_id: UUID
    kind: Stage
    """The bell that announces it."""
    machine: str | None
    running: bool
    failed_on: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """A Node that is there and not quarantined."""

    name: str
    machine: str
    stages: frozenset[Stage]

    def may_take(self, solo: Solo, nodes: Iterable[Living]) -> bool:
        """Its kind is taken here, and this Node did not fail it, or so did all that take its kind."""
        able = {node.name for node in nodes if solo.kind in node.stages}
        return self.name in able and (self.name not in solo.failed_on or able <= solo.failed_on)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a Node may claim now: anything that needs no machine of its own, only this case, or nothing."""

    only: Solo | None = None
    nothing: bool = False


FREE, NOTHING = Turn(), Turn(nothing=True)


def turn_of(me: Living, solos: Sequence[Solo], nodes: Sequence[Living], *, busy: bool) -> Turn:
    """`busy`: any case runs on my machine. One that waits here, or that nobody else serves, comes first."""
    here = [solo for solo in solos if solo.machine == me.machine]
    if any(solo.running for solo in here):
        return NOTHING
    waiting = [solo for solo in here if _served(solo, nodes)]
    waiting = waiting or [solo for solo in solos if not _served(solo, nodes) and me.may_take(solo, nodes)]
    mine = [solo for solo in waiting if me.may_take(solo, nodes)]
    if waiting and (busy or not mine):
        return Turn(only=mine[0], nothing=True) if mine else NOTHING
    return Turn(only=mine[0]) if mine else FREE


def _served(solo: Solo, nodes: Sequence[Living]) -> bool:
    """Whether a living Node of its machine may take it, or has."""
    on = [node for node in nodes if node.machine == solo.machine]
    return solo.running or any(node.may_take(solo, nodes) for node in on)


def claimable(
    tx: Transaction, *, node: str, machine: str, stages: Collection[Stage], lease_seconds: float
) -> ColumnElement[bool] | None:
    """Of a CaseRun: what this Node may claim as far as second runs go; None: nothing before something ends.

    Claims take turns already, so that what is read here stays true until the claim is written.
    """
    solos = _read_solos(tx)
    if not solos:
        return ANYTHING
    me = Living(name=node, machine=machine, stages=frozenset(stages))
    others = [one for one in _read_living(tx, lease_seconds=lease_seconds) if one.name != node]
    turn = turn_of(me, solos, [me, *others], busy=_is_busy(tx, machine=machine))
    if turn.only is not None and turn.only.machine != machine:
        _adopt(tx, turn.only, machine=machine)
    if turn.nothing:
        return None
    return ~CaseRun.alone if turn.only is None else CaseRun.id == turn.only.case_run_id


def _read_solos(tx: Transaction) -> list[Solo]:
    """Oldest first; of those that rest after a fault nothing is known before they are ready."""
    query = (
        select(
            CaseRun.id,
            CaseRun.toy,
            Run.stage,
            CaseRun.alone_on,
            CaseRun.state,
            CaseRun.failed_on,
            CaseRun.lease_until,
        )
        .join(Run, CaseRun.run_id == Run.id)
        .where(CaseRun.alone, CaseRun.state.in_((CaseRunState.QUEUED, CaseRunState.RUNNING)))
        .where(Run.state.in_(LIVE))
        .order_by(CaseRun.state_since, CaseRun.id)
    )
    return [
        Solo(
            case_run_id=identity,
            kind=Stage.TOY if toy else stage,
            machine=machine,
            running=state is CaseRunState.RUNNING,
            failed_on=frozenset(failed_on),
        )
        for identity, toy, stage, machine, state, failed_on, until in tx.session.execute(query)
        if state is CaseRunState.RUNNING or until is None or until <= tx.now
    ]


def _read_living(tx: Transaction, *, lease_seconds: float) -> list[Living]:
    """Seen within some leases, or at work on a case."""
    since = tx.now - timedelta(seconds=LIVING_LEASES * lease_seconds)
    works = exists().where(CaseRun.node == KnownNode.name, CaseRun.state == CaseRunState.RUNNING)
    query = select(KnownNode.name, KnownNode.machine, KnownNode.stages).where(
        KnownNode.health != Health.QUARANTINED, (KnownNode.seen_at > since) | works
    )
    return [
        Living(name=name, machine=machine, stages=frozenset(map(Stage, stages)))
        for name, machine, stages in tx.session.execute(query)
    ]


def _is_busy(tx: Transaction, *, machine: str) -> bool:
    running = (
        select(CaseRun.id)
        .join(KnownNode, KnownNode.name == CaseRun.node)
        .where(CaseRun.state == CaseRunState.RUNNING, KnownNode.machine == machine)
    )
    return tx.session.scalar(running.limit(1)) is not None


def _adopt(tx: Transaction, solo: Solo, *, machine: str) -> None:
    """From now on this machine is the reserved one. A case that is just being changed is left for later."""
    query = select(CaseRun).where(CaseRun.id == solo.case_run_id, CaseRun.state == CaseRunState.QUEUED)
    row = tx.session.scalar(query.with_for_update(skip_locked=True, key_share=True))
    if row is not None:
        row.alone_on = machine
        tx.session.flush()
