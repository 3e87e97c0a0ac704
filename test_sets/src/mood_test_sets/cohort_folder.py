"""A prepared cohort: cohort.json and images/, from which training and test sets are built."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from mood_evaluator.test_set import Dataset
from mood_test_sets.errors import ImportRefused

__all__ = ["MANIFEST", "SCHEMA", "Cohort", "CohortRole", "CohortScan", "load_cohort", "save_cohort"]

SCHEMA, MANIFEST = "mood-cohort/1", "cohort.json"


class CohortRole(StrEnum):
    TRAIN = "train"
    NORMAL = "normal"
    BASE = "base"
    NATURAL = "natural"


@dataclass(frozen=True, slots=True)
class CohortScan:
    id: str  # 32 hexadecimal digits
    role: CohortRole
    subject: str  # a pseudonym
    image: str  # relative to the folder
    sha256_image: str
    extent: tuple[float, float, float]  # mm
    label: str | None = None
    sha256_label: str | None = None
    scope: str | None = None  # local | global, of a natural anomaly
    category: str | None = None
    subcategory: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Cohort:
    folder: Path
    dataset: Dataset
    side: int
    subjects: int  # real people
    scans: tuple[CohortScan, ...]

    def of(self, role: CohortRole) -> Iterator[CohortScan]:
        return (scan for scan in self.scans if scan.role is role)


def save_cohort(cohort: Cohort) -> None:
    document = {
        "schema": SCHEMA,
        "dataset": str(cohort.dataset),
        "side": cohort.side,
        "subjects": cohort.subjects,
        "scans": [asdict(scan) for scan in cohort.scans],
    }
    (cohort.folder / MANIFEST).write_text(json.dumps(document, indent=1, sort_keys=True), encoding="utf-8")


def load_cohort(folder: Path) -> Cohort:
    """Raises ImportRefused."""
    remedy = "Make a cohort with: mood-test-sets prepare"
    try:
        document: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ImportRefused(
                f"{folder / MANIFEST}: schema is {document['schema']!r}, not {SCHEMA}. {remedy}"
            )
        scans = tuple(_read_scan(one) for one in document["scans"])
        dataset, side, subjects = (
            Dataset(document["dataset"]),
            int(document["side"]),
            int(document["subjects"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise ImportRefused(f"{folder / MANIFEST} is no cohort ({reason}). {remedy}") from None
    return Cohort(folder, dataset, side, subjects, scans)


def _read_scan(document: dict[str, Any]) -> CohortScan:
    x, y, z = document["extent"]
    fixed = {"role": CohortRole(document["role"]), "extent": (float(x), float(y), float(z))}
    return CohortScan(**{**document, **fixed})
