"""Proposes to drop cases for everybody: all Runs are scored without them, and the draft compares."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mood_evaluator import Dataset, Manifest, Task
from mood_platform.accounts.audit import audit, subject_of
from mood_platform.challenges.locking import lock_rules_alone
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict, Invalid
from mood_platform.leaderboards.drop_rules import check_drop
from mood_platform.leaderboards.parked import parked_cases, waiting_for_dropped_alone
from mood_platform.leaderboards.selection import find_pending
from mood_platform.models import Challenge, Rescoring
from mood_platform.runs.dropped import Dropped, read_dropped
from mood_platform.runs.rescorings import Order, order_rescoring, rescoring_targets
from mood_platform.storage.store import ObjectStore


def propose_drop(
    tx: Transaction,
    *,
    challenge: Challenge,
    task: Task,
    case_ids: Collection[str],
    actor: str,
    store: ObjectStore,
) -> Rescoring:
    """Have all Runs scored without these parked cases too, for the draft to compare; nothing else changes."""
    if not case_ids:
        raise Invalid("Field cases: it is empty.", remedy="mood admin draft names the parked cases.")
    lock_rules_alone(tx, challenge_id=challenge.id)
    known = read_dropped(tx, challenge_id=challenge.id, task=task)
    new = require_parked(tx, challenge=challenge, task=task, case_ids=case_ids)
    dropped = _with(known, new)
    for dataset, row in rescoring_targets(tx, challenge=challenge).items():
        check_drop(Manifest.from_json(row.manifest), task, dropped.of(dataset))
    pending = find_pending(tx, challenge=challenge, task=task)
    unfinished = waiting_for_dropped_alone(tx, submissions=pending, dropped=dropped)
    order = Order(challenge, task, actor, dropped, store, tuple(unfinished.values()))
    proposed = order_rescoring(tx, order=order, reason="", decided=False)
    write_down(tx, "case.propose_drop", challenge=challenge, row=proposed, actor=actor)
    return proposed


def require_parked(
    tx: Transaction, *, challenge: Challenge, task: Task, case_ids: Collection[str]
) -> set[tuple[Dataset, str]]:
    """Each of them is parked in a Run that a publication waits for."""
    pending = find_pending(tx, challenge=challenge, task=task)
    parked = {(one.dataset, one.case.case_id) for one in parked_cases(tx, submissions=pending)}
    wanted = {one for one in parked if one[1] in case_ids}
    if others := sorted(set(case_ids) - {case_id for _, case_id in wanted}):
        raise Conflict(
            f"No run of the {task} task that counts waits for {', '.join(others)}.",
            remedy="Only parked cases can be dropped, none of a held run: mood admin draft names them.",
        )
    return wanted


def write_down(
    tx: Transaction, action: str, *, challenge: Challenge, row: Rescoring, actor: str, reason: str = ""
) -> None:
    """With all that is dropped then; the audit trail is for organizers."""
    cases = {name: sorted(ids) for name, ids in row.dropped.items() if ids}
    data = {"task": str(row.task), "number": row.number, "dropped": cases}
    subject = subject_of("challenge", challenge)
    audit(tx, actor=actor, action=action, subject=subject, reason=reason, data=data)


def _with(known: Dropped, more: Iterable[tuple[Dataset, str]]) -> Dropped:
    """The reason of what is only proposed is not known yet."""
    reasons = {dataset: dict(cases) for dataset, cases in known.reasons.items()}
    for dataset, case_id in more:
        reasons.setdefault(dataset, {}).setdefault(case_id, "")
    return Dropped(reasons)
