"""Which waiting cases a Node had better leave to others: those it failed, and those of a suspected Image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import aliased

from mood_platform.db.transaction import Transaction
from mood_platform.models import CaseRun, CaseRunState, Image, Run, Stage, Submission
from mood_platform.runs.node_health import living

ANYTHING: ColumnElement[bool] = true()
"""Said of all cases: nothing waits for a machine of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suiting:
    """Which waiting cases a Node may run. Both speak of a CaseRun, its Run and its Image."""

    plain: ColumnElement[bool]
    """Cheap, and true of nearly all cases; what passes it suits every Node."""
    whole: Callable[[], ColumnElement[bool]]
    """All that is to be said; asked only when some case did not pass the plain test."""

    def within(self, room: ColumnElement[bool]) -> Suiting:
        """Where second runs leave only some cases to this Node, no case is plain."""
        if room is ANYTHING:
            return self
        return Suiting(plain=_nothing(), whole=lambda: and_(self.whole(), room))


def what_suits(tx: Transaction, *, node: str, lease_seconds: float) -> Suiting:
    return Suiting(
        plain=untroubled(),
        whole=lambda: and_(may_go_to(tx, node=node, lease_seconds=lease_seconds), not_beside_itself()),
    )


@cache
def _nothing() -> ColumnElement[bool]:
    return false()


@cache
def untroubled() -> ColumnElement[bool]:
    """No Node has failed it, and nobody suspects its Image."""
    return and_(func.jsonb_array_length(CaseRun.failed_on) == 0, Image.suspect_since.is_(None))


def may_go_to(tx: Transaction, *, node: str, lease_seconds: float) -> ColumnElement[bool]:
    """Of a CaseRun and its Run: this Node did not fail it yet, or so did all the others that live."""
    others = {stage: living(tx, stage=stage, lease_seconds=lease_seconds) for stage in Stage}
    failed_everywhere = (
        and_(_announced_as(stage), CaseRun.failed_on.contains([node, *others[stage]])) for stage in Stage
    )
    return or_(~CaseRun.failed_on.contains([node]), *failed_everywhere)


def _announced_as(stage: Stage) -> ColumnElement[bool]:
    """By which bell a CaseRun is announced."""
    return CaseRun.toy.is_(True) if stage is Stage.TOY else and_(~CaseRun.toy, Run.stage == stage)


def not_beside_itself() -> ColumnElement[bool]:
    """Of a Run and its Image: one case of a suspected Image runs at a time."""
    case, run, submission = aliased(CaseRun), aliased(Run), aliased(Submission)
    running = (
        select(case.id)
        .join(run, case.run_id == run.id)
        .join(submission, run.submission_id == submission.id)
        .where(case.state == CaseRunState.RUNNING, submission.image_id == Image.id)
        .correlate(Image)
        .exists()
    )
    return or_(Image.suspect_since.is_(None), ~running)
