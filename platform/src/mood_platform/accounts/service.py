"""Registers users, opens sessions, founds teams and gives roles."""

from __future__ import annotations

import re

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError

from mood_platform.accounts.audit import PLATFORM, audit, subject_of
from mood_platform.accounts.names import checked_handle, checked_name, looks_of, random_handle
from mood_platform.accounts.passwords import hash_password
from mood_platform.accounts.principal import Principal
from mood_platform.accounts.reasons import require_reason
from mood_platform.accounts.tokens import find_token, issue_token
from mood_platform.db.transaction import Transaction
from mood_platform.errors import AlreadyExists, Invalid, NotFound, Unauthenticated
from mood_platform.models import Team, User

LONGEST_EMAIL = 254
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""As browsers check it: one address, nothing that a mail header would read as two."""


def hash_new_password(*, email: str, name: str, password: str) -> str:
    """The first step of registering: everything that can be said without a database, then the slow hash."""
    if len(email) > LONGEST_EMAIL or not EMAIL.fullmatch(email):
        raise Invalid("Field email: that is not an e-mail address.", remedy="Use the form name@example.org.")
    checked_name("name", name)
    return hash_password(password)


def register(tx: Transaction, *, email: str, name: str, password_hash: str) -> User:
    """The second step; the hash is that of `hash_new_password`."""
    user = User(
        email=email,
        name=checked_name("name", name),
        password_hash=password_hash,
        created_at=tx.now,
    )
    _insert_unique(tx, user, taken=f"There is an account for {email} already.", remedy="Log in instead.")
    audit(tx, actor=email, action="user.register", subject=subject_of("user", user))
    return user


def find_password_hash(tx: Transaction, *, email: str) -> str | None:
    """The first step of logging in; the caller limits how often this may be tried."""
    user = _user_of_email(tx, email)
    return None if user is None else user.password_hash


def open_session(tx: Transaction, *, email: str, password_hash: str | None, label: str = "login") -> str:
    """The last step: a new token, for who has proved the password of this hash (None: nobody has)."""
    user = _user_of_email(tx, email)
    if user is None or password_hash is None or user.password_hash != password_hash:
        raise Unauthenticated("E-mail or password is wrong.", remedy="Check both, or register first.")
    return issue_token(tx, user=user, label=checked_name("label", label))


def authenticate(tx: Transaction, *, secret: str) -> Principal:
    token = find_token(tx, secret=secret)
    if token is None:
        raise Unauthenticated("The token is unknown, revoked or expired.", remedy="Log in again.")
    return Principal(user=token.user, team=token.user.team, organizer=token.user.organizer)


def revoke(tx: Transaction, *, secret: str) -> None:
    """End this token; ending an ended one is fine."""
    token = find_token(tx, secret=secret)
    if token is not None:
        token.revoked_at = tx.now


def create_team(tx: Transaction, *, user: User, name: str, handle: str | None = None) -> Team:
    """Found a team and join it; a user is in at most one. Without a handle it gets a random one."""
    locked = lock_newcomer(tx, user)
    clean = checked_name("name", name)
    team = Team(
        handle=random_handle() if handle is None else checked_handle(handle),
        name=clean,
        **looks_of(clean),
        created_at=tx.now,
    )
    _refuse_look_alike(tx, team)
    _insert_unique(
        tx,
        team,
        taken=f"There is a team with the handle {team.handle!r}, or one whose name looks like this.",
        remedy="Choose another name or handle.",
    )
    locked.team_id = team.id
    audit(tx, actor=locked.email, action="team.create", subject=subject_of("team", team))
    return team


def _refuse_look_alike(tx: Transaction, team: Team) -> None:
    """The unique columns say the same, but not to whom it looks alike."""
    alike = or_(*(getattr(Team, column) == look for column, look in looks_of(team.name).items()))
    other = tx.session.scalar(select(Team).where(alike))
    if other is not None:
        raise AlreadyExists(
            f"Field name: there is a team {other.name!r} already, and this name looks like it.",
            remedy="Choose a name that nobody takes for theirs.",
        )


def lock_newcomer(tx: Transaction, user: User) -> User:
    """The user, locked so that nobody gets into two teams at once."""
    query = select(User).where(User.id == user.id).with_for_update(key_share=True)
    locked = tx.session.scalars(query.execution_options(populate_existing=True)).one()
    if locked.team_id is not None:
        raise AlreadyExists("You are in a team already.", remedy="Submit with that team.")
    return locked


def make_organizer(tx: Transaction, *, email: str, actor: str = PLATFORM) -> User:
    user = _user_of_email(tx, email)
    if user is None:
        raise NotFound(f"There is no account for {email}.", remedy="Let the person register first.")
    user.organizer = True
    audit(tx, actor=actor, action="user.make_organizer", subject=subject_of("user", user))
    return user


def remove_organizer(tx: Transaction, *, email: str, reason: str, actor: str = PLATFORM) -> User:
    """Take `make_organizer` back; tokens of the account stay, without the right."""
    reason = require_reason("user.remove_organizer", reason)
    user = _user_of_email(tx, email)
    if user is None or not user.organizer:
        raise NotFound(f"{email} is no organizer.", remedy="Check the address.")
    user.organizer = False
    subject = subject_of("user", user)
    audit(tx, actor=actor, action="user.remove_organizer", subject=subject, reason=reason)
    return user


def make_reference(tx: Transaction, *, team: str, actor: str = PLATFORM) -> Team:
    """Mark a team (by handle) as reference: listed at its score, without a rank."""
    row = _lock_team(tx, team)
    row.reference = True
    audit(tx, actor=actor, action="team.make_reference", subject=subject_of("team", row))
    return row


def remove_reference(tx: Transaction, *, team: str, reason: str, actor: str = PLATFORM) -> Team:
    """Take `make_reference` back: the team is ranked again, from the next leaderboard version on."""
    reason = require_reason("team.remove_reference", reason)
    row = _lock_team(tx, team)
    if not row.reference:
        raise NotFound(f"Team {team!r} is no reference.", remedy="Check its handle.")
    row.reference = False
    audit(tx, actor=actor, action="team.remove_reference", subject=subject_of("team", row), reason=reason)
    return row


def _lock_team(tx: Transaction, handle: str) -> Team:
    row = tx.session.scalar(select(Team).where(Team.handle == handle).with_for_update(key_share=True))
    if row is None:
        raise NotFound(f"There is no team {handle!r}.", remedy="Use the team's handle.")
    return row


def _user_of_email(tx: Transaction, email: str) -> User | None:
    return tx.session.scalar(select(User).where(func.lower(User.email) == email.lower()))


def _insert_unique(tx: Transaction, row: User | Team, *, taken: str, remedy: str) -> None:
    """Insert; a lost race against an equal row is the same answer as finding it there."""
    try:
        with tx.session.begin_nested():
            tx.session.add(row)
    except IntegrityError as error:
        raise AlreadyExists(taken, remedy=remedy) from error
