"""The account of turns: who runs now, whose case has ended, what each Team has had. For claims alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from mood_platform.db.transaction import Transaction
from mood_platform.models import Account, CaseRun, CaseRunState, CaseTurn, TeamShare
from mood_platform.runs.avoidance import Suiting
from mood_platform.runs.order import Field, Share, Turn, Waiting, settle
from mood_platform.runs.schedule import waiting_cases

FREE = frozenset({CaseRunState.QUEUED, CaseRunState.PARKED, CaseRunState.ABANDONED})
"""Where an attempt leads that was lost by our fault: its seconds are nobody's. A starved one had its turn."""


SHARES, TURNS = TeamShare.metadata.tables["team_shares"], TeamShare.metadata.tables["case_turns"]
"""As tables: these rows are many and short-lived, and nobody else knows them as objects."""
KEPT = tuple(column.name for column in fields(Share))


def look(tx: Transaction, *, images: Collection[str], suiting: Suiting, toy_share: float) -> Field:
    """All that decides who is next. Cases that have ended meanwhile are put on their Teams' accounts."""
    waiting = waiting_cases(tx, images=images, suiting=suiting)
    turns = _turns(tx)
    known, lowest = _shares(tx, {one.team_id for one in waiting} | {turn.team_id for turn in turns})
    ended = [turn for turn in turns if not turn.running]
    shares = settle(known, ended)
    if ended:
        _keep(tx, {team: share for team, share in shares.items() if share != known.get(team)})
        claims = [turn.claim_id for turn in ended]
        tx.session.execute(delete(TURNS).where(TURNS.c.claim_id.in_(claims)))
    running = [turn for turn in turns if turn.running]
    return Field(waiting=waiting, running=running, shares=shares, lowest=lowest, toy_share=toy_share)


def begin_turn(
    tx: Transaction, field: Field, *, next_case: Waiting, claim_id: UUID, speed: float | None
) -> None:
    """Hand this case out, on nobody's account where there is no speed."""
    account = Account.NONE if speed is None else field.account_of(next_case)
    if account is not Account.NONE:
        _keep(tx, {next_case.team_id: field.share_of_next(next_case)})
    turn = {"claim_id": claim_id, "case_run_id": next_case.case_run_id, "team_id": next_case.team_id}
    tx.session.execute(insert(TURNS), {**turn, "account": account, "speed": speed or 0.0})


@cache
def _open_turns() -> Select[UUID, UUID, Account, float, bool, CaseRunState, bool, datetime | None, datetime]:
    ended = func.coalesce(CaseRun.finished_at, CaseRun.state_since)
    return select(
        CaseTurn.claim_id,
        CaseTurn.team_id,
        CaseTurn.account,
        CaseTurn.speed,
        CaseRun.toy,
        CaseRun.state,
        CaseRun.alone,
        CaseRun.started_at,
        ended,
    ).join(CaseRun, CaseTurn.case_run_id == CaseRun.id)


def _turns(tx: Transaction) -> Sequence[Turn]:
    found = []
    rows = tx.session.execute(_open_turns())
    for claim_id, team_id, account, speed, toy, state, starved, started_at, ended_at in rows:
        assert started_at is not None, "a case that was handed out has begun"
        running = state is CaseRunState.RUNNING
        seconds = ((tx.now if running else ended_at) - started_at).total_seconds()
        found.append(
            Turn(
                claim_id=claim_id,
                team_id=team_id,
                toy=toy,
                account=Account.NONE if state in FREE and not starved else account,
                seconds=max(seconds, 0.0) * speed,
                running=running,
            )
        )
    return found


def _shares(tx: Transaction, team_ids: Collection[UUID]) -> tuple[dict[UUID, Share], float]:
    """Of these Teams, and the highest that the lowest virtual time has been."""
    highest = select(func.max(SHARES.c.lowest).label("highest")).subquery()
    mine = SHARES.c.team_id.in_(team_ids)
    rows = tx.session.execute(select(highest, SHARES).select_from(highest).outerjoin(SHARES, mine)).all()
    shares = {
        row.team_id: Share(**{name: getattr(row, name) for name in KEPT}) for row in rows if row.team_id
    }
    return shares, rows[0].highest or 0.0


def _keep(tx: Transaction, shares: Mapping[UUID, Share]) -> None:
    rows = [{"team_id": team_id, **asdict(share)} for team_id, share in shares.items()]
    if rows:
        tx.session.execute(_upsert(), rows)


@cache
def _upsert() -> Insert:
    new = upsert(SHARES)
    columns = {name: new.excluded[name] for name in KEPT}
    return new.on_conflict_do_update(index_elements=["team_id"], set_=columns)
