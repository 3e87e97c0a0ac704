"""Objects: what touches is one, who finds whom, and what a confidence costs; checked by slow twins."""

import itertools
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mood_evaluator import InvalidGroundTruth, PixelCase, UndefinedScore
from mood_evaluator.objects import (
    FoundObject,
    ReferenceObject,
    ScanObjects,
    detections_by,
    find_components,
    froc,
    match_objects,
    objects_of_case,
    smallest_reference,
    summarize_objects,
)

Mask = npt.NDArray[np.bool_]
NEIGHBOURS = [step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)]


def flood(mask: Mask) -> set[frozenset[tuple[int, ...]]]:
    """Return the components as sets of voxels, by walking from voxel to voxel."""
    left = {tuple(int(axis) for axis in place) for place in np.argwhere(mask)}
    found = set()
    while left:
        edge, own = [left.pop()], set()
        while edge:
            place = edge.pop()
            own.add(place)
            near = {tuple(a + b for a, b in zip(place, step, strict=True)) for step in NEIGHBOURS} & left
            left -= near
            edge += near
        found.add(frozenset(own))
    return found


@given(st.integers(0, 2**32), st.sampled_from([0.05, 0.15, 0.3]))
@settings(max_examples=60, deadline=None)
def test_components_are_those_of_a_walk_over_26_neighbours(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((6, 5, 4)) < share
    found = find_components(mask)
    sets = {frozenset(map(tuple, np.argwhere(found.labelled == o.number).tolist())) for o in found.objects}
    assert sets == flood(mask)
    assert all(o.voxels == (found.labelled == o.number).sum() for o in found.objects)


def test_small_components_are_left_out_and_the_rest_is_numbered_from_one() -> None:
    mask = np.zeros((9, 3, 3), np.bool_)
    mask[0], mask[3, 0, 0], mask[6:8] = True, True, True
    scores = np.where(mask, np.arange(mask.size).reshape(mask.shape), 0).astype(np.float32)
    found = find_components(mask, min_voxels=2, scores=scores)
    assert [(o.number, o.voxels) for o in found.objects] == [(1, 9), (2, 18)]
    assert [o.peak for o in found.objects] == [scores[0].max(), scores[7].max()]
    assert set(np.unique(found.labelled)) == {0, 1, 2}


def ball(shape: tuple[int, int, int], centre: tuple[int, int, int], radius: float) -> Mask:
    grid = np.indices(shape)
    return sum((grid[axis] - centre[axis]) ** 2 for axis in range(3)) <= radius**2


def match(predicted: Mask, reference: Mask, scores: npt.NDArray[np.float32] | None = None) -> ScanObjects:
    found = find_components(predicted, scores=scores)
    return match_objects(found, find_components(reference), voxel_volume=2.0, min_volume=1.0)


SHAPE = (24, 16, 16)
REFERENCE = ball(SHAPE, (7, 7, 7), 4)


def test_the_same_object_is_found() -> None:
    scan = match(REFERENCE, REFERENCE)
    assert [found.matched for found in scan.predicted] == [0]
    assert scan.reference == (ReferenceObject(REFERENCE.sum() * 2.0, found=True, reachable=True),)
    assert scan.false_volume == 0


def test_a_centre_outside_or_a_volume_beyond_a_factor_of_two_is_a_false_positive() -> None:
    for predicted in (ball(SHAPE, (13, 7, 7), 4), ball(SHAPE, (7, 7, 7), 6), ball(SHAPE, (7, 7, 7), 3)):
        scan = match(predicted, REFERENCE)
        assert scan.predicted[0].matched is None
        assert not scan.reference[0].found


def test_a_factor_of_exactly_two_still_counts() -> None:
    reference, half = np.zeros((2, *SHAPE), np.bool_)
    reference[2:6, 2:4, 2] = True
    half[3:5, 2:4, 2] = True
    assert match(half, reference).reference[0].found
    assert match(reference, half).reference[0].found
    half[3, 2, 2] = False
    assert not match(half, reference).reference[0].found


def test_a_ring_is_found_by_itself_though_its_centre_of_mass_lies_outside() -> None:
    ring = ball(SHAPE, (7, 7, 7), 5) & ~ball(SHAPE, (7, 7, 7), 3)
    assert not ring[7, 7, 7]
    assert match(ring, ring).reference[0].found


def test_of_two_that_fit_the_surest_finds_and_the_other_is_false() -> None:
    reference, predicted = np.zeros((2, *SHAPE), np.bool_)
    reference[2:10, 2, 2] = True
    predicted[2:6, 2, 2] = predicted[7:11, 2, 2] = True
    scores = np.where(predicted, 0.5, 0).astype(np.float32)
    scores[9, 2, 2] = 0.9
    scan = match(predicted, reference, scores)
    assert [(found.confidence, found.matched) for found in scan.predicted] == [
        (0.5, None), (np.float32(0.9), 0),
    ]  # fmt: skip
    assert scan.false_volume == 8.0


def test_a_reference_object_too_small_for_any_prediction_is_unreachable_not_missed() -> None:
    tiny = np.zeros(SHAPE, np.bool_)
    tiny[1, 1, 1] = True
    nothing = find_components(np.zeros(SHAPE, np.bool_))
    scan = match_objects(nothing, find_components(tiny | REFERENCE), voxel_volume=2.0, min_volume=5.0)
    summary = summarize_objects([scan])
    assert (summary.true, summary.missed, summary.unreachable) == (0, 1, 1)
    assert (summary.precision, summary.recall) == (None, 0.0)


def scan(found: list[tuple[float, int | None]], wanted: int) -> ScanObjects:
    return ScanObjects(
        tuple(FoundObject(10.0, confidence, (0, 0, 0), matched) for confidence, matched in found),
        tuple(ReferenceObject(10.0, any(m == k for _, m in found), reachable=True) for k in range(wanted)),
    )


SCANS = [scan([(0.9, 0), (0.4, None)], 2), scan([(0.9, None), (0.3, None)], 0), scan([(0.5, 0)], 1)]


@st.composite
def many_scans(draw: st.DrawFn) -> list[ScanObjects]:
    scans = [scan([(0.5, 0)], 1)]
    for _ in range(draw(st.integers(0, 5))):
        wanted = draw(st.integers(0, 3))
        hits = [(draw(st.sampled_from([0.1, 0.5, 0.7])), k) for k in range(wanted) if draw(st.booleans())]
        misses = draw(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.7]), st.none()), max_size=4))
        scans.append(scan([*hits, *misses], wanted))
    return scans


