"""How many bits leave by the permitted exits: the arithmetic behind the table of docs/security.md."""

from __future__ import annotations

import re
from math import comb, log2
from pathlib import Path

import pytest

from mood_platform.execution.outcome import outcome
from mood_platform.execution.runtime import Collected, Execution
from mood_platform.failures import Blame, FailureReason
from mood_platform.runs.progress import FEW, SOME
from mood_platform.runs.telling import EVERY

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text()
ENDS = (
    Execution(killed_at_limit=True),
    Execution(oom_killed=True, exit_code=1),
    Execution(not_started=True),
    Execution(collected=Collected.IRREGULAR, exit_code=0),
    Execution(collected=Collected.TOO_LARGE, exit_code=0),
    Execution(collected=Collected.MISSING, exit_code=1),
    Execution(collected=Collected.MISSING, exit_code=0),
)
REASONS = {outcome(end).reason for end in ENDS} | {FailureReason.OUTPUT_INVALID}
"""All that a hidden case can bring a team; the last one is found when the prediction is read."""
SLOWEST = 3
DECIMALS = 4


def feasible(reasons: int, bands: tuple[float, ...]) -> int:
    """Ways to give each reason silence or one of the bands, whose smallest shares fit into one Run."""
    ways = {0.0: 1}
    for _ in range(reasons):
        grown: dict[float, int] = {}
        for share, count in ways.items():
            for band in (0.0, *bands):
                total = round(share + band, 6)
                if total <= 1:
                    grown[total] = grown.get(total, 0) + count
        ways = grown
    return sum(ways.values())


BEFORE_CLOSING = log2(SLOWEST * feasible(len(REASONS), (FEW, SOME)))
AFTER_CLOSING = log2(SLOWEST * feasible(len(REASONS), (1e-6, FEW, SOME)))
ONE_NUMBER = log2(10**DECIMALS + 1)


def path_bits(*, cases: int, seconds: float) -> float:
    """Progress in 20 steps, looked at at every tick until the longest Run on one slot has ended."""
    ticks = -(-cases * seconds // EVERY.total_seconds())
    return log2(comb(int(ticks) + 20, 20))


def told(row: str) -> list[float]:
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| {row} |")]
    return [float(number) for number in re.findall(r"(\d+\.\d) bits", line)]


def test_every_reason_that_a_hidden_case_can_bring_a_team_is_counted() -> None:
    assert all(reason is not None and reason.blame is Blame.TEAM for reason in REASONS)
    assert len(REASONS) == 8


@pytest.mark.parametrize(
    ("row", "bits"),
    [
        ("bands of failures and of the slowest case", [BEFORE_CLOSING, AFTER_CLOSING]),
        ("progress on the clock", [path_bits(cases=28, seconds=600), path_bits(cases=200, seconds=30)]),
        ("a published score", [ONE_NUMBER, 3 * ONE_NUMBER]),
        ("a Team in one edition", [10 * BEFORE_CLOSING, 4 * 3 * ONE_NUMBER]),
        ("a Team in five editions on one set", [50 * BEFORE_CLOSING, 5 * 4 * 3 * ONE_NUMBER]),
    ],
)
def test_the_page_says_what_the_arithmetic_gives(row: str, bits: list[float]) -> None:
    assert told(row) == [round(value, 1) for value in bits]
