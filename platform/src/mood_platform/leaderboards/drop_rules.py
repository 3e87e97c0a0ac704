"""How many cases, and which, may count for nobody: a score must stay one of the whole test set."""

from __future__ import annotations

from collections.abc import Collection

from mood_evaluator import BatchingImpossible, Manifest, Task, UndefinedScore
from mood_platform.errors import Conflict

PERCENT = 2
"""Of the Task's cases in a test set, at most."""
WAIT = "Try it again (mood admin resume), or end its run (mood admin cancel)."


def most_dropped(cases: int) -> int:
    """How many of so many cases may be dropped; none of fewer than 50."""
    return cases * PERCENT // 100


def check_drop(manifest: Manifest, task: Task, case_ids: Collection[str]) -> None:
    """Refuses too many, and what would leave a batch of either batching without an abnormal voxel."""
    cases = len(manifest.for_task(task))
    if len(case_ids) > most_dropped(cases):
        raise Conflict(
            f"At most {PERCENT} % of the cases of a test set may be dropped: of the {cases} {task} cases of "
            f"{manifest.name} that is {most_dropped(cases) or 'none'}, and not {len(case_ids)}.",
            remedy=WAIT,
        )
    try:
        manifest.without(case_ids, task=task)
    except (BatchingImpossible, UndefinedScore) as error:
        raise Conflict(f"This cannot be dropped from {manifest.name}. {error}", remedy=WAIT) from error
