"""The audit of a test set: measured features, what they tell, and a verdict."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mood_evaluator.test_set import ManifestCase, load_test_set
from mood_test_sets.audit.features import container_features, outside_features
from mood_test_sets.audit.statistics import Auroc, cross_validate, max_t
from mood_test_sets.errors import ImportRefused
from mood_test_sets.nifti import read_voxels

__all__ = ["ENOUGH", "HIGHEST_AUROC", "LEAST_P", "Comparison", "Verdict", "audit"]

SCHEMA = "mood-audit/1"
LEAST_P, HIGHEST_AUROC, ENOUGH = 0.01, 0.60, 100  # what certifies a set, with so many cases per class
SURE_AUROC = 0.53  # an interval above it is a trace and no chance


class Verdict(StrEnum):
    PASSED = "no trace found"
    FAILED = "cases can be told apart without their content"
    FEW = "not enough cases to certify"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Normal cases beside some of the abnormal ones."""

    name: str
    normal: int
    abnormal: int
    constant: tuple[str, ...]  # features that are equal in all cases
    features: tuple[str, ...]
    p_values: tuple[float, ...]  # family-wise, one per feature
    p: float
    aurocs: dict[str, Auroc]
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "schema": SCHEMA, "verdict": str(self.verdict)}


def audit(
    folder: Path, *, seed: int = 0, on_case: Callable[[int, int], None] | None = None
) -> list[Comparison]:
    """Compare normal with local cases (container and outside the mask) and with global ones (container)."""
    test_set = load_test_set(folder)
    normal = [case for case in test_set.cases if not case.abnormal]
    if not normal or len(normal) == len(test_set.cases):
        raise ImportRefused(f"{folder} has no two classes. Audit a set with normal and abnormal cases.")
    rows = _Rows(folder, test_set.cases, np.random.default_rng(seed))
    found = {}
    for number, case in enumerate(test_set.cases):
        found[case.id] = rows.measure(case, number)
        if on_case is not None:
            on_case(number + 1, len(test_set.cases))
    local = [case for case in test_set.cases if case.label is not None]
    far = [case for case in test_set.cases if case.abnormal and case.label is None]
    outside = {name for row in found.values() for name in row if name.startswith("outside")}
    parts = [("local", local, set()), ("global", far, outside)]
    return [
        _compare(name, found, normal, cases, without=without, seed=seed)
        for name, cases, without in parts
        if cases
    ]


@dataclass(slots=True)
class _Rows:
    folder: Path
    cases: Sequence[ManifestCase]
    rng: np.random.Generator

    def measure(self, case: ManifestCase, place: int) -> dict[str, float]:
        row = container_features(self.folder, case, place=place)
        mask = self._mask(case)
        if mask is None:
            return row
        outside = outside_features(self.folder, case, mask)
        return row | {f"outside the mask: {name}": value for name, value in outside.items()}

    def _mask(self, case: ManifestCase) -> NDArray[np.bool_] | None:
        """Its own, or for a normal case one borrowed at random from a case of its shape."""
        if case.abnormal and case.label is None:
            return None
        lenders = [one for one in self.cases if one.label is not None and one.shape == case.shape]
        if case.label is None and not lenders:
            return None
        lender = case if case.label is not None else lenders[int(self.rng.integers(len(lenders)))]
        return np.asarray(read_voxels(self.folder / str(lender.label)) > 0)


def _compare(
    name: str,
    found: dict[str, dict[str, float]],
    normal: Sequence[ManifestCase],
    cases: Sequence[ManifestCase],
    *,
    without: set[str],
    seed: int,
) -> Comparison:
    rows = [found[case.id] for case in [*normal, *cases]]
    names = [key for key in rows[0] if key not in without and all(key in row for row in rows)]
    table = np.array([[row[key] for key in names] for row in rows])
    abnormal = np.arange(len(rows)) >= len(normal)
    varies = np.ptp(table, axis=0) > 0
    kept = [key for key, wanted in zip(names, varies, strict=True) if wanted]
    test = max_t(table[:, varies], abnormal, seed=seed)
    fewest = min(len(normal), len(cases))
    aurocs = cross_validate(table[:, varies], abnormal, seed=seed) if fewest >= 5 else {}
    return Comparison(
        name=f"normal and {name}",
        normal=len(normal),
        abnormal=len(cases),
        constant=tuple(key for key in names if key not in kept),
        features=tuple(kept),
        p_values=tuple(test.p_values.round(5).tolist()),
        p=test.p,
        aurocs=aurocs,
        verdict=_judge(fewest, test.p, aurocs),
    )


def _judge(fewest: int, p: float, aurocs: dict[str, Auroc]) -> Verdict:
    """A clear trace fails any set; only enough cases and narrow intervals certify one."""
    clear = any(one.low > SURE_AUROC for one in aurocs.values()) and fewest >= ENOUGH
    if p <= LEAST_P or clear:
        return Verdict.FAILED
    safe = all(one.high <= HIGHEST_AUROC for one in aurocs.values())
    return Verdict.PASSED if safe and fewest >= ENOUGH else Verdict.FEW
