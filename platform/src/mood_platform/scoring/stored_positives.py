"""The scores of a case's abnormal voxels, beside its Evidence: they spare a look at its prediction."""

from __future__ import annotations

from pathlib import Path

from mood_evaluator import PositiveScores
from mood_platform.storage.keys import positives_key
from mood_platform.storage.store import ObjectStore


def stored_positives(store: ObjectStore, evidence_key: str | None) -> str | None:
    """Their key; None: nothing is abnormal, or they are too many and read from the prediction again."""
    key = None if evidence_key is None else positives_key(evidence_key)
    return key if key is not None and store.exists(key) else None


def read_positives(path: Path) -> PositiveScores:
    return PositiveScores.from_bytes(path.read_bytes())
