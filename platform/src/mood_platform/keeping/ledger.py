"""The ledger of bytes: what a team keeps and may keep; and, for organizers alone, what all of it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import Function

from mood_platform.db.transaction import Transaction
from mood_platform.errors import QuotaExceeded
from mood_platform.keeping.images import KEPT
from mood_platform.models import Image, KeptObject, Team

REMEDY = (
    "`mood image list` shows what your images keep; `mood image remove ID` removes one that no challenge "
    "submission needs, with what its toy cases left."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamStorage:
    """In bytes. What hidden cases left is no part of it: it says nothing about them."""

    images: int
    """As unpacked."""
    toy: int
    """Predictions and logs of toy cases."""
    limit: int

    @property
    def used(self) -> int:
        return self.images + self.toy

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One team in the organizers' ledger, in bytes."""

    team: str
    images: int
    toy: int
    hidden: int
    """Predictions and logs of hidden cases, analyses included."""

    @property
    def total(self) -> int:
        return self.images + self.toy + self.hidden


def team_storage(tx: Transaction, *, team_id: UUID, limit: int) -> TeamStorage:
    images = select(func.sum(Image.kept_bytes)).where(Image.team_id == team_id, *KEPT)
    toy = select(func.sum(KeptObject.size)).where(
        KeptObject.team_id == team_id, KeptObject.toy, KeptObject.removed_at.is_(None)
    )
    return TeamStorage(
        images=int(tx.session.scalar(images) or 0), toy=int(tx.session.scalar(toy) or 0), limit=limit
    )


def check_room(tx: Transaction, *, team: Team, limit: int, more: int = 0) -> None:
    """Refuse what would go over the limit of the team; `more` bytes are asked for."""
    now = team_storage(tx, team_id=team.id, limit=limit)
    if now.used + more > limit or now.left == 0:
        raise QuotaExceeded(
            f"Your team keeps {now.used} of {limit} bytes: images {now.images}, toy cases {now.toy}"
            + (f"; {more} more do not fit." if more else "."),
            remedy=REMEDY,
        )


def accounts(tx: Transaction) -> Sequence[Account]:
    """The largest first; for organizers only."""
    images = dict(_sums(tx, Image.team_id, func.sum(Image.kept_bytes), *KEPT))
    here = KeptObject.removed_at.is_(None)
    size = func.coalesce(KeptObject.size, 0)
    toy = dict(_sums(tx, KeptObject.team_id, func.sum(case((KeptObject.toy, size), else_=0)), here))
    hidden = dict(_sums(tx, KeptObject.team_id, func.sum(case((~KeptObject.toy, size), else_=0)), here))
    found = [
        Account(
            team=team.handle,
            images=images.get(team.id, 0),
            toy=toy.get(team.id, 0),
            hidden=hidden.get(team.id, 0),
        )
        for team in tx.session.scalars(select(Team).order_by(Team.handle))
    ]
    return sorted(found, key=lambda one: -one.total)


def _sums(
    tx: Transaction, team: InstrumentedAttribute[UUID], amount: Function[Any], *which: ColumnElement[bool]
) -> list[tuple[UUID, int]]:
    rows = tx.session.execute(select(team, amount).where(*which).group_by(team))
    return [(team_id, int(total or 0)) for team_id, total in rows]
