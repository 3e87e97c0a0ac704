"""One Run with all that its documents speak of, read in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mood_evaluator import Manifest
from mood_platform.db.transaction import Transaction
from mood_platform.models import CaseRun, Run, Submission, TestSet
from mood_platform.runs.dropped import Dropped
from mood_platform.runs.queries import case_runs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The CaseRuns of one test set."""

    manifest: Manifest
    toy: bool
    case_runs: Sequence[CaseRun]
    dropped: frozenset[str] = frozenset()
    """Ids of Cases of the test set that count for nobody; their CaseRuns are not among these."""

    def without(self, case_ids: Collection[str]) -> Part:
        """Those of these Cases that its Task has are dropped."""
        dropped = frozenset(one.case.case_id for one in self.case_runs if one.case.case_id in case_ids)
        kept = [one for one in self.case_runs if one.case.case_id not in dropped]
        return replace(self, case_runs=kept, dropped=dropped)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    run: Run
    submission: Submission
    """With its image and team."""
    parts: Sequence[Part]
    dropped: Dropped = field(default_factory=Dropped)
    """Cases that count for nobody, which the parts are without."""

    @property
    def toy_parts(self) -> list[Part]:
        return [part for part in self.parts if part.toy]

    @property
    def scored_parts(self) -> list[Part]:
        """What the results are about: the hidden test sets; of a toy Run its toy sets."""
        return [part for part in self.parts if not part.toy] or self.toy_parts


def read_run(tx: Transaction, *, run_id: UUID) -> RunFacts:
    relations = joinedload(Run.submission).options(joinedload(Submission.image), joinedload(Submission.team))
    run = tx.session.scalars(select(Run).where(Run.id == run_id).options(relations)).one()
    groups: dict[tuple[UUID, bool], list[CaseRun]] = {}
    for case_run in case_runs_of(tx, run=run):
        groups.setdefault((case_run.case.test_set_id, case_run.toy), []).append(case_run)
    ids = {test_set_id for test_set_id, _ in groups}
    rows = tx.session.scalars(select(TestSet).where(TestSet.id.in_(ids)))
    manifests = {row.id: Manifest.from_json(row.manifest, place=f"test set {row.name}") for row in rows}
    parts = [
        Part(manifest=manifests[test_set_id], toy=toy, case_runs=_in_manifest_order(case_runs))
        for (test_set_id, toy), case_runs in groups.items()
    ]
    return RunFacts(run=run, submission=run.submission, parts=sorted(parts, key=_place))


def _in_manifest_order(case_runs: Sequence[CaseRun]) -> list[CaseRun]:
    return sorted(case_runs, key=lambda case_run: case_run.case.position)


def _place(part: Part) -> tuple[bool, int, str]:
    """Toy sets first, then by Dataset, then by name."""
    return not part.toy, part.manifest.dataset.order, part.manifest.name
