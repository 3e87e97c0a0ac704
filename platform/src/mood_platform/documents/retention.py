"""What a round of retention found and did (mood-retention/1): counts and bytes, never what was inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from mood_platform.documents.stored import WHERE_KNOWN, Stored

SCHEMA = "mood-retention/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftoversDue(Stored):
    """Of one kind: in how many Runs, how many objects, how many bytes."""

    runs: int
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDue(Stored):
    id: str
    team: str
    name: str
    digest: str | None
    bytes: int
    leaves_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesDue(Stored):
    """Those whose team is told, and those to remove."""

    told: tuple[ImageDue, ...]
    removed: tuple[ImageDue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailsDue(Stored):
    """From before that time; None: all are kept. `files` is how many there were."""

    before: str | None
    files: int | None = field(default=None, metadata=WHERE_KNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDue(Stored):
    before: str | None
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Stored):
    """All are counted, the first ones named."""

    count: int
    named: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MisfitsFound(Stored):
    """`objects` no row names; `rows` name what is gone; `late` was said to be removed, and is now."""

    objects: Named
    rows: Named
    late: Named


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReport(Stored):
    """Before `begins_at` nothing is removed. A look that changes nothing has no misfits."""

    READS: ClassVar[frozenset[str]] = frozenset({SCHEMA})

    schema: str = SCHEMA
    at: str
    begins_at: str
    removes: bool
    predictions: LeftoversDue
    logs: LeftoversDue
    images: ImagesDue
    mails: MailsDue
    audit: AuditDue
    holds: int
    unread: Mapping[str, str] = field(default_factory=dict)
    """Editions whose stored rules cannot be read, and why; nothing of them is removed."""
    misfits: MisfitsFound | None = field(default=None, metadata=WHERE_KNOWN)

    @property
    def leftovers(self) -> Mapping[str, LeftoversDue]:
        return {"predictions": self.predictions, "logs": self.logs}
