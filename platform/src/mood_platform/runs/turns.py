"""The account of turns: who runs now, whose case has ended, what each Team has had. For claims alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from mood_platform.db.transaction import Transaction
from mood_platform.models import Account, CaseRun, CaseRunState, CaseTurn, TeamShare
from mood_platform.runs.order import Field, Share, Turn, Waiting, settle
from mood_platform.runs.schedule import waiting_cases

FREE = frozenset({CaseRunState.QUEUED, CaseRunState.PARKED, CaseRunState.ABANDONED})
"""Where an attempt leads that was lost by our fault: its seconds are nobody's."""


KEPT = tuple(column.name for column in fields(Share))


def look(
    tx: Transaction, *, images: Collection[str], suiting: ColumnElement[bool], toy_share: float
) -> Field:
    """All that decides who is next. Cases that have ended meanwhile are put on their Teams' accounts."""
    waiting = waiting_cases(tx, images=images, suiting=suiting)
    turns = _turns(tx)
    known = _shares(tx, {one.team_id for one in waiting} | {turn.team_id for turn in turns})
    ended = [turn for turn in turns if not turn.running]
    shares = settle(known, ended)
    if ended:
        _keep(tx, {team: share for team, share in shares.items() if share != known.get(team)})
        tx.session.execute(delete(CaseTurn).where(CaseTurn.claim_id.in_([turn.claim_id for turn in ended])))
    return Field(
        waiting=waiting,
        running=[turn for turn in turns if turn.running],
        shares=shares,
        lowest=tx.session.scalar(select(func.max(TeamShare.lowest))) or 0.0,
        toy_share=toy_share,
    )


def begin_turn(tx: Transaction, field: Field, *, next_case: Waiting, claim_id: UUID, speed: float) -> None:
    """Hand this case out."""
    account = field.account_of(next_case)
    if account is not Account.NONE:
        _keep(tx, {next_case.team_id: field.share_of_next(next_case)})
    turn = {"claim_id": claim_id, "case_run_id": next_case.case_run_id, "team_id": next_case.team_id}
    tx.session.execute(insert(CaseTurn).values(**turn, account=account, speed=speed))


def _turns(tx: Transaction) -> Sequence[Turn]:
    ended = func.coalesce(CaseRun.finished_at, CaseRun.state_since)
    query = select(
        CaseTurn.claim_id, CaseTurn.team_id, CaseTurn.account, CaseTurn.speed,
        CaseRun.toy, CaseRun.state, CaseRun.started_at, ended,
    ).join(CaseRun, CaseTurn.case_run_id == CaseRun.id)  # fmt: skip
    found = []
    for claim_id, team_id, account, speed, toy, state, started_at, ended_at in tx.session.execute(query):
        assert started_at is not None, "a case that was handed out has begun"
        running = state is CaseRunState.RUNNING
        seconds = ((tx.now if running else ended_at) - started_at).total_seconds()
        found.append(
            Turn(
                claim_id=claim_id,
                team_id=team_id,
                toy=toy,
                account=Account.NONE if state in FREE else account,
                seconds=max(seconds, 0.0) * speed,
                running=running,
            )
        )
    return found


def _shares(tx: Transaction, team_ids: Collection[UUID]) -> dict[UUID, Share]:
    rows = tx.session.execute(select(TeamShare.__table__).where(TeamShare.team_id.in_(team_ids)))
    return {row.team_id: Share(**{name: getattr(row, name) for name in KEPT}) for row in rows}


def _keep(tx: Transaction, shares: Mapping[UUID, Share]) -> None:
    if shares:
        rows = [{"team_id": team_id, **asdict(share)} for team_id, share in shares.items()]
        new = upsert(TeamShare).values(rows)
        columns = {name: new.excluded[name] for name in KEPT}
        tx.session.execute(new.on_conflict_do_update(index_elements=["team_id"], set_=columns))
