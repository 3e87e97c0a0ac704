"""Recomputes every published AP with scikit-learn, and shares no code with the platform.

From the object store it takes the kept predictions and the labels, from the test-set folders the manifests
with their batches, from the published documents what was published. Results must be equal within 1e-12 (the
evaluator adds its terms exactly, scikit-learn rounds at each), what was published of them to the last digit.

    python -m mood_studies.demo.verify --files HOME/files --test-set DIR ... LEADERBOARD.json ...
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

Json = dict[str, Any]
Scores = NDArray[np.float32]
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Check:
    """One published number beside the recomputed one."""

    what: str
    published: float | None
    recomputed: float | None

    @property
    def equal(self) -> bool:
        if self.published is None or self.recomputed is None:
            return self.published == self.recomputed
        return abs(self.published - self.recomputed) <= TOLERANCE


@dataclass(frozen=True)
class Entry:
    """One team's cases on one test set: manifest, what the Run recorded, where the files are."""

    task: str
    manifest: Json
    cases: Mapping[str, Json]
    files: Path

    def of_task(self) -> list[Json]:
        return [case for case in self.manifest["cases"] if self.task in case["tasks"]]

    def prediction(self, case: Json) -> Path | None:
        """The kept prediction; None where the case has no valid one, which counts as all zero."""
        recorded = self.cases[case["id"]]
        valid = recorded["outcome"] == "succeeded"
        return self.files / recorded["prediction"] if valid else None


def verify(files: Path, test_sets: Sequence[Path], leaderboards: Sequence[Json]) -> list[Check]:
    """`leaderboards` are the API's views, or the documents alone."""
    manifests = [json.loads((folder / "test_set.json").read_text()) for folder in test_sets]
    by_digest = {manifest["digest"]: manifest for manifest in manifests}
    runs = [json.loads(path.read_text()) for path in sorted((files / "runs").glob("*/results.json"))]
    checks: list[Check] = []
    for view in leaderboards:
        document = view.get("document", view)
        for row in document["rows"]:
            for dataset, cell in row["datasets"].items():
                part = find_part(runs, document["task"], row, dataset)
                entry = Entry(document["task"], by_digest[part["digest"]], part["cases"], files)
                label = f"{document['task']} {dataset} {row['name']}"
                checks += check_cell(label, cell, part["result"], entry)
    return checks


def find_part(runs: Sequence[Json], task: str, row: Json, dataset: str) -> Json:
    """The recorded test set behind a published cell: the one whose result was published, rounded."""
    for run in runs:
        one = run["submission"]
        if (one["team"], one["number"], one["task"]) == (row["team"], row["submission"], task):
            for part in run["test_sets"]:
                if part["dataset"] == dataset and explains(
                    part["result"], row["datasets"][dataset]["result"]
                ):
                    return dict(part)
    raise LookupError(f"no kept Run explains {row['team']} #{row['submission']} on {dataset}")


def explains(result: Json, published: Json) -> bool:
    """Whether the published numbers are those of the result, to the digits that are published."""
    told = ("valid", "total", "whole_set_ap", "quantized")
    return all(as_published(result.get(name)) == published.get(name) for name in told)


def as_published(value: Any) -> Any:
    """Leaderboards tell 4 decimals."""
    if isinstance(value, dict):
        return {name: as_published(part) for name, part in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def check_cell(label: str, cell: Json, result: Json, entry: Entry) -> Iterator[Check]:
    valid = sum(entry.prediction(case) is not None for case in entry.of_task())
    if valid < result["valid_share"] * len(entry.of_task()):
        yield Check(f"{label}: no result", cell["score"], None)
    elif entry.task == "sample":
        yield Check(label, result["score"], sample_ap(entry))
        yield Check(f"{label}, published", cell["score"], as_published(result["score"]))
    else:
        yield from check_pixel_cell(label, cell, result, entry)


def check_pixel_cell(label: str, cell: Json, result: Json, entry: Entry) -> Iterator[Check]:
    scores = {case["id"]: read_scores(entry, case) for case in entry.of_task()}
    labels = {case["id"]: read_label(entry, case) for case in entry.of_task()}
    for role, batching in zip(("official", "validation"), entry.manifest["batchings"], strict=True):
        published = result[role]
        found = [pooled_ap(scores, labels, batch) for batch in batching["batches"]]
        for number, pair in enumerate(zip(published["batch_aps"], found, strict=True), start=1):
            yield Check(f"{label}, {role} batch {number}", *pair)
        yield Check(f"{label}, {role} mean", published["mean"], float(np.mean(found)))
    yield Check(label, cell["score"], as_published(result["official"]["mean"]))
    yield Check(f"{label}, whole set", result["whole_set_ap"], pooled_ap(scores, labels, list(scores)))


def sample_ap(entry: Entry) -> float:
    """All scans of the test set at once, in float64."""
    cases = entry.of_task()
    truth = [case["abnormal"] for case in cases]
    return float(
        average_precision_score(truth, [read_sample_score(entry.prediction(case)) for case in cases])
    )


def read_sample_score(path: Path | None) -> float:
    score = float(path.read_text().splitlines()[0]) if path else 0.0
    return 0.0 if math.isnan(score) else min(1.0, max(0.0, score))


def read_scores(entry: Entry, case: Json) -> Scores:
    """Stored number times slope + inter, NaN as 0, clamped to [0, 1], rounded once to float32."""
    path = entry.prediction(case)
    if path is None:
        return np.zeros(math.prod(case["shape"]), np.float32)
    values = np.asarray(open_nifti(path).get_fdata(dtype=np.float64), np.float64)
    scores: Scores = np.clip(np.nan_to_num(values, posinf=1.0, neginf=0.0), 0.0, 1.0).astype(np.float32)
    return scores.ravel()


def read_label(entry: Entry, case: Json) -> NDArray[np.bool_]:
    if case["label"] is None:
        return np.zeros(math.prod(case["shape"]), np.bool_)
    path = entry.files / "labels" / f"{case['sha256']['label']}.nii.gz"
    values = np.asarray(open_nifti(path).get_fdata(dtype=np.float64), np.float64)
    abnormal: NDArray[np.bool_] = np.clip(np.round(values), 0, 1) == 1
    return abnormal.ravel()


def open_nifti(path: Path) -> Nifti1Image:
    """By content: kept predictions have no file name extension."""
    data = path.read_bytes()
    return Nifti1Image.from_bytes(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def pooled_ap(
    scores: Mapping[str, Scores], labels: Mapping[str, NDArray[np.bool_]], batch: list[str]
) -> float:
    truth = np.concatenate([labels[case] for case in batch])
    return float(average_precision_score(truth, np.concatenate([scores[case] for case in batch])))


def show_checks(checks: Sequence[Check]) -> None:
    wrong = [check for check in checks if not check.equal]
    for check in wrong:
        print(f"  DIFFERS {check.what}: published {check.published!r}, scikit-learn {check.recomputed!r}")
    print(
        f"  {len(checks) - len(wrong)} of {len(checks)} published APs equal scikit-learn's within {TOLERANCE}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=Path, required=True, help="the object store: HOME/files")
    parser.add_argument(
        "--test-set", type=Path, action="append", required=True, help="folder; may be repeated"
    )
    parser.add_argument("leaderboards", type=Path, nargs="+", help="published documents as JSON")
    options = parser.parse_args()
    documents = [json.loads(path.read_text()) for path in options.leaderboards]
    checks = verify(options.files, options.test_set, documents)
    show_checks(checks)
    return 0 if checks and all(check.equal for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
