"""Appends to the audit trail: who did what to what, and why."""

from __future__ import annotations

from collections.abc import Mapping

from mood_platform.db.transaction import Transaction
from mood_platform.models import AuditEvent, Base

PLATFORM = "platform"


def audit(
    tx: Transaction,
    *,
    actor: str,
    action: str,
    subject: str,
    reason: str = "",
    data: Mapping[str, object] | None = None,
) -> AuditEvent:
    """`action` is noun.verb (`submission.exclude`), `subject` is `kind:id`; nothing secret in `data`."""
    noted = dict(data or {})
    event = AuditEvent(at=tx.now, actor=actor, action=action, subject=subject, reason=reason, data=noted)
    tx.session.add(event)
    return event


def subject_of(kind: str, row: Base) -> str:
    """`submission:0f8b…`"""
    return f"{kind}:{row.id}"  # type: ignore[attr-defined]  # every audited table has an id