@given(many_scans(), st.sampled_from([0.0, 0.125, 0.5, 1.0, 3.0]))
@settings(max_examples=100, deadline=None)
def test_sensitivity_at_a_rate_is_the_best_of_all_confidences(scans: list[ScanObjects], rate: float) -> None:
    total = sum(len(each.reference) for each in scans)
    best = 0.0
    for level in (0.1, 0.5, 0.7):
        sure = [found for each in scans for found in each.predicted if found.confidence >= level]
        if sum(found.matched is None for found in sure) / len(scans) <= rate:
            best = max(best, sum(found.matched is not None for found in sure) / total)
    assert froc(scans).sensitivity_at(rate) == pytest.approx(best)


def test_cpm_is_the_mean_sensitivity_at_seven_rates() -> None:
    curve = froc(SCANS)
    assert curve.sensitivity.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3, 2 / 3])
    assert curve.false_per_scan.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3, 1])
    assert curve.cpm() == pytest.approx((2 * 0 + 5 * 2 / 3) / 7)


def test_without_anything_to_find_there_is_no_sensitivity() -> None:
    with pytest.raises(UndefinedScore):
        froc([scan([(0.5, None)], 0)])


def test_a_set_is_summarized_and_false_volume_is_that_of_healthy_scans() -> None:
    summary = summarize_objects(SCANS)
    assert (summary.true, summary.false, summary.missed) == (2, 3, 1)
    assert (summary.precision, summary.recall) == (2 / 5, 2 / 3)
    assert summary.false_volume_on_healthy == 20.0
    assert summarize_objects(SCANS[:1]).false_volume_on_healthy is None
    assert summarize_objects([]).recall is None


