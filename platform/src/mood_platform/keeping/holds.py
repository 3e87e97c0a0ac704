"""Holds stop removal of what a Run, a Team or a Challenge left; they name who, why and until when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from mood_platform.accounts.audit import audit, subject_of
from mood_platform.accounts.reasons import require_reason
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict, Invalid, NotFound
from mood_platform.models import Challenge, Hold, Run, Submission, Team

Subject = Run | Team | Challenge
FORMS = "Write run:ID, team:HANDLE or challenge:SLUG."


@dataclass(frozen=True, slots=True)
class Held:
    """What holds cover now."""

    runs: Collection[UUID]
    teams: Collection[UUID]
    challenges: Collection[UUID]

    def covers(self, *, team_id: UUID, challenge_id: UUID | None = None, run_id: UUID | None = None) -> bool:
        return run_id in self.runs or team_id in self.teams or challenge_id in self.challenges


def held_now(tx: Transaction) -> Held:
    rows = current_holds(tx)
    return Held(
        runs={row.run_id for row in rows if row.run_id},
        teams={row.team_id for row in rows if row.team_id},
        challenges={row.challenge_id for row in rows if row.challenge_id},
    )


def current_holds(tx: Transaction) -> Sequence[Hold]:
    """Those in force, the one that ends first foremost."""
    query = select(Hold).where(Hold.lifted_at.is_(None), Hold.until > tx.now)
    return tx.session.scalars(query.order_by(Hold.until, Hold.id)).all()


def is_about(hold: Hold, *, submission: Submission, run: Run) -> bool:
    """Whether it keeps what this Run left, and its image."""
    return (
        hold.run_id == run.id
        or hold.team_id == submission.team_id
        or hold.challenge_id == submission.challenge_id
    )


def name_of(tx: Transaction, hold: Hold) -> str:
    """As `find_subject` takes it."""
    if hold.team_id is not None:
        return f"team:{tx.session.get_one(Team, hold.team_id).handle}"
    if hold.challenge_id is not None:
        return f"challenge:{tx.session.get_one(Challenge, hold.challenge_id).slug}"
    return f"run:{hold.run_id}"


def place_hold(tx: Transaction, *, on: str, until: datetime, reason: str, actor: str) -> Hold:
    """Nothing of `on` is removed before `until`; a second hold stands beside the first."""
    reason = require_reason("hold.place", reason)
    if until <= tx.now:
        raise Invalid("Field until: it is in the past.", remedy="Give a later day, such as 2027-03-01.")
    subject = find_subject(tx, on)
    row = Hold(reason=reason, placed_by=actor, placed_at=tx.now, until=until, lifted_by="")
    setattr(row, _column(subject), subject.id)
    tx.session.add(row)
    tx.session.flush()
    audit(
        tx,
        actor=actor,
        action="hold.place",
        subject=subject_of(_kind(subject), subject),
        reason=reason,
        data={"until": until.isoformat()},
    )
    return row


def lift_holds(tx: Transaction, *, on: str, reason: str, actor: str) -> int:
    """All holds on exactly this subject end now; how many there were."""
    reason = require_reason("hold.lift", reason)
    subject = find_subject(tx, on)
    mine = select(Hold).where(getattr(Hold, _column(subject)) == subject.id)
    rows = tx.session.scalars(
        mine.where(Hold.lifted_at.is_(None), Hold.until > tx.now).with_for_update()
    ).all()
    if not rows:
        raise Conflict(f"There is no hold on {on}.", remedy="`mood admin holds` lists those in force.")
    for row in rows:
        row.lifted_at, row.lifted_by = tx.now, actor
    audit(tx, actor=actor, action="hold.lift", subject=subject_of(_kind(subject), subject), reason=reason)
    return len(rows)


def find_subject(tx: Transaction, on: str) -> Subject:
    """`run:ID`, `team:HANDLE`, `challenge:SLUG`; the bare name where it can only be one of them."""
    kind, colon, name = on.partition(":")
    if not colon:
        kind, name = "", on
    found = [subject for subject in _candidates(tx, kind, name.strip()) if subject is not None]
    if len(found) > 1:
        raise Invalid(f"{on!r} is a team and a challenge.", remedy=FORMS)
    if not found:
        raise NotFound(f"There is no run, team or challenge {on!r}.", remedy=FORMS)
    return found[0]


def _candidates(tx: Transaction, kind: str, name: str) -> list[Subject | None]:
    found: list[Subject | None] = []
    if kind in ("", "run"):
        found.append(_run(tx, name))
    if kind in ("", "team"):
        found.append(tx.session.scalar(select(Team).where(Team.handle == name)))
    if kind in ("", "challenge"):
        found.append(tx.session.scalar(select(Challenge).where(Challenge.slug == name)))
    return found


def _run(tx: Transaction, name: str) -> Run | None:
    try:
        return tx.session.get(Run, UUID(name))
    except ValueError:
        return None


def _kind(subject: Subject) -> str:
    return type(subject).__name__.lower()


def _column(subject: Subject) -> str:
    return f"{_kind(subject)}_id"
