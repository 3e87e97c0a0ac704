"""Drives a small platform to the end of its work: all jobs, in this process, with the real evaluator."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from mood_evaluator import Task
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.runtime import CaseJob
from mood_platform.fake_queue import Handlers
from mood_platform.nodes.execute import work_once
from mood_platform.queueing import Job
from mood_platform.scoring.limited_child import ChildLimits
from mood_platform.scoring.replicates import draw_replicates
from mood_platform.scoring.rescore import rescore_run
from mood_platform.scoring.score_case import Evaluation, score_case
from mood_platform.scoring.score_run import score_run
from mood_support.factories import ALL_STAGES, TinyPlatform


def evaluation_of(platform: TinyPlatform) -> Evaluation:
    limits = ChildLimits(memory=8 * 2**30, cpu_seconds=60, wall_seconds=60)
    return Evaluation(sessions=platform.sessions, queue=platform.queue, store=platform.store, limits=limits)


def drive(platform: TinyPlatform, runtime: FakeRuntime, **node: Any) -> None:
    """Until the queue is empty; `node` changes single bounds of the slot's node."""
    slot, evaluation = platform.slot(runtime, **node), evaluation_of(platform)
    handlers: Handlers = {
        Job.WORK: lambda stage: work_once(slot, stages=ALL_STAGES),
        Job.SCORE_CASE: lambda case_run_id: score_case(evaluation, case_run_id=UUID(case_run_id)),
        Job.SCORE_RUN: lambda run_id: score_run(evaluation, run_id=UUID(run_id)),
        Job.RESCORE_RUN: lambda run_scoring_id: rescore_run(evaluation, run_scoring_id=UUID(run_scoring_id)),
        Job.DRAW_REPLICATES: lambda replicates_id: draw_replicates(
            evaluation, replicates_id=UUID(replicates_id)
        ),
    }
    platform.queue.drain(handlers)


def echo(job: CaseJob) -> Scripted:
    """A container whose answer is valid: the input itself as map, or a number made from its bytes."""
    if job.task is Task.PIXEL:
        return Scripted.writing(job.case.read_bytes(), log=b"done\n")
    digest = hashlib.sha256(job.case.read_bytes()).digest()
    return Scripted.writing(f"{int.from_bytes(digest[:4]) / 2**32}\n".encode(), log=b"done\n")
