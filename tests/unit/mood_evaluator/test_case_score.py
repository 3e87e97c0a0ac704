"""One case: bad predictions become named faults and count as zero; a bad label stops the scoring."""

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator import (
    CaseScore,
    Flag,
    InvalidGroundTruth,
    OutputFault,
    PixelTruth,
    Quantizer,
    as_affine,
    score_pixel_case,
    score_sample_case,
)

SHAPE = (6, 7, 8)
RANDOM = np.random.default_rng(4)
SCORES = RANDOM.random(SHAPE).astype(np.float32)
LABEL = RANDOM.random(SHAPE) < 0.1


def _save(path: Path, voxels: npt.NDArray[Any], affine: npt.NDArray[Any] | None = None) -> Path:
    nib.Nifti1Image(voxels, np.eye(4) if affine is None else affine).to_filename(path)
    return path


@pytest.fixture
def label(tmp_path: Path) -> Path:
    return _save(tmp_path / "label.nii.gz", LABEL.astype(np.uint8))


def test_a_valid_volume_gets_its_exact_ap_and_evidence(tmp_path: Path, label: Path) -> None:
    score = score_pixel_case(_save(tmp_path / "p.nii.gz", SCORES), label=label, shape=SHAPE)
    assert (score.valid, score.fault, score.flags) == (True, None, ())
    assert score.case_ap == pytest.approx(average_precision_score(LABEL.ravel(), SCORES.ravel()), abs=1e-12)
    assert score.evidence is not None
    halves = SCORES.ravel().astype(np.float16)
    assert score.evidence.ap(Quantizer.MOOD2020) == pytest.approx(
        average_precision_score(LABEL.ravel(), halves), abs=1e-12
    )


def test_evidence_of_float64_is_rounded_once(tmp_path: Path, label: Path) -> None:
    scores = np.full(SHAPE, 0.5 + 2.0**-12 + 2.0**-40)
    score = score_pixel_case(_save(tmp_path / "p.nii", scores), label=label, shape=SHAPE)
    assert score.evidence is not None
    assert score.evidence.mood2020.codes.tolist() == [0x3801]


def test_flags_tell_what_was_noticed(tmp_path: Path, label: Path) -> None:
    voxels = np.full(SHAPE, np.nan, np.float32)
    voxels[0] = -1
    path = _save(tmp_path / "p.nii", voxels, np.diag([-1.0, 1, 1, 1]))
    path.write_bytes(path.read_bytes() + b"more")
    score = score_pixel_case(path, label=label, shape=SHAPE)
    assert score.valid
    assert set(score.flags) == set(Flag) - {Flag.SQUEEZED, Flag.FEW_SCORES, Flag.NOT_GZIP}


def test_scores_squeezed_into_8_bits_with_a_scale_are_flagged(tmp_path: Path, label: Path) -> None:
    """As nibabel does with float scores under the header of an 8-bit image; 16 bits lose next to nothing."""
    flags = {}
    for kind in (np.uint8, np.int8, np.int16, np.float32):
        image = nib.Nifti1Image(SCORES, np.eye(4))
        image.set_data_dtype(kind)
        image.to_filename(tmp_path / "p.nii.gz")
        flags[kind] = score_pixel_case(tmp_path / "p.nii.gz", label=label, shape=SHAPE).flags
    squeezed = (Flag.SQUEEZED,)
    assert flags == {np.uint8: squeezed, np.int8: squeezed, np.int16: (), np.float32: ()}


def test_a_map_of_yes_and_no_has_few_scores(tmp_path: Path) -> None:
    volume = np.zeros((20, 20, 20), np.uint8)
    volume[4:9, 4:9, 4:9] = 1
    answers = {np.uint8: volume, np.float32: volume.astype(np.float32)}
    for voxels in answers.values():
        path = _save(tmp_path / "p.nii.gz", voxels)
        assert score_pixel_case(path, label=None, shape=volume.shape).flags == (Flag.FEW_SCORES,)


def test_a_file_that_is_called_gz_and_is_no_gzip_is_flagged(tmp_path: Path, label: Path) -> None:
    plain = _save(tmp_path / "p.nii", SCORES)
    assert score_pixel_case(plain, label=label, shape=SHAPE).flags == ()
    named = plain.rename(tmp_path / "p.nii.gz")
    assert score_pixel_case(named, label=label, shape=SHAPE).flags == (Flag.NOT_GZIP,)


def test_an_affine_other_than_the_test_sets_is_flagged_on_normal_cases_too(tmp_path: Path) -> None:
    own = as_affine(np.diag([0.7, 0.7, 0.7, 1]))
    honest = _save(tmp_path / "h.nii.gz", SCORES, np.diag([0.7, 0.7, 0.7, 1]))
    habit = _save(tmp_path / "i.nii.gz", SCORES)
    label = _save(tmp_path / "label.nii.gz", LABEL.astype(np.uint8))  # stands at another place than its image
    for truth in (None, label):
        assert score_pixel_case(honest, label=truth, shape=SHAPE, affine=own).flags == ()
        assert score_pixel_case(habit, label=truth, shape=SHAPE, affine=own).flags == (Flag.AFFINE_DIFFERS,)
    assert score_pixel_case(habit, label=None, shape=SHAPE).flags == ()  # nothing to compare with


