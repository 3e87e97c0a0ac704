"""A study in small: three teams, two test sets of eight scans with 27 voxels each, all in memory."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from mood_evaluator import CaseScore, Dataset, Evidence, Manifest, ManifestCase, Quantizer, Task, score_cases
from mood_evaluator.runs import Ground, ScoredRun
from mood_studies.study.numbers.scored import Scored
from mood_studies.study.scale import title_of

SHAPE, VOXELS = (3, 3, 3), 27
SKILL = {"constant": 0.0, "pca": 0.3, "cevae": 0.8}
"""How much of the truth a method's scores show; the rest is noise."""


def make_case(number: int, *, purpose: str) -> ManifestCase:
    """The odd ones are abnormal, each with its own level of difficulty; in sweeps all but the first are."""
    sweep = purpose.endswith("sweep")
    abnormal = number > 0 if sweep else number % 2 == 1
    scope = "global" if number == 7 and not sweep else "local"
    return ManifestCase(
        id=f"{number:032x}",
        image=f"images/{number}.nii.gz",
        label=f"labels/{number}.nii.gz" if abnormal and scope == "local" else None,
        shape=SHAPE,
        abnormal=abnormal,
        tasks=(Task.SAMPLE,) if abnormal and scope == "global" else (Task.SAMPLE, Task.PIXEL),
        scope=scope if abnormal else None,
        origin="artificial" if abnormal else "none",
        category=("destruction" if scope == "global" else "image") if abnormal else None,
        subcategory=("missing" if scope == "global" else f"kind {number % 3}") if abnormal else None,
        difficulty=1 + number if abnormal else None,
        base_subject="brain-sweep-0000",
        annotation=json.dumps({"radius": float(number), "intensity": number / 10}) if abnormal else None,
    )


def make_set(name: str, purpose: str) -> Manifest:
    return Manifest(
        name=name,
        dataset=Dataset(name.rpartition("-")[2]),
        purpose=purpose,
        recipe=f"{purpose} 3",
        generator_version="2",
        source_subjects=2,
        cases=tuple(make_case(number, purpose=purpose) for number in range(8)),
        not_hidden=True,
    )


def make_run(method: str, task: Task, test_set: Manifest) -> ScoredRun:
    random = np.random.default_rng([len(method), len(test_set.name), task is Task.PIXEL])
    cases: dict[str, CaseScore] = {}
    for case in test_set.for_task(task):
        noise, skill = random.random(VOXELS), SKILL[method]
        truth = np.zeros(VOXELS, np.bool_)
        truth[:4] = case.abnormal
        scores = (skill * truth + (1 - skill) * noise) * (skill > 0)
        evidence = Evidence.of(scores.astype(np.float32), truth) if task is Task.PIXEL else None
        score = None if task is Task.PIXEL else float(scores[0])
        cases[case.id] = CaseScore(valid=True, score=score, evidence=evidence)
    abnormal = {case.id: case.abnormal for case in test_set.for_task(task)}
    result = score_cases(
        task=task,
        abnormal=abnormal,
        batchings=(),
        case_scores=cases,
        precision=Quantizer.TWO_SIDED if task is Task.PIXEL else None,
    )
    return ScoredRun(
        team=title_of(method), task=task, test_set=test_set.name, test_set_digest=test_set.digest,
        precision="float32", result=result, abnormal=abnormal, cases=cases,
        ground=Ground.of(test_set),
    )  # fmt: skip


@pytest.fixture(scope="session")
def sets() -> dict[str, Manifest]:
    purposes = ("test", "toyish", "size-sweep", "contrast-sweep", "toy")
    return {name: make_set(name, purpose) for purpose in purposes for name in (f"{purpose}-brain",)}


@pytest.fixture(scope="session")
def scored(sets: dict[str, Manifest]) -> list[Scored]:
    stages = {"test": "challenge", "toy": "toy"}
    return [
        Scored(method, stages.get(one.purpose, "analysis"), make_run(method, task, one), {})
        for method in SKILL
        for task in Task
        for one in sets.values()
        if task is Task.PIXEL or not one.purpose.endswith("sweep")
    ]


@pytest.fixture
def views() -> list[dict[str, Any]]:
    """Two submissions of one team as organizers see them; the second failed."""
    run = {"id": "r1", "number": 1, "stage": "challenge", "state": "scored", "voided_at": None,
           "reason": None, "counts": {"succeeded": 3, "crashed": 1}}  # fmt: skip
    first = {"id": "s1", "name": "pca", "task": "pixel", "stage": "challenge", "state": "accepted",
             "submitted_at": "2026-01-01T00:00:00Z", "runs": [run]}  # fmt: skip
    failed = run | {"id": "r2", "state": "failed", "reason": "toy_failed"}
    return [first, first | {"id": "s2", "submitted_at": "2026-01-02T00:00:00Z", "runs": [failed]}]
