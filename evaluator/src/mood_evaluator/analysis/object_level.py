"""Object-level numbers per team in the order of the official board, where the runs have objects."""

from dataclasses import asdict, dataclass
from typing import Any

from mood_evaluator.errors import UndefinedScore
from mood_evaluator.objects.free_response import froc
from mood_evaluator.objects.rule import MatchingRule
from mood_evaluator.objects.sensitivity import ObjectSensitivity, object_sensitivity
from mood_evaluator.objects.summary import ObjectSummary, detections_by, summarize_objects
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.standings import Standings
from mood_evaluator.test_set import Manifest


def object_rows(standings: Standings, test_set: str) -> list[dict[str, Any]]:
    """Return counts, precision, recall, CPM and false volume per team."""
    found = []
    for team, run in _with_objects(standings, test_set):
        summary = summarize_objects(list(run.objects.values()))
        assert run.detection is not None
        row = {"test_set": test_set, "team": team, "threshold": run.detection.threshold}
        row |= {"min_volume": run.detection.min_volume, **asdict(summary)}
        row |= {"precision": summary.precision, "recall": summary.recall, "f1": summary.f1, "cpm": _cpm(run)}
        found.append(row)
    return found


@dataclass(frozen=True, slots=True)
class Detections:
    """What one team found at its threshold, and the rule."""

    team: str
    summary: ObjectSummary
    rule: MatchingRule

    def to_json(self) -> dict[str, Any]:
        rates = {name: getattr(self.summary, name) for name in ("precision", "recall", "f1")}
        return {"team": self.team, **rates, **asdict(self.summary), "rule": self.rule.to_json()}


@dataclass(frozen=True, slots=True)
class TeamSensitivity:
    """The object sensitivity of one team."""

    team: str
    found: ObjectSensitivity

    def to_json(self) -> dict[str, Any]:
        return {"team": self.team, **self.found.to_json()}


def detections(standings: Standings, test_set: str) -> tuple[Detections, ...]:
    """Return counts, precision, recall and F1 at the threshold fixed beforehand, per team."""
    return tuple(
        Detections(team, summarize_objects(list(run.objects.values())), run.rule)
        for team, run in _with_objects(standings, test_set)
        if run.rule is not None
    )


def object_sensitivities(
    standings: Standings, test_set: str, *, n: int, seed: int
) -> tuple[TeamSensitivity, ...]:
    """Return the object sensitivity of each team that has one, with intervals over `n` draws of scans."""
    return tuple(
        TeamSensitivity(
            team,
            object_sensitivity(
                run.sweep, run.abnormal, spacings=run.spacings, n=n, seed=seed, stream=run.test_set
            ),
        )
        for team, run in standings.board_runs(test_set)
        if run.sweep is not None and any(scan.reachable for scan in run.sweep.scans.values())
    )


def froc_rows(standings: Standings, test_set: str) -> list[dict[str, Any]]:
    """Return the points of the FROC curve per team."""
    found = []
    for team, run in _with_objects(standings, test_set):
        if _cpm(run) is not None:
            curve = froc(list(run.objects.values()))
            points = zip(curve.false_per_scan, curve.sensitivity, strict=True)
            found += [
                {"test_set": test_set, "team": team, "false_per_scan": float(x), "sensitivity": float(y)}
                for x, y in points
            ]
    return found


def detection_rows(standings: Standings, test_set: Manifest) -> list[dict[str, Any]]:
    """Return per team how many objects of each difficulty were found (the form of Table 4.5)."""
    grades = {case.id: f"difficulty {case.difficulty}" for case in test_set.cases}
    return [
        {"test_set": test_set.name, "team": team, "class": name, "detected": detected, "reference": reference}
        for team, run in _with_objects(standings, test_set.name)
        for name, (detected, reference) in detections_by(run.objects, grades.__getitem__).items()
    ]


def _with_objects(standings: Standings, test_set: str) -> list[tuple[str, ScoredRun]]:
    return [(team, run) for team, run in standings.board_runs(test_set) if run.objects]


def _cpm(run: ScoredRun) -> float | None:
    try:
        return froc(list(run.objects.values())).cpm()
    except UndefinedScore:
        return None
