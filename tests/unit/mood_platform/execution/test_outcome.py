"""The outcome table: first match wins."""

import pytest

from mood_platform.execution.outcome import Outcome, OutcomeFlag, outcome
from mood_platform.execution.runtime import Collected, Execution
from mood_platform.failures import FailureReason as Why

PRESENT, MISSING = Collected.PRESENT, Collected.MISSING


def facts(collected: Collected | None = MISSING, exit_code: int | None = 0, **more: object) -> Execution:
    return Execution(collected=collected, exit_code=exit_code, **more)  # type: ignore[arg-type]


TABLE = {
    "prediction, exit 0": (facts(PRESENT), Outcome("collected")),
    "prediction, exit 1": (facts(PRESENT, 1), Outcome("collected", None, (OutcomeFlag.NONZERO_EXIT,))),
    "prediction, a child out of memory": (
        facts(PRESENT, 0, oom_killed=True),
        Outcome("collected", None, (OutcomeFlag.CHILD_OUT_OF_MEMORY,)),
    ),
    "prediction, long log": (
        facts(PRESENT, log_truncated=True),
        Outcome("collected", None, (OutcomeFlag.LOG_TRUNCATED,)),
    ),
    "no prediction, exit 0": (facts(), Outcome("output_missing", Why.OUTPUT_MISSING)),
    "no prediction, exit 1": (facts(MISSING, 1), Outcome("crashed", Why.CRASHED)),
    "no prediction, killed by itself": (facts(MISSING, 137), Outcome("crashed", Why.CRASHED)),
    "refused by a healthy engine": (
        facts(None, None, not_started=True),
        Outcome("crashed", Why.NOT_STARTED),
    ),
    "a link": (facts(Collected.IRREGULAR), Outcome("output_missing", Why.OUTPUT_IRREGULAR)),
    "too large, then an error": (
        facts(Collected.TOO_LARGE, 1),
        Outcome("output_missing", Why.OUTPUT_TOO_LARGE),
    ),
    "at the limit": (facts(None, 137, killed_at_limit=True), Outcome("timed_out", Why.TIMED_OUT)),
    "at the limit, out of memory": (
        facts(None, 137, killed_at_limit=True, oom_killed=True),
        Outcome("timed_out", Why.TIMED_OUT),
    ),
    "out of memory": (facts(MISSING, 137, oom_killed=True), Outcome("out_of_memory", Why.OUT_OF_MEMORY)),
    "out of memory after the prediction": (
        facts(PRESENT, 137, oom_killed=True),
        Outcome("out_of_memory", Why.OUT_OF_MEMORY),
    ),
    "engine restarted": (
        facts(None, 137, engine_restarted=True),
        Outcome("platform_fault", Why.NODE_RESTARTED),
    ),
    "engine restarted, prediction there": (
        facts(PRESENT, 0, engine_restarted=True),
        Outcome("collected"),
    ),
    "engine error": (
        facts(None, None, engine_error="no answer"),
        Outcome("platform_fault", Why.ENGINE_ERROR),
    ),
    "limits refused by a healthy engine": (
        facts(None, None, engine_error="no such limit", limits_refused=True),
        Outcome("platform_fault", Why.LIMITS_REFUSED),
    ),
    "engine error beats the limit": (
        facts(None, 137, engine_error="no answer", killed_at_limit=True),
        Outcome("platform_fault", Why.ENGINE_ERROR),
    ),
    "no GPU": (
        facts(None, None, engine_error="no driver", gpu_unavailable=True),
        Outcome("platform_fault", Why.GPU_UNAVAILABLE),
    ),
    "cancelled": (facts(None, 137, cancelled=True, engine_error="late"), Outcome("cancelled")),
}


@pytest.mark.parametrize("row", TABLE)
def test_the_outcome_of(row: str) -> None:
    execution, expected = TABLE[row]
    assert outcome(execution) == expected
