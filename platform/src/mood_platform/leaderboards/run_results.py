"""What a scored Run left in the store: its results document, and bootstrap replicates from its Evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mood_evaluator import (
    Batching,
    Dataset,
    Evidence,
    Task,
    TestSet,
    pixel_replicates,
    sample_replicates,
    scoring_version_of,
)
from mood_platform.models import Json
from mood_platform.storage.store import ObjectStore

LARGEST_RESULTS = 64 * 2**20
LARGEST_EVIDENCE = 16 * 2**20


@dataclass(frozen=True)
class RunResults:
    """The results of one Run; test sets by Dataset (a challenge Run has one each)."""

    document: Json

    @cached_property
    def parts(self) -> dict[Dataset, Json]:
        return {Dataset(part["dataset"]): part for part in self.document["test_sets"]}

    def score(self, dataset: Dataset) -> float | None:
        """The official score; None is "no result"."""
        score: float | None = self.parts[dataset]["result"]["score"]
        return score

    def both_batchings(self, dataset: Dataset) -> tuple[float, float] | None:
        """The official score and that of the validating batching, to the 12 decimals that ranks look at."""
        result = self.parts[dataset]["result"]
        if result["official"] is None or result["validation"] is None:
            return None
        return round(result["official"]["mean"], 12), round(result["validation"]["mean"], 12)

    @property
    def evaluator(self) -> str:
        """Version of the evaluator that scored the Run."""
        return ", ".join(sorted({part["result"]["evaluator"] for part in self.parts.values()}))

    @property
    def scoring_version(self) -> int:
        """That of its numbers; one evaluator scored all test sets of a Run at once."""
        return min(scoring_version_of(part["result"]) for part in self.parts.values())

    def digests(self) -> dict[Dataset, str]:
        return {dataset: part["digest"] for dataset, part in self.parts.items()}


def read_results(store: ObjectStore, key: str) -> RunResults:
    document: Json = json.loads(store.read(key, limit=LARGEST_RESULTS))
    return RunResults(document)


def draw_replicates(
    store: ObjectStore, part: Json, *, task: Task, manifest: TestSet, bootstraps: int, seed: int
) -> NDArray[np.float64] | None:
    """Scores under resampled scans, the same draws for every team; None where there is no result."""
    if part["result"]["score"] is None:
        return None
    if task is Task.SAMPLE:
        scores = {case_id: float(case["score"]["score"] or 0.0) for case_id, case in part["cases"].items()}
        abnormal = {case.id: case.abnormal for case in manifest.for_task(Task.SAMPLE)}
        return sample_replicates(scores, abnormal, n=bootstraps, seed=seed)
    evidence = {case_id: _read_evidence(store, case) for case_id, case in part["cases"].items()}
    return pixel_replicates(evidence, _official_batching(manifest), n=bootstraps, seed=seed)


def _official_batching(manifest: TestSet) -> Batching:
    """The stored one; without any, the whole test set is one batch, as the evaluator scores it."""
    if manifest.batchings:
        return manifest.batchings[0]
    ids = tuple(case.id for case in manifest.for_task(Task.PIXEL))
    return Batching(seed="", draw=0, size=len(ids), batches=(ids,))


def _read_evidence(store: ObjectStore, case: dict[str, Any]) -> Evidence:
    return Evidence.from_bytes(store.read(case["evidence"], limit=LARGEST_EVIDENCE))
