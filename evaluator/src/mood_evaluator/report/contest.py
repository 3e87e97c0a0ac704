"""All that is known of one task: the ranking that counts, and toy cases and sweeps beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mood_evaluator.analysis import Measures, chance_interval, measure_cases
from mood_evaluator.plots.scores import Guess
from mood_evaluator.report.words import ANATOMY, TASK
from mood_evaluator.runs.counting import count_runs, grounds_of
from mood_evaluator.runs.ground import Ground
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.stability import RunStability, bootstrap_runs
from mood_evaluator.runs.standings import Standings
from mood_evaluator.tables.stability import Stability
from mood_evaluator.test_set import Dataset, Manifest, Task, load_test_set

TEAMS = 10  # that a plot of pairs, dots or lines tells apart


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """A test set, where it lies, and what its anomalies measure."""

    test_set: Manifest
    folder: Path
    measures: Mapping[str, Measures]

    @classmethod
    def load(cls, folder: Path) -> "MeasuredSet":
        test_set = load_test_set(folder)
        return cls(test_set, folder, measure_cases(test_set.cases, folder))


@dataclass(frozen=True, slots=True)
class Contest:
    """`standings` are those that count, brain first; `toy` and `sweeps` move no rank."""

    task: Task
    standings: Standings
    stability: RunStability
    toy: Standings | None
    sweeps: Standings | None
    grounds: Mapping[str, Ground]
    sets: Mapping[str, MeasuredSet]
    predictions: Mapping[str, Mapping[str, Path]]
    draws: int
    seed: int
    styled: tuple[str, ...] = ()  # teams by the style that each has in the whole report

    @property
    def name(self) -> str:
        return TASK[self.task]

    @property
    def overall(self) -> Stability:
        """Return the ranks that count: the consensus, or those of the only test set."""
        return self.stability.consensus or next(iter(self.stability.sets.values())).stability

    @property
    def teams(self) -> list[str]:
        """Return the ranked teams, the best first."""
        places, means = self.standings.consensus()
        return sorted(places, key=lambda team: (places[team], means[team], team))

    def title(self, test_set: str) -> str:
        """Return Brain or Abdomen, with the name of the test set where several are of one."""
        dataset = self.grounds[test_set].dataset
        if dataset is None:
            return test_set
        parts = (self.standings, self.toy, self.sweeps)
        own = next(part.sets for part in parts if part is not None and test_set in part.sets)
        same = [name for name in own if self.grounds[name].dataset is dataset]
        return ANATOMY[dataset] if len(same) == 1 else f"{ANATOMY[dataset]} ({test_set})"

    @property
    def best_teams(self) -> str:
        """Return that a plot has the best teams alone, where it has."""
        return f"; the {TEAMS} best teams" if len(self.teams) > TEAMS else ""

    @property
    def lines(self) -> int:
        """Return how many teams a table shows before its CSV has to do."""
        return 8 if len(self.teams) <= TEAMS else 5

    def scored(self, test_set: str) -> list[str]:
        """Return the teams with a result there, the best first."""
        return teams_by_rank(self.standings, test_set)

    def tied(self, test_set: str, one: str, other: str) -> bool:
        """Return whether two teams have the same score there, as published."""
        ranks = self.standings.rankings()[test_set]
        return ranks[one] == ranks[other]

    def guess(self, test_set: str) -> Guess:
        """Return what guessing scores on the whole test set."""
        run = next(iter(self.standings.sets[test_set].values()))
        truth = [(part.positives, part.voxels) for part in run.evidence.values()]
        if self.task is Task.SAMPLE:
            truth = [(int(abnormal), 1) for abnormal in run.abnormal.values()]
        positives, total = (sum(column) for column in zip(*truth, strict=True))
        return positives / total, chance_interval(positives, total - positives, balanced=False)


def teams_by_rank(standings: Standings, test_set: str) -> list[str]:
    """Return the teams with a result, the best first."""
    scores, ranks = standings.scores(test_set), standings.rankings()[test_set]
    return sorted((team for team in ranks if scores[team] is not None), key=lambda team: (ranks[team], team))


def gather_contest(
    runs: Sequence[ScoredRun],
    sets: Sequence[MeasuredSet],
    *,
    bootstraps: int,
    seed: int,
    predictions: Mapping[str, Mapping[str, Path]],
    on_run: Callable[[], None] | None,
) -> Contest:
    """Rank the runs of one task and draw their scans; `on_run` is called after each run."""
    grounds = grounds_of(runs) | {one.test_set.name: Ground.of(one.test_set) for one in sets}
    counted = count_runs(runs, grounds)
    standings = _brain_first(counted.standings, grounds)
    return Contest(
        task=runs[0].task,
        standings=standings,
        stability=bootstrap_runs(standings, n=bootstraps, seed=seed, on_run=on_run),
        toy=None if counted.toy is None else _brain_first(counted.toy, grounds),
        sweeps=None if counted.sweeps is None else _brain_first(counted.sweeps, grounds),
        grounds=grounds,
        sets={found.test_set.name: found for found in sets},
        predictions=predictions,
        draws=bootstraps,
        seed=seed,
    )


def _brain_first(standings: Standings, grounds: Mapping[str, Ground]) -> Standings:
    """Put brain before abdomen, as the ground or else the name tells; other sets stay as they were given."""
    order = [*Dataset, None]
    place = {name: order.index(grounds[name].dataset or _named(name)) for name in standings.sets}
    names = sorted(place, key=lambda name: (place[name], name if order[place[name]] else ""))
    return replace(standings, sets={name: standings.sets[name] for name in names})


def _named(test_set: str) -> Dataset | None:
    """Return the dataset whose name stands in that of a test set, where it is one alone."""
    found = [dataset for dataset in Dataset if str(dataset) in test_set.lower()]
    return found[0] if len(found) == 1 else None
