"""What retention would do now: a look that changes nothing, for the daily round and for `--dry-run`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from mood_platform.clock import rfc3339
from mood_platform.db.transaction import Transaction
from mood_platform.documents.retention import (
    AuditDue,
    ImageDue,
    ImagesDue,
    LeftoversDue,
    MailsDue,
    RetentionReport,
)
from mood_platform.keeping.holds import current_holds
from mood_platform.keeping.images import Ending, image_endings
from mood_platform.keeping.leftovers import Due, Removed, due_leftovers, weigh
from mood_platform.keeping.moments import read_editions
from mood_platform.models import AuditEvent, KeptKind, RetentionRound, Team

PATIENCE = timedelta(days=7)
"""After the first round on an installation, which only reports and mails the organizers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    at: datetime
    begins_at: datetime
    """Before it nothing is removed."""
    due: dict[KeptKind, list[Due]]
    weights: dict[KeptKind, Removed]
    endings: Sequence[Ending]
    """Of all kept images."""
    telling: Sequence[Ending]
    """Those whose team is told now, or told another day."""
    leaving: Sequence[Ending]
    teams: Mapping[UUID, str]
    mails_before: datetime | None
    """Mails from before go; None: no edition has a rule for them."""
    audit_before: datetime | None
    audit_events: int
    holds: int
    unread: Mapping[str, str]
    """Editions whose stored rules cannot be read, and why; nothing of them is removed."""

    @property
    def removes(self) -> bool:
        return self.at >= self.begins_at

    def report(self) -> RetentionReport:
        return RetentionReport(
            at=rfc3339(self.at),
            begins_at=rfc3339(self.begins_at),
            removes=self.removes,
            predictions=self._leftovers(KeptKind.PREDICTION),
            logs=self._leftovers(KeptKind.LOG),
            images=ImagesDue(
                told=tuple(self._image(one) for one in self.telling),
                removed=tuple(self._image(one) for one in self.leaving),
            ),
            mails=MailsDue(before=_told(self.mails_before)),
            audit=AuditDue(before=_told(self.audit_before), events=self.audit_events),
            holds=self.holds,
            unread=dict(self.unread),
        )

    def _leftovers(self, kind: KeptKind) -> LeftoversDue:
        weight = self.weights[kind]
        return LeftoversDue(runs=len(self.due[kind]), objects=weight.objects, bytes=weight.size)

    def _image(self, one: Ending) -> ImageDue:
        return ImageDue(
            id=str(one.image.id),
            team=self.teams[one.image.team_id],
            name=one.image.name,
            digest=one.image.digest,
            bytes=one.image.kept_bytes,
            leaves_at=_told(one.tells(self.at)),
        )


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def make_plan(tx: Transaction, *, unused_days: int) -> Plan:
    """`unused_days`: how long images are kept that were never submitted."""
    editions = read_editions(tx)
    due: dict[KeptKind, list[Due]] = {kind: [] for kind in KeptKind}
    for one in due_leftovers(tx, editions):
        due[one.kind].append(one)
    mails, audit = editions.longest("mails"), editions.longest("audit")
    endings = image_endings(tx, editions, unused_days=unused_days)
    audit_before = None if audit is None else tx.now - timedelta(days=audit.days)
    return Plan(
        at=tx.now,
        begins_at=begins_at(tx),
        due=due,
        weights={kind: weigh(tx, due[kind]) for kind in KeptKind},
        endings=endings,
        telling=[one for one in endings if one.tells(tx.now) not in (None, one.image.leaves_at)],
        leaving=[one for one in endings if one.leaves(tx.now)],
        teams={row.id: row.handle for row in tx.session.scalars(select(Team))},
        mails_before=None if mails is None else tx.now - timedelta(days=mails.days),
        audit_before=audit_before,
        audit_events=_count_audit(tx, audit_before),
        holds=len(current_holds(tx)),
        unread=editions.unread,
    )


def begins_at(tx: Transaction) -> datetime:
    """Removal begins seven days after the first round, whenever that is."""
    first = tx.session.scalar(select(func.min(RetentionRound.at)))
    return (first or tx.now) + PATIENCE


def _count_audit(tx: Transaction, before: datetime | None) -> int:
    if before is None:
        return 0
    return tx.session.scalar(select(func.count()).where(AuditEvent.at < before)) or 0
