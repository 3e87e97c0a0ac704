"""The numbers behind Fig. 4.4 to 4.8 of the thesis: sweeps of size and intensity, and kinds of anomalies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mood_evaluator import Manifest, ManifestCase, Task
from mood_evaluator.analysis import CaseGroup, category_rows, group_cases, group_rows, median_rows
from mood_evaluator.runs import Standings
from mood_studies.study.numbers.boards import standings_of
from mood_studies.study.numbers.scored import Row, Scored
from mood_studies.study.scale import DATASETS, TASKS

SWEEPS = {"size-sweep": "radius", "contrast-sweep": "intensity"}
"""What varies, by its name in a case's annotation."""
DIMENSIONS = ("subcategory", "difficulty")
EVERYTHING = "all abnormal scans"


def sweeps(
    scored: Sequence[Scored], sets: Mapping[str, Manifest], *, left_out: Iterable[str] = ()
) -> list[Row]:
    """AP of each team per level of what varies; no sentence counts the teams `left_out`."""
    standings = standings_of(scored, "pixel", ("analysis",))
    names = [f"{kind}-{dataset}" for kind in SWEEPS for dataset in DATASETS]
    if standings is None:
        return []
    out = sorted(left_out)
    return [sweep(standings, sets[name]) | {"left_out": out} for name in names if name in standings.sets]


def sweep(standings: Standings, test_set: Manifest) -> Row:
    varied = SWEEPS[test_set.purpose]
    rows = group_rows(standings, test_set.name, levels_of(test_set, varied))
    levels = sorted({row["place"] for row in rows})
    teams: dict[str, list[float | None]] = {}
    for row in sorted(rows, key=lambda row: (row["team"], row["place"])):
        teams.setdefault(row["team"], []).append(row["ap"])
    guesses = {row["place"]: row["chance"] for row in rows}
    return {
        "kind": test_set.purpose,
        "dataset": str(test_set.dataset),
        "varied": varied,
        "side": test_set.cases[0].shape[0],
        "subjects": len({case.base_subject for case in test_set.cases}),
        "levels": levels,
        "chance": [guesses[level] for level in levels],
        "teams": teams,
    }


def levels_of(test_set: Manifest, varied: str) -> list[CaseGroup]:
    """The abnormal cases of each radius (in voxels) or intensity."""
    levels: dict[float, list[str]] = {}
    for case in test_set.for_task(Task.PIXEL):
        if case.abnormal and case.annotation:
            levels.setdefault(round(float(json.loads(case.annotation)[varied]), 2), []).append(case.id)
    return [CaseGroup(varied, f"{level:g}", None, level, tuple(ids)) for level, ids in sorted(levels.items())]


def kinds(
    scored: Sequence[Scored], sets: Mapping[str, Manifest], *, left_out: Iterable[str]
) -> dict[str, dict[str, Row]]:
    """By Task and Dataset; the teams `left_out` enter no median, as they are there to be beaten."""
    found: dict[str, dict[str, Row]] = {}
    for task in TASKS:
        standings = standings_of(scored, task, ("challenge",))
        for dataset in DATASETS if standings else ():
            assert standings is not None
            if f"test-{dataset}" in standings.sets:
                part = kinds_of(standings, sets[f"test-{dataset}"], set(left_out))
                found.setdefault(task, {})[dataset] = part
    return found


def kinds_of(standings: Standings, test_set: Manifest, left_out: set[str]) -> Row:
    groups = group_cases(test_set, standings.task, {}) + scopes_of(test_set, standings.task)
    every = group_rows(standings, test_set.name, groups)
    rows = [row for row in every if row["team"] not in left_out] or every
    scores = standings.scores(test_set.name)
    teams = sorted({row["team"] for row in rows}, key=lambda team: (-(scores[team] or 0), team))
    medians = median_rows(rows, teams[0] if teams else "")
    return {
        "teams": teams,
        "categories": sorted(map(_slim, category_rows(medians)), key=_from_best),
        **{
            dimension: [_slim(row) for row in medians if row["dimension"] == dimension]
            for dimension in DIMENSIONS
        },
        "false_alarms": [
            _slim(row) for row in medians if row["dimension"] in ("scope", "category", "subcategory")
        ],
        "fpr_of_teams": {row["team"]: row["fpr_at_95_tpr"] for row in every if row["group"] == EVERYTHING},
    }


def scopes_of(test_set: Manifest, task: Task) -> list[CaseGroup]:
    """All abnormal scans, the local and the global ones: enough for a rate even where no kind has enough."""
    abnormal = [case for case in test_set.for_task(task) if case.abnormal]
    names: dict[str, list[ManifestCase]] = {EVERYTHING: abnormal}
    for scope in ("local", "global"):
        names[f"all {scope} anomalies"] = [case for case in abnormal if case.scope == scope]
    return [
        CaseGroup("scope", name, None, float(place), tuple(case.id for case in cases))
        for place, (name, cases) in enumerate(names.items())
        if cases
    ]


def _slim(row: Mapping[str, Any]) -> Row:
    """Without what is the same in all rows."""
    return {name: value for name, value in row.items() if name not in ("test_set", "dimension")}


def _from_best(row: Row) -> float:
    return -float(row["ap"])
