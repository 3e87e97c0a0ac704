"""Scores per kind of anomaly (thesis Fig. 4.4 to 4.8).

Sample task: the abnormal scans of the kind against all normal scans of the set, weighted to 50 : 50. Pixel
task: the voxels of the abnormal scans of the kind, under the two-sided quantizer.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, median
from typing import Any

from mood_evaluator.analysis.chance import balanced_ap, chance_interval
from mood_evaluator.analysis.groups import CaseGroup
from mood_evaluator.curves import MIN_CASES, Curve
from mood_evaluator.errors import UndefinedScore
from mood_evaluator.runs.scored_run import ScoredRun
from mood_evaluator.runs.standings import Standings
from mood_evaluator.test_set import Task

Row = dict[str, Any]


def group_rows(standings: Standings, test_set: str, groups: Iterable[CaseGroup]) -> list[Row]:
    """Return a row per group and team with a result; undefined numbers are None."""
    scored = {team: run for team, run in standings.sets[test_set].items() if run.result.score is not None}
    return [
        {"test_set": test_set, "dimension": group.dimension, "group": group.name, "category": group.category}
        | {"place": group.place, "team": team, "cases": len(group.ids), **_score(run, group)}
        for group in groups
        for team, run in sorted(scored.items())
    ]


def median_rows(rows: Sequence[Row], best_team: str) -> list[Row]:
    """Return per group the median team, the best team overall, and the best team of this group."""
    found = []
    for key, own in _split(rows, ("test_set", "dimension", "group")).items():
        row = dict(zip(("test_set", "dimension", "group"), key, strict=True))
        row |= {
            name: own[0][name]
            for name in ("category", "place", "cases", "chance", "chance_low", "chance_high")
        }
        for name, better in (("ap", max), ("fpr_at_95_tpr", min)):
            known = [each[name] for each in own if each[name] is not None]
            row[name] = median(known) if known else None
            row[f"{name}_best"] = better(known) if known else None
            row[f"{name}_of_best_team"] = next(
                (each[name] for each in own if each["team"] == best_team), None
            )
        found.append(row)
    return found


def category_rows(medians: Sequence[Row]) -> list[Row]:
    """Return per category the mean over its subcategories of their medians."""
    kinds = [row for row in medians if row["dimension"] == "subcategory" and row["ap"] is not None]
    return [
        {
            "test_set": test_set,
            "category": category,
            "subcategories": len(own),
            "cases": sum(r["cases"] for r in own),
        }
        | {name: mean(row[name] for row in own) for name in ("ap", "chance", "chance_low", "chance_high")}
        for (test_set, category), own in _split(kinds, ("test_set", "category")).items()
    ]


def _score(run: ScoredRun, group: CaseGroup) -> Row:
    sample = run.task is Task.SAMPLE
    normal = [case_id for case_id, abnormal in run.abnormal.items() if not abnormal] if sample else []
    curve = Curve.of_cases(run.task, run.cases, dict.fromkeys(group.ids, True) | dict.fromkeys(normal, False))
    return score_curve(curve, cases=len(group.ids), balanced=sample)


def score_curve(curve: Curve, *, cases: int, balanced: bool) -> Row:
    """Return AP, AUROC, FPR@95TPR (from 20 cases on), and what guessing would score."""
    try:
        positives, negatives = int(curve.positives.sum()), int(curve.negatives.sum())
        ap = balanced_ap(curve) if balanced else curve.ap()
        low, high = chance_interval(positives, negatives, balanced=balanced)
        chance = 0.5 if balanced else positives / (positives + negatives)
        fpr = curve.fpr_at_tpr() if cases >= MIN_CASES else None
        auroc = curve.auroc()
    except UndefinedScore:
        return dict.fromkeys(("ap", "auroc", "fpr_at_95_tpr", "chance", "chance_low", "chance_high"))
    return {
        "ap": ap, "auroc": auroc, "fpr_at_95_tpr": fpr,
        "chance": chance, "chance_low": low, "chance_high": high,
    }  # fmt: skip


def _split(rows: Iterable[Row], names: tuple[str, ...]) -> Mapping[tuple[Any, ...], list[Row]]:
    parts: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        parts.setdefault(tuple(row[name] for name in names), []).append(row)
    return parts
