"""What each Team has had of the slots, and turns not on its account yet. Written by claims alone."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mood_platform.models.base import Base, checked_enum


class Account(StrEnum):
    """Whose seconds they are."""

    TURN = "turn"
    """The Team's, in the one order."""
    TOY = "toy"
    """The Team's, of a toy case that went first."""
    NONE = "none"
    """The organizers' own runs are on nobody's account."""


class TeamShare(Base):
    """A table beside `teams`: a claim may not wait for whoever has locked a Team's row."""

    __tablename__ = "team_shares"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), primary_key=True)
    spent: Mapped[float] = mapped_column(default=0.0)
    """Virtual time: nominal slot seconds of its cases that have ended, and what it was raised by."""
    toy_spent: Mapped[float] = mapped_column(default=0.0)
    """The same of toy cases that went first: they take nothing from the Team's turns, but are limited too."""
    lowest: Mapped[float] = mapped_column(default=0.0)
    """The lowest virtual time among Teams with work, when this one was served last."""
    pace: Mapped[float | None]
    """Nominal slot seconds of its usual case; null before the first has ended."""
    paced: Mapped[int] = mapped_column(default=0)
    """How many cases the pace stands for."""


class CaseTurn(Base):
    """A case that was handed out, until its seconds are on its Team's account or are known not to count."""

    __tablename__ = "case_turns"

    claim_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_run_id: Mapped[UUID] = mapped_column(ForeignKey("case_runs.id"))
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"))
    account: Mapped[Account] = mapped_column(checked_enum(Account, name="account"))
    speed: Mapped[float]
    """Of the node: nominal seconds in one of its seconds."""