def test_detections_are_counted_per_grade_and_per_review_class() -> None:
    scans = dict(zip("abc", SCANS, strict=True))
    grades = {"a": "C1", "b": "C2", "c": "C2"}
    table = detections_by(scans, grades.__getitem__, {("b", 0): "imaging artifact"})
    assert table == {"C1": (1, 2), "C2": (1, 1), "FP": (2, None), "imaging artifact": (1, None)}


AFFINE = ((2.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))


@pytest.fixture
def case(tmp_path: Path) -> PixelCase:
    """Return a case with one object of 2 x 1 x 1 mm voxels, predicted as it is with 0.6, beside noise."""
    scores = np.where(REFERENCE, 0.6, 0.1).astype(np.float32)
    scores[20, 1, 1] = 0.9
    for name, voxels in (("label", REFERENCE.astype(np.uint8)), ("scores", scores)):
        nib.Nifti1Image(voxels, np.diag([2.0, 1, 1, 1])).to_filename(tmp_path / f"{name}.nii.gz")
    return PixelCase("a", tmp_path / "scores.nii.gz", tmp_path / "label.nii.gz", SHAPE)


def test_objects_are_read_from_files_with_volumes_in_cubic_millimetres(case: PixelCase) -> None:
    volume = float(REFERENCE.sum() * 2)
    assert smallest_reference([case]) == volume
    (found,) = objects_of_case(case, threshold=0.6, min_volume=volume / 2).predicted
    assert (found.volume, found.matched, found.centre) == (volume, 0, (7, 7, 7))
    assert len(objects_of_case(case, threshold=0.6, min_volume=2.0).predicted) == 2
    assert objects_of_case(case, threshold=0.95, min_volume=2.0).predicted == ()


@pytest.mark.parametrize("size", [0.01, 1.0, 40.0])
def test_what_a_prediction_says_of_its_voxels_moves_no_object(case: PixelCase, size: float) -> None:
    """The least volume and all volumes are measured in voxels of the test set, on healthy scans too."""
    healthy = replace(case, label=None, affine=AFFINE)
    expected = [objects_of_case(one, threshold=0.5, min_volume=10.0) for one in (case, healthy)]
    assert case.prediction is not None
    voxels = np.asarray(nib.Nifti1Image.from_filename(case.prediction).dataobj)
    nib.Nifti1Image(voxels, np.diag([size, size, size, 1])).to_filename(case.prediction)
    assert [objects_of_case(one, threshold=0.5, min_volume=10.0) for one in (case, healthy)] == expected
    assert len(expected[1].predicted) == 1


def test_a_healthy_scan_of_which_nobody_says_how_large_its_voxels_are_is_refused(case: PixelCase) -> None:
    with pytest.raises(InvalidGroundTruth, match="write `affine` of this case into"):
        objects_of_case(replace(case, label=None), threshold=0.5, min_volume=2.0)


def test_a_surer_object_on_the_first_target_leaves_the_next_to_another() -> None:
    """Within a ring lies a ball; a centre of mass in the ball is one of both, as the ring is hollow."""
    ring = ball(SHAPE, (8, 7, 7), 6) & ~ball(SHAPE, (8, 7, 7), 4)
    inner = ball(SHAPE, (8, 7, 7), 1)
    scan = match(ring | inner, ring | inner)
    assert all(wanted.found for wanted in scan.reference)


def test_a_missing_prediction_shows_nothing_and_a_healthy_case_has_no_object(case: PixelCase) -> None:
    lost = PixelCase("a", None, case.label, SHAPE)
    broken = PixelCase("a", Path("nowhere"), case.label, SHAPE)
    for each in (lost, broken):
        scan = objects_of_case(each, threshold=0.5, min_volume=1.0)
        assert (scan.predicted, scan.reference[0].found) == ((), False)
    healthy = PixelCase("a", case.prediction, None, SHAPE, AFFINE)
    assert smallest_reference([healthy]) is None
    scan = objects_of_case(healthy, threshold=0.5, min_volume=2.0)
    assert (scan.reference, scan.false_volume) == ((), float(REFERENCE.sum() * 2 + 2))
    assert ScanObjects.from_json(scan.to_json()) == scan
