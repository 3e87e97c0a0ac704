"""Object-level numbers per team, where the runs have objects."""

from dataclasses import asdict
from typing import Any

from mood_evaluator.errors import UndefinedScore
from mood_evaluator.objects.free_response import froc
from mood_evaluator.objects.summary import detections_by, summarize_objects
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.standings import Standings
from mood_evaluator.test_set import TestSet


def object_rows(standings: Standings, test_set: str) -> list[dict[str, Any]]:
    """Return counts, precision, recall, CPM and false volume per team."""
    found = []
    for team, run in _with_objects(standings, test_set):
        summary = summarize_objects(list(run.objects.values()))
        assert run.detection is not None
        row = {"test_set": test_set, "team": team, "threshold": run.detection.threshold}
        row |= {"min_volume": run.detection.min_volume, **asdict(summary)}
        row |= {"precision": summary.precision, "recall": summary.recall, "cpm": _cpm(run)}
        found.append(row)
    return found


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


def detection_rows(standings: Standings, test_set: TestSet) -> list[dict[str, Any]]:
    """Return per team how many objects of each difficulty were found (the form of Table 4.5)."""
    grades = {case.id: f"difficulty {case.difficulty}" for case in test_set.cases}
    return [
        {"test_set": test_set.name, "team": team, "class": name, "detected": detected, "reference": reference}
        for team, run in _with_objects(standings, test_set.name)
        for name, (detected, reference) in detections_by(run.objects, grades.__getitem__).items()
    ]


def _with_objects(standings: Standings, test_set: str) -> list[tuple[str, ScoredRun]]:
    return [(team, run) for team, run in sorted(standings.sets[test_set].items()) if run.objects]


def _cpm(run: ScoredRun) -> float | None:
    try:
        return froc(list(run.objects.values())).cpm()
    except UndefinedScore:
        return None
