"""The daily round of retention: tells, removes, weighs, looks for misfits, and writes it all down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import delete, func, select, update

from mood_platform.accounts.audit import PLATFORM
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.documents.retention import RetentionReport
from mood_platform.errors import NotFound
from mood_platform.keeping.images import remove_image, tell_team
from mood_platform.keeping.leftovers import remove_leftovers
from mood_platform.keeping.orphans import find_misfits
from mood_platform.keeping.plan import Plan, make_plan
from mood_platform.models import AuditEvent, KeptObject, RetentionRound
from mood_platform.queueing import JobQueue, SendMail
from mood_platform.runs.due import exclusively
from mood_platform.storage.store import ObjectStore
from mood_platform.terms import MailKind

ROUND = UUID("6d6f6f64-7265-7465-6e74-696f6e000000")
"""One round at a time."""
EVERY = timedelta(hours=23)
"""The bell rings each hour, so that a restart skips no day; what was done so lately is not done again."""
AT_ONCE = 1000
"""Old objects weighed in one transaction."""
BY_RETENTION = "retention"


class Mails(Protocol):
    """Where mails lie as files."""

    def forget(self, *, before: datetime, pretend: bool) -> int:
        """How many are older, and gone unless `pretend`."""


def carry_out(
    sessions: Sessions,
    queue: JobQueue,
    store: ObjectStore,
    *,
    unused_days: int,
    mails: Mails | None = None,
) -> RetentionRound | None:
    """None: it was done today already, or another process is at it."""
    with exclusively(sessions, ROUND) as alone:
        if not alone or not _is_time(sessions, queue):
            return None
        weigh_old_objects(sessions, queue, store)
        plan = _tell(sessions, queue, unused_days)
        report = plan.report()
        if plan.removes:
            _remove(sessions, queue, store, plan)
        if mails is not None and plan.mails_before is not None:
            count = mails.forget(before=plan.mails_before, pretend=not plan.removes)
            report = replace(report, mails=replace(report.mails, files=count))
        misfits = find_misfits(sessions, store, mend=plan.removes).report()
        return _write_down(sessions, queue, plan, replace(report, misfits=misfits))


def rounds(tx: Transaction, *, limit: int) -> Sequence[RetentionRound]:
    """Newest first."""
    return tx.session.scalars(select(RetentionRound).order_by(RetentionRound.at.desc()).limit(limit)).all()


def weigh_old_objects(sessions: Sessions, queue: JobQueue, store: ObjectStore) -> None:
    """Sizes of what was stored before sizes were written down; what is gone weighs nothing."""
    while True:
        with transaction(sessions, queue) as tx:
            unknown = (KeptObject.size.is_(None), KeptObject.removed_at.is_(None))
            keys = tx.session.scalars(select(KeptObject.key).where(*unknown).limit(AT_ONCE)).all()
            for key in keys:
                tx.session.execute(
                    update(KeptObject).where(KeptObject.key == key).values(size=_size(store, key))
                )
        if not keys:
            return


def _size(store: ObjectStore, key: str) -> int:
    try:
        with store.local(key) as path:
            return path.stat().st_size
    except NotFound:
        return 0


def _is_time(sessions: Sessions, queue: JobQueue) -> bool:
    with transaction(sessions, queue) as tx:
        last = tx.session.scalar(select(func.max(RetentionRound.at)))
        return last is None or last <= tx.now - EVERY


def _tell(sessions: Sessions, queue: JobQueue, unused_days: int) -> Plan:
    """Teams get their notice also while nothing is removed yet."""
    with transaction(sessions, queue) as tx:
        plan = make_plan(tx, unused_days=unused_days)
        for ending in plan.endings:
            tell_team(tx, ending)
    return plan


def _remove(sessions: Sessions, queue: JobQueue, store: ObjectStore, plan: Plan) -> None:
    for parts in plan.due.values():
        for due in parts:
            remove_leftovers(sessions, queue, store, due)
    for ending in plan.leaving:
        with transaction(sessions, queue) as tx:
            remove_image(tx, image_id=ending.image.id, actor=PLATFORM, by=BY_RETENTION)
    if plan.audit_before is not None:
        with transaction(sessions, queue) as tx:
            tx.session.execute(delete(AuditEvent).where(AuditEvent.at < plan.audit_before))


def _write_down(sessions: Sessions, queue: JobQueue, plan: Plan, report: RetentionReport) -> RetentionRound:
    with transaction(sessions, queue) as tx:
        before = next(iter(rounds(tx, limit=1)), None)
        row = RetentionRound(at=plan.at, removes=plan.removes, document=report.to_json())
        tx.session.add(row)
        tx.session.flush()
        if before is None:
            tx.enqueue(SendMail(MailKind.RETENTION_BEGINS, row.id))
        if set(plan.unread) - set(before.report.unread if before else ()):
            tx.enqueue(SendMail(MailKind.RETENTION_STOPPED, row.id))
    return row
