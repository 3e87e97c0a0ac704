"""For organizers: what retention removed and would remove, and holds that stop it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from mood_platform.db.transaction import Transaction
from mood_platform.http.cursors import PAGE
from mood_platform.http.dependencies import Organizer, Tx, World
from mood_platform.keeping.holds import current_holds, lift_holds, name_of, place_hold
from mood_platform.keeping.ledger import accounts
from mood_platform.keeping.plan import make_plan
from mood_platform.keeping.round import rounds
from mood_platform.models import Hold
from mood_platform.views.participant import Document, Moment, Page, View

router = APIRouter(prefix="/admin", tags=["organizers"])
Text = Annotated[str, Field(max_length=2000)]


class NewHold(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Text
    """`run:ID`, `team:HANDLE` or `challenge:SLUG`; the bare name where it can only be one of them."""
    until: AwareDatetime
    reason: Text
    """Teams read it."""


class EndOfHold(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Text
    reason: Text


class HoldView(View):
    on: str
    until: Moment
    reason: str
    placed_by: str
    placed_at: Moment


class LiftedView(View):
    lifted: int


class AccountView(View):
    """Bytes of one team."""

    team: str
    images: int
    toy: int
    hidden: int
    total: int


class LedgerView(View):
    items: list[AccountView]
    free: int
    """Bytes free on the disk of the object store."""
    keep_free: int
    """Below this nothing new is taken in."""


class RoundView(View):
    at: Moment
    removes: bool
    """False: it only reported."""
    document: Document
    """mood-retention/1"""


@router.get("/retention")
def read_retention(tx: Tx, _: Organizer) -> Page[RoundView]:
    """The newest rounds: what each removed, told, and found that does not fit."""
    rows = rounds(tx, limit=PAGE)
    items = [RoundView(at=row.at, removes=row.removes, document=row.document) for row in rows]
    return Page(items=items, next_cursor=None)


@router.get("/retention/next")
def preview_retention(tx: Tx, context: World, _: Organizer) -> Document:
    """What a round would do now; nothing is done."""
    plan = make_plan(tx, unused_days=context.settings.storage.unused_image_days)
    return plan.report().to_json()


@router.get("/storage")
def read_ledger(tx: Tx, context: World, _: Organizer) -> LedgerView:
    """What each team's images, toy cases and hidden cases keep, the largest first, and the free disk."""
    items = [AccountView(**asdict(one), total=one.total) for one in accounts(tx)]
    return LedgerView(
        items=items, free=context.inbox.free_bytes(), keep_free=context.settings.storage.free_bytes
    )


@router.get("/holds")
def read_holds(tx: Tx, _: Organizer) -> Page[HoldView]:
    """Those in force, the one that ends first foremost."""
    return Page(items=[_view(tx, row) for row in current_holds(tx)], next_cursor=None)


@router.post("/holds", status_code=201)
def place(body: NewHold, tx: Tx, me: Organizer) -> HoldView:
    """Nothing of the run, team or challenge is removed before that day; its teams read why."""
    row = place_hold(tx, on=body.on, until=body.until, reason=body.reason, actor=me.actor)
    return _view(tx, row)


@router.post("/holds/lift")
def lift(body: EndOfHold, tx: Tx, me: Organizer) -> LiftedView:
    """Holds on exactly this end now."""
    return LiftedView(lifted=lift_holds(tx, on=body.on, reason=body.reason, actor=me.actor))


def _view(tx: Transaction, row: Hold) -> HoldView:
    return HoldView(
        on=name_of(tx, row),
        until=row.until,
        reason=row.reason,
        placed_by=row.placed_by,
        placed_at=row.placed_at,
    )
