"""What a case left in the store, written down with size and hash as the case ends."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from mood_platform.db.transaction import Transaction
from mood_platform.models import CaseRun, KeptObject, Run, Submission
from mood_platform.nodes.door import Left
from mood_platform.terms import KeptKind


def keep_left(tx: Transaction, *, case_run: CaseRun, left: Sequence[Left]) -> None:
    """The CaseRun names what its last attempt left; rows of earlier attempts stay until removal."""
    keys = {one.kind: one.key for one in left}
    case_run.prediction_key, case_run.log_key = keys.get(KeptKind.PREDICTION), keys.get(KeptKind.LOG)
    owner = select(Submission.team_id).join(Run, Run.submission_id == Submission.id)
    team_id = tx.session.scalars(owner.where(Run.id == case_run.run_id)).one()
    tx.session.add_all(
        KeptObject(
            key=one.key,
            team_id=team_id,
            run_id=case_run.run_id,
            case_run_id=case_run.id,
            kind=one.kind,
            toy=case_run.toy,
            size=one.size,
            sha256=one.sha256,
            stored_at=tx.now,
        )
        for one in left
    )
