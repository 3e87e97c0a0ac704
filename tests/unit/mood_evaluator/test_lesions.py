"""Lesions beside slow twins: AUPRO from its definition, AP of each from scikit-learn."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage
from sklearn.metrics import average_precision_score

from mood_evaluator import PixelCase, UndefinedScore
from mood_evaluator.lesions import FPR_LIMITS, LesionScores, ScanLesions, aupro, lesions_of_case

SHAPE = (6, 5, 4)
Volume = npt.NDArray[np.float32]


def draw(folder: Path, random: np.random.Generator) -> tuple[PixelCase, Volume, npt.NDArray[np.bool_]]:
    truth = np.zeros(SHAPE, np.uint8)
    for _ in range(random.integers(0, 3)):
        x, y, z = (int(random.integers(0, side)) for side in SHAPE)
        truth[x : x + 2, y : y + 2, z : z + 2] = 1
    levels = int(random.integers(1, 12))  # scores that half precision tells apart
    scores = (random.integers(0, levels + 1, SHAPE) / 16).astype(np.float32)
    affine = np.diag([2.0, 1, 0.5, 1])
    nib.Nifti1Image(scores, affine).to_filename(folder / "scores.nii")
    nib.Nifti1Image(truth, affine).to_filename(folder / "label.nii")
    return PixelCase("a", folder / "scores.nii", folder / "label.nii", SHAPE), scores, truth.astype(np.bool_)


def lumps(truth: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.bool_]]:
    labelled, count = ndimage.label(truth, np.ones((3, 3, 3)))
    return [labelled == number for number in range(1, count + 1)]


def slow_aupro(scans: list[tuple[Volume, npt.NDArray[np.bool_]]], limit: Fraction) -> Fraction:
    """Add trapezes between thresholds, the last one cut at the limit."""
    points = [(Fraction(0), Fraction(0))]
    for level in sorted({float(s) for scores, _ in scans for s in scores.ravel()}, reverse=True):
        normal = [(scores[~truth] >= level).sum() for scores, truth in scans]
        shares = [
            Fraction(int((scores[own] >= level).sum()), int(own.sum()))
            for scores, truth in scans for own in lumps(truth)
        ]  # fmt: skip
        total = sum(int((~truth).sum()) for _, truth in scans)
        points.append((Fraction(int(sum(normal)), total), sum(shares) / len(shares)))
    area = Fraction(0)
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 < limit and x1 > x0:
            end = min(x1, limit)
            area += (end - x0) * (y0 + y0 + (y1 - y0) * (end - x0) / (x1 - x0)) / 2
    return area / limit


def test_a_thousand_draws_have_the_aupro_and_the_aps_of_the_twins(tmp_path: Path) -> None:
    random = np.random.default_rng(11)
    checked = 0
    for _ in range(500):
        drawn = [draw(tmp_path, random) for _ in range(1)]
        read = [lesions_of_case(drawn[0][0])]
        drawn.append(draw(tmp_path, random))
        read.append(lesions_of_case(drawn[1][0]))
        for (_, scores, truth), scan in zip(drawn, read, strict=True):
            for own, lesion in zip(lumps(truth), scan.lesions, strict=True):
                seen = own | ~truth
                assert lesion.ap == pytest.approx(average_precision_score(own[seen], scores[seen]), abs=1e-12)
                assert lesion.volume == pytest.approx(own.sum())
        found = LesionScores.of(dict(zip("ab", read, strict=True)))
        for limit in FPR_LIMITS:
            value = found.aupro[limit]
            if not any(scan.lesions for scan in read):
                assert value is None
                continue
            checked += 1
            volumes = [(scores, truth) for _, scores, truth in drawn]
            assert value == pytest.approx(float(slow_aupro(volumes, Fraction(limit))), abs=1e-9)
    assert checked > 800


def test_a_perfect_map_has_an_aupro_of_one_and_a_constant_one_that_of_the_diagonal() -> None:
    one, counts = np.array([0, 9]), (np.array([0.0, 3.0]), np.array([50, 0]))
    perfect = ScanLesions((None,) * 3, one, *counts)  # type: ignore[arg-type]
    assert aupro([perfect], 0.3) == 1
    constant = ScanLesions((None,) * 3, np.array([9]), np.array([3.0]), np.array([50]))  # type: ignore[arg-type]
    assert aupro([constant], 0.3) == pytest.approx(0.15)


def test_without_a_lesion_there_is_no_overlap() -> None:
    with pytest.raises(UndefinedScore):
        aupro([ScanLesions((), np.array([0]), np.array([0.0]), np.array([9]))], 0.3)


def test_a_missing_prediction_has_the_ap_of_a_constant_one(tmp_path: Path) -> None:
    case, _, _ = draw(tmp_path, np.random.default_rng(3))
    truth = np.zeros(SHAPE, np.uint8)
    truth[:2, 0, 0] = 1
    nib.Nifti1Image(truth, np.eye(4)).to_filename(tmp_path / "label.nii")
    (lesion,) = lesions_of_case(PixelCase("a", None, case.label, SHAPE)).lesions
    assert lesion.ap == pytest.approx(2 / truth.size)
