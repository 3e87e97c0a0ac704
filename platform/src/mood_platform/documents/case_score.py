"""The evaluator's score of a case, as rows, results and reports have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from mood_evaluator import CaseScore, Evidence, OutputFault
from mood_platform.documents.stored import Kept


@dataclass(frozen=True, kw_only=True)
class StoredScore(Kept):
    """A prediction that is not valid has a `fault`; its `evidence` are a few figures of the Evidence."""

    valid: bool
    fault: str | None = None
    flags: tuple[str, ...]
    score: float | None = None
    case_ap: float | None = None
    evidence: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """What a column of the database holds."""
        return cls.from_json(row, place="the score of a case")

    @property
    def has_abnormal_voxels(self) -> bool:
        return bool((self.evidence or {}).get("positives"))

    def unread(self) -> StoredScore:
        """Of a prediction that ended its reader in a way that nobody foresaw."""
        return self.of({**self.written, "fault": str(OutputFault.UNREADABLE), "unforeseen": True})

    def with_evidence(self, evidence: Evidence | None) -> CaseScore:
        return CaseScore.from_json(self.written, evidence=evidence)
