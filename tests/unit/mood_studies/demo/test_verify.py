"""The demo's independent check must be able to fail."""

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from sklearn.metrics import average_precision_score

from mood_studies.demo import verify

SHAPE = (4, 4, 4)
IDS = ("a", "b", "c", "d")
BATCHINGS = ((("a", "b"), ("c", "d")), (("a", "d"), ("b", "c")))


class Store:
    """An object store with one Run of the pixel task, and what was published of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rng = np.random.default_rng(0)
        self.scores = {one: rng.random(SHAPE, np.float32) for one in IDS}
        self.scores["d"][:] = 0  # failed: counts as all zero
        self.labels = {one: rng.random(SHAPE) < 0.3 for one in IDS}
        self.part = {"dataset": "brain", "digest": "m", "result": self.result(), "cases": self.cases()}
        self.write()

    def aps(self, batches: tuple[tuple[str, ...], ...]) -> list[float]:
        return [self.ap(batch) for batch in batches]

    def ap(self, batch: tuple[str, ...]) -> float:
        truth = np.concatenate([self.labels[one].ravel() for one in batch])
        return float(
            average_precision_score(truth, np.concatenate([self.scores[one].ravel() for one in batch]))
        )

    def result(self) -> dict[str, Any]:
        official, validation = (
            {"batch_aps": aps, "mean": float(np.mean(aps))} for aps in map(self.aps, BATCHINGS)
        )
        return {
            "valid": 3,
            "total": 4,
            "quantized": {},
            "official": official,
            "validation": validation,
            "whole_set_ap": self.ap(IDS),
            "score": official["mean"],
            "valid_share": 0.5,
        }

    def cases(self) -> dict[str, Any]:
        outcome = {"a": "succeeded", "b": "succeeded", "c": "succeeded", "d": "timed_out"}
        return {one: {"outcome": outcome[one], "prediction": f"predictions/{one}"} for one in IDS}

    def leaderboard(self) -> dict[str, Any]:
        result = self.part["result"]
        told = {
            name: verify.as_published(result[name])
            for name in ("valid", "total", "whole_set_ap", "quantized")
        }
        cell = {"score": round(result["score"], 4), "result": told}
        row = {"team": "t", "name": "Team", "submission": 1, "datasets": {"brain": cell}}
        return copy.deepcopy({"task": "pixel", "rows": [row]})

    def write(self) -> None:
        for one in IDS[:3]:
            self.write_volume(self.folder / "predictions" / one, self.scores[one])
        for one in IDS:
            self.write_volume(self.folder / "labels" / f"{one}.nii.gz", self.labels[one].astype(np.uint8))
        run = {"submission": {"team": "t", "number": 1, "task": "pixel"}, "test_sets": [self.part]}
        (self.folder / "runs" / "r").mkdir(parents=True)
        (self.folder / "runs" / "r" / "results.json").write_text(json.dumps(run))
        cases = [
            {"id": one, "tasks": ["pixel"], "shape": SHAPE, "label": one, "sha256": {"label": one}}
            for one in IDS
        ]
        batchings = [{"batches": batches} for batches in BATCHINGS]
        manifest = {"digest": "m", "cases": cases, "batchings": batchings}
        (self.folder / "set").mkdir()
        (self.folder / "set" / "test_set.json").write_text(json.dumps(manifest))

    def write_volume(self, path: Path, values: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(Nifti1Image(values, np.eye(4)).to_bytes()))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def differences(store: Store, leaderboard: dict[str, Any]) -> list[str]:
    checks = verify.verify(store.folder, [store.folder / "set"], [leaderboard])
    assert len(checks) == 2 * 3 + 2  # two batchings of two batches and their mean, score, whole set
    return [check.what for check in checks if not check.equal]


def test_right_numbers_are_found_right(store: Store) -> None:
    assert differences(store, store.leaderboard()) == []


def test_a_published_score_that_differs_in_the_last_digit_is_found(store: Store) -> None:
    published = store.leaderboard()
    cell = published["rows"][0]["datasets"]["brain"]
    cell["score"] = round(cell["score"] + 0.0001, 4)
    assert differences(store, published) == ["pixel brain Team"]


def test_another_kept_prediction_is_found(store: Store) -> None:
    store.write_volume(store.folder / "predictions" / "a", store.scores["b"])
    assert "pixel brain Team, official batch 1" in differences(store, store.leaderboard())


def test_a_result_that_no_kept_run_explains_is_an_error(store: Store) -> None:
    published = store.leaderboard()
    published["rows"][0]["datasets"]["brain"]["result"]["whole_set_ap"] = 0.0
    with pytest.raises(LookupError, match="no kept Run explains"):
        differences(store, published)
