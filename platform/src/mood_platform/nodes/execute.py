"""One turn of a slot: claim a case, run its container outside any transaction, store and record the end."""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from threading import Event

from mood_platform.errors import PlatformError, Unreachable
from mood_platform.execution.outcome import StateName, outcome
from mood_platform.execution.runtime import CaseJob, Execution
from mood_platform.execution.starvation import lack_of
from mood_platform.insist import insist
from mood_platform.nodes.attendance import Slot, attend, leave_to_others, rest
from mood_platform.nodes.caches import cached_case, loaded_image
from mood_platform.nodes.door import Claim, ClaimingNode
from mood_platform.nodes.lease import kept_alive
from mood_platform.nodes.node import Node, case_folder
from mood_platform.terms import KeptKind, Stage

log = logging.getLogger(__name__)


def work_once(slot: Slot, *, stages: Collection[Stage]) -> bool:
    """Claim and run one case; False when there was none, or this Node must not take one now."""
    with slot.turn:
        if not attend(slot, stages=stages):
            leave_to_others(slot)
            return False
        claim = _claim(slot, stages)
        if claim is None:
            return False
        if _run(slot, claim) == "platform_fault":
            attend(slot, stages=stages)
        return True


def _claim(slot: Slot, stages: Collection[Stage]) -> Claim | None:
    """Work may wait that is not for this Node: then another one hears the bell."""
    node = slot.node
    claimant = ClaimingNode(
        name=node.name,
        machine=node.machine,
        facts=node.facts,
        images=node.loaded_images(),
        speed=node.speed,
    )
    answer = slot.door.claim(claimant, stages=stages)
    if answer.rings_again:
        rest(slot)
    return answer.claim


def _run(slot: Slot, claim: Claim) -> StateName:
    with (
        case_folder(slot.node, claim.claim_id) as folder,
        kept_alive(
            lambda: slot.door.heartbeat(claim.claim_id), every_seconds=slot.node.heartbeat_seconds
        ) as lost,
    ):
        execution = _execute(slot, claim, folder, lost)
        insist(lambda: _record(slot, claim, folder, execution, lost), on=(Unreachable, OSError))
    return outcome(execution).state_name


def _execute(slot: Slot, claim: Claim, folder: Path, lost: Event) -> Execution:
    """Bring image and case here, then run; what goes wrong before the start is the platform's fault."""
    node = slot.node
    with ExitStack() as used:
        try:
            used.enter_context(loaded_image(node, slot.door, slot.runtime, claim.image))
            case = used.enter_context(cached_case(node, slot.door, claim.case_sha256))
        except (OSError, PlatformError) as error:
            log.exception("Case run %s: image or case could not be prepared.", claim.case_run_id)
            return Execution(engine_error=str(error))
        return slot.runtime.execute(_job(node, claim, case, folder), should_stop=lost.is_set)


def _job(node: Node, claim: Claim, case: Path, folder: Path) -> CaseJob:
    return CaseJob(
        claim_id=claim.claim_id.hex,
        image=claim.image,
        task=claim.task,
        dataset=claim.dataset,
        case=case,
        output=folder / "prediction",
        log=folder / "log",
        limits=claim.limits,
        holder_image=node.holder_image,
        instance=node.instance,
        gpu=node.gpu,
        cpuset=node.cpuset,
    )


def _record(slot: Slot, claim: Claim, folder: Path, execution: Execution, lost: Event) -> None:
    judged = outcome(execution)
    if judged.state_name == "cancelled" or lost.is_set():
        log.info("Case run %s: claim %s was lost, its result is dropped.", claim.case_run_id, claim.claim_id)
        return
    if execution.engine_error is not None:
        log.error("Case run %s: %s", claim.case_run_id, execution.engine_error)
    lack = lack_of(execution.usage, claim.limits) if judged.state_name == "timed_out" else None
    kinds = [*KeptKind] if judged.state_name == "collected" else [KeptKind.LOG]
    left = [slot.door.keep(claim, kind, folder / kind) for kind in kinds if (folder / kind).exists()]
    if not slot.door.record(claim.claim_id, outcome=judged, execution=execution, left=left, lack=lack):
        log.info(
            "Case run %s: claim %s is not held any more, its result is dropped.",
            claim.case_run_id,
            claim.claim_id,
        )
