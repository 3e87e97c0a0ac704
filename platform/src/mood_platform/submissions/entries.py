"""A team's part in an edition: asked for by the team, decided at once or by organizers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mood_platform.accounts.audit import PLATFORM, audit, subject_of
from mood_platform.accounts.principal import Principal
from mood_platform.accounts.queries import find_team
from mood_platform.accounts.reasons import require_reason
from mood_platform.challenges.queries import choose_challenge, config_of
from mood_platform.challenges.window import check_not_closed
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict, Forbidden
from mood_platform.models import Challenge, Entry, EntryState, Stage, Team

TOY = "The toy stage is open to you meanwhile."


def enter(tx: Transaction, *, principal: Principal, challenge: str | None = None) -> Entry:
    """Ask for the team's part; asking again changes nothing."""
    team = lock_team(tx, principal.require_team())
    edition = choose_challenge(tx, slug=challenge)
    check_not_closed(edition, now=tx.now)
    entry = find_entry(tx, team=team, edition=edition) or _ask(tx, team, edition, actor=principal.actor)
    _admit_where_open(tx, entry, edition)
    return entry


def check_admitted(tx: Transaction, *, team: Team, edition: Challenge, stage: Stage, actor: str) -> None:
    """Hidden cases are for teams that were admitted; toy cases are public. The Team row is locked."""
    entry = find_entry(tx, team=team, edition=edition)
    if entry is None and config_of(edition).entry.open:
        entry = _ask(tx, team, edition, actor=actor)
    if entry is not None:
        _admit_where_open(tx, entry, edition)
    if stage is Stage.TOY or (entry is not None and entry.state is EntryState.ADMITTED):
        return
    raise _not_admitted(edition, entry)


def decide(
    tx: Transaction, *, edition: Challenge, team: str, state: EntryState, reason: str, actor: str
) -> Entry:
    """By an organizer, for the team with this handle, whether or not it has asked."""
    action = "entry.admit" if state is EntryState.ADMITTED else "entry.refuse"
    reason = require_reason(action, reason)
    locked = lock_team(tx, find_team(tx, handle=team))
    entry = find_entry(tx, team=locked, edition=edition) or _ask(tx, locked, edition, actor=actor)
    if entry.state is state:
        raise Conflict(f"Team {team} is {state} already.", remedy="Nothing is left to do.")
    entry.advance(state, now=tx.now)
    entry.decided_at, entry.decided_by, entry.reason = tx.now, actor, reason
    data = {"team": team, "challenge": edition.slug}
    audit(tx, actor=actor, action=action, subject=subject_of("entry", entry), reason=reason, data=data)
    return entry


def find_entry(tx: Transaction, *, team: Team, edition: Challenge) -> Entry | None:
    mine = (Entry.team_id == team.id, Entry.challenge_id == edition.id)
    return tx.session.scalar(select(Entry).where(*mine).options(joinedload(Entry.team)))


def entries_of(tx: Transaction, *, edition: Challenge) -> Sequence[Entry]:
    """Those that wait for a decision first, then by the time they asked."""
    query = select(Entry).where(Entry.challenge_id == edition.id).options(joinedload(Entry.team))
    waiting_first = (Entry.state != EntryState.ASKED, Entry.asked_at, Entry.id)
    return tx.session.scalars(query.order_by(*waiting_first)).all()


def lock_team(tx: Transaction, team: Team) -> Team:
    """Decisions about one team are taken one after the other."""
    query = select(Team).where(Team.id == team.id).with_for_update(key_share=True)
    return tx.session.scalars(query.execution_options(populate_existing=True)).one()


def _ask(tx: Transaction, team: Team, edition: Challenge, *, actor: str) -> Entry:
    entry = Entry(
        team_id=team.id,
        challenge_id=edition.id,
        state=EntryState.ASKED,
        state_since=tx.now,
        asked_at=tx.now,
    )
    entry.team = team
    tx.session.add(entry)
    tx.session.flush()
    data = {"team": team.handle, "challenge": edition.slug}
    audit(tx, actor=actor, action="entry.ask", subject=subject_of("entry", entry), data=data)
    return entry


def _admit_where_open(tx: Transaction, entry: Entry, edition: Challenge) -> None:
    if entry.state is EntryState.ASKED and config_of(edition).entry.open:
        entry.advance(EntryState.ADMITTED, now=tx.now)
        entry.decided_at, entry.decided_by = tx.now, PLATFORM


def _not_admitted(edition: Challenge, entry: Entry | None) -> Forbidden:
    if entry is None:
        return Forbidden(
            f"Organizers admit teams to {edition.slug}, and yours has not asked.",
            remedy=f"Ask: mood enter --challenge {edition.slug}. {TOY}",
        )
    if entry.state is EntryState.REFUSED:
        return Forbidden(
            f"The organizers did not admit your team to {edition.slug}: {entry.reason}",
            remedy=f"Write to them if you disagree. {TOY}",
        )
    return Forbidden(
        f"The organizers have not decided yet whether your team takes part in {edition.slug}.",
        remedy=f"Wait for them. {TOY}",
    )
