"""Users, teams, memberships and API tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mood_platform.models.base import Base, WithId


class User(WithId, Base):
    __tablename__ = "users"
    __table_args__ = (Index("uq_users_email_lower", text("lower(email)"), unique=True),)

    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    """argon2id."""
    organizer: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"), index=True)
    """A user is in at most one team."""
    team: Mapped[Team | None] = relationship(lazy="raise")


class Team(WithId, Base):
    __tablename__ = "teams"

    handle: Mapped[str] = mapped_column(unique=True)
    """ASCII; ids, paths and commands name the Team so. It never changes."""
    name: Mapped[str]
    """For readers, in any script."""
    capitals: Mapped[str | None] = mapped_column(unique=True)
    """How the name looks in capitals, in small letters, and as it is written: no two Teams may look alike.
    Null: a Team from before this rule whose name looks like an older one's."""
    small_letters: Mapped[str | None] = mapped_column(unique=True)
    as_written: Mapped[str | None] = mapped_column(unique=True)
    reference: Mapped[bool] = mapped_column(default=False)
    """Reference submissions are listed at their score without a rank."""
    last_number: Mapped[int] = mapped_column(default=0)
    """Number of this team's newest Submission (`#12`)."""
    created_at: Mapped[datetime]


class Token(WithId, Base):
    __tablename__ = "tokens"
    __table_args__ = (UniqueConstraint("secret_sha256"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    secret_sha256: Mapped[str]
    """Only the hash is stored; the token is shown once."""
    label: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(lazy="raise")
