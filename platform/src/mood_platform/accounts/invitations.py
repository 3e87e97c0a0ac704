"""A member invites one person into the team by a code; the code works once, for a few days."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import select

from mood_platform.accounts.audit import audit, subject_of
from mood_platform.accounts.principal import Principal
from mood_platform.accounts.service import lock_newcomer
from mood_platform.accounts.tokens import fingerprint
from mood_platform.db.transaction import Transaction
from mood_platform.errors import NotFound
from mood_platform.models import Invitation, Team, User

LIFETIME = timedelta(days=7)


def invite(tx: Transaction, *, principal: Principal) -> tuple[str, Invitation]:
    """The code, which nobody sees again, and its row."""
    team, code = principal.require_team(), secrets.token_urlsafe(24)
    row = Invitation(
        team_id=team.id,
        secret_sha256=fingerprint(code),
        created_at=tx.now,
        expires_at=tx.now + LIFETIME,
    )
    tx.session.add(row)
    audit(tx, actor=principal.actor, action="team.invite", subject=subject_of("team", team))
    return code, row


def join_team(tx: Transaction, *, user: User, code: str) -> Team:
    """Use the code up. Unknown, used and expired ones look the same."""
    newcomer = lock_newcomer(tx, user)
    good = (
        Invitation.secret_sha256 == fingerprint(code.strip()),
        Invitation.used_at.is_(None),
        Invitation.expires_at > tx.now,
    )
    row = tx.session.scalar(select(Invitation).where(*good).with_for_update(key_share=True))
    if row is None:
        raise NotFound(
            "This invitation is unknown, used or expired.", remedy="Ask a member of the team for a new one."
        )
    team = tx.session.get_one(Team, row.team_id)
    row.used_at, newcomer.team_id = tx.now, team.id
    audit(tx, actor=newcomer.email, action="team.join", subject=subject_of("team", team))
    return team