def test_a_case_without_abnormal_voxels_has_no_ap(tmp_path: Path) -> None:
    path = _save(tmp_path / "p.nii.gz", SCORES)
    empty = _save(tmp_path / "empty.nii.gz", np.zeros(SHAPE, np.uint8))
    for truth in (None, empty):
        score = score_pixel_case(path, label=truth, shape=SHAPE)
        assert (score.valid, score.case_ap) == (True, None)
        assert score.evidence is not None
        assert score.evidence.positives == 0


def test_a_bad_prediction_counts_as_all_zero_and_never_raises(tmp_path: Path, label: Path) -> None:
    (tmp_path / "broken.nii.gz").write_bytes(b"\x1f\x8bbroken")
    transposed = _save(tmp_path / "t.nii", SCORES.T)
    expected = {
        None: OutputFault.MISSING,
        tmp_path / "nothing": OutputFault.MISSING,
        tmp_path / "broken.nii.gz": OutputFault.UNREADABLE,
        transposed: OutputFault.SHAPE_MISMATCH,
    }
    for path, fault in expected.items():
        score = score_pixel_case(path, label=label, shape=SHAPE)
        assert (score.valid, score.fault, score.case_ap) == (False, fault, None)
        assert score.evidence is not None
        assert (score.evidence.max, score.evidence.positives) == (0, LABEL.sum())
        assert score.evidence.voxels == LABEL.size


def test_a_fault_after_the_last_voxel_leaves_nothing_of_the_prediction(tmp_path: Path, label: Path) -> None:
    path = _save(tmp_path / "p.nii.gz", SCORES)
    path.write_bytes(path.read_bytes()[:-4])  # half of gzip's trailer is gone
    score = score_pixel_case(path, label=label, shape=SHAPE)
    assert score.fault is OutputFault.UNREADABLE
    assert score.evidence is not None
    assert score.evidence.max == 0


def test_a_bad_label_stops_the_scoring(tmp_path: Path) -> None:
    with pytest.raises(InvalidGroundTruth):
        score_pixel_case(None, label=tmp_path / "none.nii.gz", shape=SHAPE)


@pytest.mark.parametrize(
    ("text", "score", "flags"),
    [
        ("0.25\nsecond line", 0.25, ()),
        ("7", 1.0, (Flag.CLAMPED,)),
        ("-inf", 0.0, (Flag.CLAMPED,)),
        ("nan", 0.0, (Flag.NAN,)),
    ],
)
def test_sample_scores_are_cleaned_and_flagged(
    tmp_path: Path, text: str, score: float, flags: tuple[Flag, ...]
) -> None:
    (tmp_path / "s.txt").write_text(text)
    assert score_sample_case(tmp_path / "s.txt") == CaseScore(valid=True, flags=flags, score=score)


def test_a_bad_sample_score_counts_as_zero(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("0,5")
    expected = {None: OutputFault.MISSING, tmp_path / "s.txt": OutputFault.NOT_A_NUMBER}
    for path, fault in expected.items():
        assert score_sample_case(path) == CaseScore(valid=False, fault=fault, score=0.0)


def test_json_comes_back(tmp_path: Path, label: Path) -> None:
    score = score_pixel_case(_save(tmp_path / "p.nii.gz", SCORES * 2), label=label, shape=SHAPE)
    assert CaseScore.from_json(score.to_json(), evidence=score.evidence, positives=score.positives) == score
    missing = score_sample_case(None)
    assert CaseScore.from_json(missing.to_json()) == missing


@pytest.mark.parametrize("value", [*OutputFault, *Flag])
def test_every_fault_and_flag_has_its_sentence(value: OutputFault | Flag) -> None:
    assert value.text.endswith(".")


def test_a_truth_must_be_what_the_test_set_says_of_its_case(tmp_path: Path) -> None:
    empty = _save(tmp_path / "empty.nii.gz", np.zeros(SHAPE, np.uint8))
    marked = _save(tmp_path / "marked.nii.gz", np.ones(SHAPE, np.uint8))
    for label, abnormal in ((marked, True), (empty, False), (None, False), (empty, None), (marked, None)):
        PixelTruth.read(label, shape=SHAPE, abnormal=abnormal)
    for label, abnormal in ((marked, False), (empty, True), (None, True)):
        with pytest.raises(InvalidGroundTruth, match="abnormal` in the manifest"):
            score_pixel_case(None, label=label, shape=SHAPE, abnormal=abnormal)
