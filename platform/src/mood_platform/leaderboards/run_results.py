"""What a scored Run left in the store: its results document."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

from mood_evaluator import Dataset, as_published, scoring_version_of
from mood_platform.models import Json
from mood_platform.scoring.object_results import FIELD, ranking_score
from mood_platform.storage.store import ObjectStore

LARGEST_RESULTS = 64 * 2**20


@dataclass(frozen=True)
class RunResults:
    """The results of one Run; test sets by Dataset (a challenge Run has one each)."""

    document: Json

    @cached_property
    def parts(self) -> dict[Dataset, Json]:
        return {Dataset(part["dataset"]): part for part in self.document["test_sets"]}

    def score(self, dataset: Dataset) -> float | None:
        """The score that ranks; None is "no result"."""
        return ranking_score(self.parts[dataset]["result"])

    def both_batchings(self, dataset: Dataset) -> tuple[float, float] | None:
        """The official score and that of the validating batching, as published; objects know no batches."""
        result = self.parts[dataset]["result"]
        if FIELD in result or result["official"] is None or result["validation"] is None:
            return None
        official, validation = (as_published(result[name]["mean"]) for name in ("official", "validation"))
        assert official is not None
        assert validation is not None
        return official, validation

    @property
    def evaluator(self) -> str:
        """Version of the evaluator that scored the Run."""
        return ", ".join(sorted({part["result"]["evaluator"] for part in self.parts.values()}))

    @property
    def scoring_version(self) -> int:
        """That of its numbers; one evaluator scored all test sets of a Run at once."""
        return min(scoring_version_of(part["result"]) for part in self.parts.values())

    @property
    def dropped(self) -> dict[Dataset, frozenset[str]]:
        """Ids of the cases it was made without; Datasets without one are left out."""
        found = {dataset: frozenset(part.get("dropped", ())) for dataset, part in self.parts.items()}
        return {dataset: cases for dataset, cases in found.items() if cases}

    def digests(self) -> dict[Dataset, str]:
        return {dataset: part["digest"] for dataset, part in self.parts.items()}


def read_results(store: ObjectStore, key: str) -> RunResults:
    document: Json = json.loads(store.read(key, limit=LARGEST_RESULTS))
    return RunResults(document)
