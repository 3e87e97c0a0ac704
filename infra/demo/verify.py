"""Independent check: recomputes every published AP from kept predictions and labels with scikit-learn.

Shares no code with the platform or the evaluator: it reads the published leaderboards and the Runs' results
from the object store, the labels from the test-set folders, and compares to the last bit.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

Json = dict[str, Any]


@dataclass(frozen=True)
class Check:
    what: str
    published: float | None
    recomputed: float

    @property
    def equal(self) -> bool:
        return self.published == self.recomputed


def verify(objects: Path, sets: Path) -> list[Check]:
    """All scores of all published leaderboards; `objects` is the store, `sets` holds the test-set folders."""
    manifests = {path.parent: json.loads(path.read_text()) for path in sets.glob("*/test_set.json")}
    by_digest = {manifest["digest"]: (folder, manifest) for folder, manifest in manifests.items()}
    checks: list[Check] = []
    for board in _documents(objects / "leaderboards"):
        for row in board["rows"]:
            checks += _check_row(objects, board, row, by_digest)
    return checks


def _check_row(
    objects: Path, board: Json, row: Json, by_digest: dict[str, tuple[Path, Json]]
) -> Iterator[Check]:
    results = _results_of(objects, row["team"], row["submission"])
    for part in results["test_sets"]:
        folder, manifest = by_digest[part["digest"]]
        cell = row["datasets"][part["dataset"]]
        score = (_pixel if board["task"] == "pixel" else _sample)(objects, folder, manifest, part["cases"])
        yield Check(f"{board['task']} {part['dataset']} {row['team']}", cell["score"], score)


def _results_of(objects: Path, team: str, number: int) -> Json:
    found = [
        document
        for path in objects.glob("runs/*/results.json")
        if (document := json.loads(path.read_text()))["submission"]["team"] == team
        and document["submission"]["number"] == number
        and document["stage"] == "challenge"
    ]
    return min(found, key=lambda document: document["number"])


def _pixel(objects: Path, folder: Path, manifest: Json, cases: Json) -> float:
    entries = {case["id"]: case for case in manifest["cases"]}
    values = []
    for batch in manifest["batchings"][0]["batches"]:
        scores = [_prediction(objects, folder, entries[case], cases[case]) for case in batch]
        labels = [_label(folder, entries[case]) for case in batch]
        values.append(average_precision_score(np.concatenate(labels), np.concatenate(scores)))
    return float(np.mean(values))


def _sample(objects: Path, _folder: Path, manifest: Json, cases: Json) -> float:
    abnormal = [case["abnormal"] for case in manifest["cases"] if "sample" in case["tasks"]]
    ids = [case["id"] for case in manifest["cases"] if "sample" in case["tasks"]]
    return float(average_precision_score(abnormal, [_number(objects, cases[case]) for case in ids]))


def _prediction(objects: Path, folder: Path, entry: Json, case: Json) -> NDArray[np.float32]:
    shape = nibabel.load(folder / entry["image"]).shape
    if case["outcome"] != "succeeded":
        return np.zeros(int(np.prod(shape)), np.float32)
    raw = (objects / case["prediction"]).read_bytes()
    image = nibabel.Nifti1Image.from_bytes(_gunzip(raw))
    return np.clip(np.nan_to_num(image.get_fdata(dtype=np.float64)), 0, 1).astype(np.float32).reshape(-1)


def _number(objects: Path, case: Json) -> float:
    if case["outcome"] != "succeeded":
        return 0.0
    value = float((objects / case["prediction"]).read_text().splitlines()[0])
    return float(np.clip(np.nan_to_num(value), 0, 1))


def _label(folder: Path, entry: Json) -> NDArray[np.bool_]:
    if entry["label"] is None:
        return np.zeros(int(np.prod(nibabel.load(folder / entry["image"]).shape)), np.bool_)
    return np.asarray(nibabel.load(folder / entry["label"]).dataobj).reshape(-1) == 1


def _gunzip(data: bytes) -> bytes:
    import gzip

    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def _documents(folder: Path) -> Iterator[Json]:
    for path in sorted(folder.glob("*.json")):
        yield json.loads(path.read_text())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("objects", type=Path, help="folder of the object store")
    parser.add_argument("sets", type=Path, help="folder that holds the test-set folders")
    arguments = parser.parse_args()
    checks = verify(arguments.objects, arguments.sets)
    for check in checks:
        word = "equal " if check.equal else "DIFFER"
        print(f"{word}  {check.what:40} {check.published!r:22} {check.recomputed!r}")
    print(
        f"{sum(c.equal for c in checks)} of {len(checks)} published APs equal scikit-learn's to the last bit"
    )
    return 0 if checks and all(check.equal for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
