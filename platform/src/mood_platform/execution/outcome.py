"""From the facts of one execution to its outcome: one pure function, first match wins."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mood_platform.execution.runtime import Collected, Execution
from mood_platform.failures import FailureReason

StateName = Literal[
    "collected", "timed_out", "out_of_memory", "crashed", "output_missing", "platform_fault", "cancelled"
]

SIGKILLED = 137
"""Exit code of a process ended by SIGKILL."""


class OutcomeFlag(StrEnum):
    """Worth telling although it decides nothing."""

    NONZERO_EXIT = "nonzero_exit"  # wrote a prediction, then ended with an error
    CHILD_OUT_OF_MEMORY = "child_out_of_memory"  # a child was killed for memory, the container went on
    STARVED = "starved"  # this machine did not give the case what its limits allow
    RAN_TWICE = "ran_twice"  # the Node starved its first run, which does not count
    LOG_TRUNCATED = "log_truncated"  # only the first and the last part of the log were kept


@dataclass(frozen=True, slots=True)
class Outcome:
    state_name: StateName
    reason: FailureReason | None = None
    flags: tuple[OutcomeFlag, ...] = ()


def outcome(execution: Execution) -> Outcome:
    """The outcome table of the platform. A case that was cancelled has no reason: its claim is gone."""
    state, reason = _judge(execution)
    return Outcome(state, reason, _flags(execution, state))


def _judge(execution: Execution) -> tuple[StateName, FailureReason | None]:
    if execution.cancelled:
        return "cancelled", None
    platform_fault = _platform_fault(execution)
    if platform_fault is not None:
        return "platform_fault", platform_fault
    if execution.killed_at_limit:
        return "timed_out", FailureReason.TIMED_OUT
    if execution.oom_killed and execution.exit_code != 0:
        return "out_of_memory", FailureReason.OUT_OF_MEMORY
    if execution.exit_code == SIGKILLED and execution.engine_restarted:
        return "platform_fault", FailureReason.NODE_RESTARTED
    return _judge_output(execution)


def _platform_fault(execution: Execution) -> FailureReason | None:
    if execution.gpu_unavailable:
        return FailureReason.GPU_UNAVAILABLE
    if execution.limits_refused:
        return FailureReason.LIMITS_REFUSED
    return FailureReason.ENGINE_ERROR if execution.engine_error is not None else None


def _judge_output(execution: Execution) -> tuple[StateName, FailureReason | None]:
    if execution.not_started:
        return "crashed", FailureReason.NOT_STARTED
    if execution.collected is Collected.PRESENT:
        return "collected", None
    # More telling than the exit code: a program that fills the output space mostly ends with an error too.
    if execution.collected is Collected.IRREGULAR:
        return "output_missing", FailureReason.OUTPUT_IRREGULAR
    if execution.collected is Collected.TOO_LARGE:
        return "output_missing", FailureReason.OUTPUT_TOO_LARGE
    if execution.exit_code != 0:
        return "crashed", FailureReason.CRASHED
    return "output_missing", FailureReason.OUTPUT_MISSING


def _flags(execution: Execution, state: StateName) -> tuple[OutcomeFlag, ...]:
    ended_well = execution.exit_code == 0
    found = {
        OutcomeFlag.NONZERO_EXIT: state == "collected" and not ended_well,
        OutcomeFlag.CHILD_OUT_OF_MEMORY: execution.oom_killed and ended_well,
        OutcomeFlag.LOG_TRUNCATED: execution.log_truncated,
    }
    return tuple(flag for flag, present in found.items() if present)
