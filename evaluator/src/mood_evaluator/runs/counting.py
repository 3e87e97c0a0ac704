"""Which runs count: toy cases and sweeps move no rank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mood_evaluator.runs.ground import NOT_SAID, Ground
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.standings import Standings, gather_runs
from mood_evaluator.test_set import Dataset


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """`standings` rank; `toy` and `sweeps` stand beside them, None where no team is eligible there."""

    standings: Standings
    toy: Standings | None
    sweeps: Standings | None

    @property
    def beside(self) -> tuple[str, ...]:
        """Return the test sets that move no rank."""
        return tuple(name for part in (self.toy, self.sweeps) if part is not None for name in part.sets)


def grounds_of(runs: Sequence[ScoredRun]) -> dict[str, Ground]:
    """Return what is known of each test set: what the first run that says something says."""
    found = {run.test_set: run.ground for run in reversed(runs) if run.ground == NOT_SAID}
    return found | {run.test_set: run.ground for run in reversed(runs) if run.ground != NOT_SAID}


def count_runs(runs: Sequence[ScoredRun], grounds: Mapping[str, Ground] | None = None) -> Counted:
    """Put the runs of one task side by side that count: all of them where none is of a test.

    `grounds` are those of the test sets (default: what the runs say). Raises EvaluatorError for runs that
    cannot be compared.
    """
    grounds = grounds or grounds_of(runs)
    parts: dict[str, list[ScoredRun]] = {"test": [], "toy": [], "sweep": []}
    for run in runs:
        purpose = grounds[run.test_set].purpose or ""
        parts["toy" if purpose == "toy" else "sweep" if purpose.endswith("sweep") else "test"].append(run)
    if not any(run.eligible for run in parts["test"]):
        parts = {"test": list(runs), "toy": [], "sweep": []}
    return Counted(gather_runs(parts["test"]), _beside(parts["toy"]), _beside(parts["sweep"]))


def _beside(runs: Sequence[ScoredRun]) -> Standings | None:
    return gather_runs(runs) if any(run.eligible for run in runs) else None


def sets_twice(standings: Standings, grounds: Mapping[str, Ground]) -> dict[Dataset, tuple[str, ...]]:
    """Return the test sets of each Dataset that has several: in a consensus it counts as often."""
    of: dict[Dataset, list[str]] = {}
    for name in standings.sets:
        dataset = grounds[name].dataset
        if dataset is not None:
            of.setdefault(dataset, []).append(name)
    return {dataset: tuple(names) for dataset, names in of.items() if len(names) > 1}
