"""The body: found by its tissue, counted apart, and as a prediction of its own; checked with scikit-learn."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from mood_evaluator import InvalidGroundTruth, PixelCase
from mood_evaluator.body import BodyScores, body_of_case, find_body

SHAPE = (9, 8, 7)


def test_black_lesions_and_gas_within_the_body_belong_to_it_and_air_does_not() -> None:
    image = np.zeros(SHAPE)
    image[2:7, 2:6, 1:6] = 0.8
    body = image > 0
    image[4, 4, 3], image[2, 3, 3] = 0.0, 0.01
    image[0, 0, 0] = 0.02  # noise
    inner = np.zeros(SHAPE, np.bool_)
    inner[3:6, 3:5, 2:5] = True
    found = find_body(image - 1_000)  # the scale of the scanner says nothing
    assert found[inner].all()
    assert not found[~body].any()


def test_a_constant_image_has_no_body() -> None:
    assert not find_body(np.full(SHAPE, 3.0)).any()


def write(folder: Path, random: np.random.Generator, name: str, *, abnormal: bool = True) -> PixelCase:
    image = np.zeros(SHAPE, np.float32)
    image[1:8, 1:7, 1:6] = random.uniform(0.3, 1, (7, 6, 5))
    truth = np.zeros(SHAPE, np.uint8)
    x, y, z = random.integers(0, 6, 3)
    truth[x : x + 3, y : y + 2, z : z + 2] = abnormal
    scores = (random.integers(0, 12, SHAPE) / 16).astype(np.float32)
    for part, voxels in (("image", image), ("label", truth), ("scores", scores)):
        nib.Nifti1Image(voxels, np.eye(4)).to_filename(folder / f"{name}-{part}.nii")
    label = folder / f"{name}-label.nii" if abnormal else None
    return PixelCase(name, folder / f"{name}-scores.nii", label, SHAPE, None, folder / f"{name}-image.nii")


def voxels(path: Path | None) -> np.ndarray:
    return np.zeros(SHAPE) if path is None else np.asarray(nib.Nifti1Image.from_filename(path).dataobj)


def test_scores_within_the_body_and_of_the_body_are_those_of_scikit_learn(tmp_path: Path) -> None:
    random = np.random.default_rng(12)
    for _ in range(100):
        cases = [write(tmp_path, random, name, abnormal=name != "c") for name in "abc"]
        found = BodyScores.of([body_of_case(case) for case in cases])
        truth, scores, body = (
            np.concatenate([part(case).ravel() for case in cases])
            for part in (
                lambda case: voxels(case.label) > 0,
                lambda case: voxels(case.prediction),
                lambda case: find_body(voxels(case.image).astype(np.float64)),
            )
        )
        assert found.ap == pytest.approx(average_precision_score(truth[body], scores[body]), abs=1e-12)
        assert found.auroc == pytest.approx(roc_auc_score(truth[body], scores[body]), abs=1e-12)
        assert found.mask_ap == pytest.approx(average_precision_score(truth, body), abs=1e-12)
        assert found.mask_auroc == pytest.approx(roc_auc_score(truth, body), abs=1e-12)
        assert found.share == pytest.approx(body.mean())
        assert found.abnormal_share == pytest.approx(body[truth].mean())


def test_without_a_body_or_an_anomaly_there_is_nothing_to_tell_apart(tmp_path: Path) -> None:
    case = write(tmp_path, np.random.default_rng(1), "a", abnormal=False)
    assert BodyScores.of([body_of_case(case)]).ap is None
    nib.Nifti1Image(np.ones(SHAPE, np.float32), np.eye(4)).to_filename(tmp_path / "a-image.nii")
    nothing = BodyScores.of([body_of_case(case)])
    assert (nothing.auroc, nothing.ap, nothing.share, nothing.abnormal_share) == (None, None, 0.0, None)


def test_a_test_set_without_images_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidGroundTruth, match="leave --body out"):
        body_of_case(PixelCase("a", None, None, SHAPE))
