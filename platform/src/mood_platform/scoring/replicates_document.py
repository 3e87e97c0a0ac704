"""The replicates of one Run's results (mood-replicates/2): how its scores would vary with other scans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from mood_evaluator import Dataset, Replicates, canonical_digest
from mood_platform.errors import Misconfigured
from mood_platform.models import Json
from mood_platform.storage.store import ObjectStore

SCHEMA = "mood-replicates/2"
BEFORE = "mood-replicates/1"
"""Without `made_of`: never from exact counts."""
LARGEST = 64 * 2**20


class Source(StrEnum):
    """What replicates are made from."""

    SCORES = "scores"
    """Of scans: the sample task."""
    EVIDENCE = "evidence"
    """Voxels' scores, rounded to `two_sided` codes."""
    EXACT = "exact"
    """Voxels' scores as the official AP takes them, where `two_sided` has another AP."""
    OBJECTS = "objects"
    """Objects at each threshold, where these are what ranks."""
    NOTHING = "nothing"
    """There is no result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReplicates:
    """By Dataset; None where there is no result."""

    results_digest: str
    scoring_version: int
    draws: int
    seed: int
    datasets: Mapping[Dataset, Replicates | None]
    made_of: Mapping[Dataset, Json] = field(default_factory=dict)
    """The `source`; of exact counts the number of `thresholds`, whether `complete`, and their `score`."""

    def exact(self, dataset: Dataset) -> bool:
        return self.made_of.get(dataset, {}).get("source") == Source.EXACT

    def to_json(self) -> Json:
        document: Json = {
            "schema": SCHEMA,
            "results": self.results_digest,
            "scoring_version": self.scoring_version,
            "draws": self.draws,
            "seed": self.seed,
            "made_of": {str(dataset): found for dataset, found in self.made_of.items()},
            "datasets": {str(dataset): _numbers(found) for dataset, found in self.datasets.items()},
        }
        return document | {"digest": canonical_digest(document)}

    @classmethod
    def read(cls, store: ObjectStore, key: str) -> RunReplicates:
        document: Json = json.loads(store.read(key, limit=LARGEST))
        if document["schema"] not in {SCHEMA, BEFORE}:
            raise Misconfigured(
                f"{key} is {document['schema']}, not {SCHEMA}.", remedy="Upgrade the platform."
            )
        return cls(
            results_digest=document["results"],
            scoring_version=document["scoring_version"],
            draws=document["draws"],
            seed=document["seed"],
            datasets={Dataset(name): _replicates(found) for name, found in document["datasets"].items()},
            made_of={Dataset(name): found for name, found in document.get("made_of", {}).items()},
        )


def _numbers(found: Replicates | None) -> Json | None:
    if found is None:
        return None
    return {"replicates": found.draws.tolist(), "influences": found.influences.tolist()}


def _replicates(found: Json | None) -> Replicates | None:
    return None if found is None else Replicates(np.array(found["replicates"]), np.array(found["influences"]))
