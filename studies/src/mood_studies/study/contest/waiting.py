"""Waits for Runs, and says how far each team is and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import httpx

from mood_platform.cli.problems import Problem
from mood_studies.driving.stages import Stages, StepFailed

LOOK_EVERY_SECONDS = 15.0  # a look costs the platform 0.3 s of a CPU where 30 teams take part
TELL_EVERY_SECONDS = 20.0
PATIENCE_SECONDS = 600.0
"""Without an answer; whatever died is started again by the platform's supervisor."""


@dataclass(frozen=True)
class Watched:
    """One Run: so many of its cases are over."""

    method: str
    done: int
    total: int
    over: bool
    problem: str | None = None


def watch(stages: Stages, what: str, look: Callable[[], Sequence[Watched]]) -> dict[str, str]:
    """Until all Runs are over; returns the problems by method."""
    begun, told, first = time.monotonic(), float("-inf"), None
    while True:
        runs = look_patiently(look)
        done = sum(run.done for run in runs)
        first = done if first is None else first
        over, now = all(run.over for run in runs), time.monotonic()
        if over or now - told > TELL_EVERY_SECONDS:
            told = now
            stages.say(f"   {what}: {summary(runs, fresh=done - first, seconds=now - begun)}")
            stages.say(f"      {by_team(runs)}")
        if over:
            return problems_of(runs)
        time.sleep(LOOK_EVERY_SECONDS)


def problems_of(runs: Iterable[Watched]) -> dict[str, str]:
    found: dict[str, str] = {}
    for run in runs:
        if run.problem is not None:
            found[run.method] = "; ".join(filter(None, (found.get(run.method), run.problem)))
    return found


def summary(runs: Sequence[Watched], *, fresh: int, seconds: float) -> str:
    """`fresh` cases were done within `seconds`."""
    done, total = sum(run.done for run in runs), sum(run.total for run in runs)
    text = f"{done} of {total} cases"
    if done == total:
        return text
    return f"{text}, {in_words((total - done) * seconds / fresh)} left" if fresh else f"{text} so far"


def by_team(runs: Iterable[Watched]) -> str:
    """Percent of the cases of each team."""
    sums: dict[str, tuple[int, int]] = {}
    for run in runs:
        done, total = sums.get(run.method, (0, 0))
        sums[run.method] = done + run.done, total + run.total
    return "  ".join(f"{method} {100 * done // max(total, 1)} %" for method, (done, total) in sums.items())


def in_words(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def look_patiently(
    look: Callable[[], Sequence[Watched]], *, every: float = LOOK_EVERY_SECONDS
) -> Sequence[Watched]:
    """A platform that does not answer is asked again."""
    begun = time.monotonic()
    while True:
        try:
            return look()
        except (httpx.HTTPError, Problem) as error:
            if time.monotonic() - begun > PATIENCE_SECONDS:
                raise StepFailed(f"the platform does not answer: {error}") from error
            time.sleep(every)
