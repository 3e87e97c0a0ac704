"""Object sensitivity beside slow twins: thresholds, objects at each, and what scans drawn anew give."""

import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pytest

from mood_evaluator import Evidence, InvalidGroundTruth, PixelCase, Quantizer, UndefinedScore, sum_evidence
from mood_evaluator.objects import (
    ObjectSweep,
    SweptScan,
    find_components,
    object_sensitivity,
    objects_of_case,
    sweep_case,
    sweep_cases,
    sweep_codes,
)
from mood_evaluator.objects.free_response import RATES
from mood_evaluator.objects.nested import components_at
from mood_evaluator.objects.sensitivity import SHARES

EYE = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))
TWO_SIDED = Quantizer.TWO_SIDED
Scores = npt.NDArray[np.float32]


def blurred(random: np.random.Generator, shape: tuple[int, ...]) -> Scores:
    """Scores of few levels in lumps, so that components split, vanish and tie."""
    rough = random.random(shape)
    for axis in range(3):
        rough = rough + np.roll(rough, 1, axis)
    levels = int(random.integers(2, 30))
    return np.asarray(np.floor(rough / rough.max() * levels) / levels, np.float32)


def test_components_at_rising_thresholds_are_those_at_each_of_them_alone() -> None:
    random = np.random.default_rng(5)
    for draw in range(1_000):
        shape = tuple(int(side) for side in random.integers(3, 9, 3)) if draw else (24, 24, 24)
        scores, least = blurred(random, shape), int(random.integers(1, 6))
        own = TWO_SIDED.quantize(scores)
        codes = tuple(int(code) for code in np.unique(own))[1:]
        found = list(components_at(scores, codes, min_voxels=least))
        for code, components in zip(codes, found, strict=True):
            alone = find_components(own >= code, min_voxels=least, scores=scores).objects
            assert {replace(one, number=0) for one in components} == {replace(one, number=0) for one in alone}


def test_thresholds_are_the_highest_scores_that_enough_voxels_reach() -> None:
    random = np.random.default_rng(6)
    for _ in range(1_000):
        scores = np.round(random.random(int(random.integers(1, 400))) ** random.integers(1, 9), 3)
        own = sorted(TWO_SIDED.quantize(scores.astype(np.float32)).tolist(), reverse=True)
        wanted = {own[max(0, -int(-share * len(own) // 1) - 1)] for share in map(float, SHARES)}
        few = [code for code in own if own.count(code) + sum(one > code for one in own) <= 0.1 * len(own)]
        assert sweep_codes(Evidence.of(scores.astype(np.float32), None)) == tuple(
            sorted({*wanted, *few[-1:]} - {0})
        )


def test_a_sparse_map_has_a_threshold_at_which_all_that_it_marks_is_marked() -> None:
    """A detector that is sure of each lesion to another degree is not behind its own yes and no."""
    for lesions in (12, 13, 17, 23, 31):
        scores = np.zeros(10_000, np.float32)
        scores[: 5 * lesions] = np.repeat(np.linspace(0.3, 0.9, lesions), 5)
        lowest = Quantizer.TWO_SIDED.quantize(scores[scores > 0]).min()
        assert sweep_codes(Evidence.of(scores, None))[0] == lowest


def test_only_the_order_of_scores_counts() -> None:
    random = np.random.default_rng(7)
    scores = blurred(random, (16, 16, 16))
    levels, places = np.unique(scores, return_inverse=True)
    other = np.sort(random.choice(1_000, levels.size, replace=False) / 1_000).astype(np.float32)
    changed = other[places].reshape(scores.shape)
    parts = [sweep_codes(Evidence.of(one, None)) for one in (scores, changed)]
    masks = [
        [(TWO_SIDED.quantize(one) >= code).tobytes() for code in codes]
        for one, codes in zip((scores, changed), parts, strict=True)
    ]
    assert masks[0] == masks[1]


def slow_score(scans: list[SweptScan]) -> Fraction:
    """Return the mean over the rates of the best sensitivity, over scans in any number."""
    total = sum(scan.reachable for scan in scans)
    best = [Fraction(0)] * len(RATES)
    for place in range(len(scans[0].found)):
        rate = Fraction(sum(scan.false[place] for scan in scans), len(scans))
        found = Fraction(sum(scan.found[place] for scan in scans), max(total, 1))
        best = [max(old, found) if rate <= Fraction(r) else old for old, r in zip(best, RATES, strict=True)]
    return sum(best, Fraction(0)) / len(RATES)


def random_sweep(random: np.random.Generator) -> ObjectSweep:
    scans, thresholds = {}, int(random.integers(0, 6))
    for number in range(int(random.integers(1, 7))):
        reachable = int(random.integers(0, 3)) if number else 2
        found = tuple(map(int, random.integers(0, reachable + 1, thresholds)))
        scans[f"c{number}"] = SweptScan(found, tuple(map(int, random.integers(0, 4, thresholds))), reachable)
    return ObjectSweep(tuple(range(1, thresholds + 1)), 1.0, scans)


def test_a_thousand_scores_are_those_of_the_twin() -> None:
    random = np.random.default_rng(8)
    for _ in range(1_000):
        sweep = random_sweep(random)
        assert sweep.score() == pytest.approx(float(slow_score(list(sweep.scans.values()))), abs=1e-12)


def test_replicates_are_scores_of_scans_that_were_drawn_and_influences_those_of_a_scan_more() -> None:
    random = np.random.default_rng(9)
    for _ in range(50):
        sweep = random_sweep(random)
        ids = list(sweep.scans)
        abnormal = {case_id: sweep.scans[case_id].reachable > 0 for case_id in ids}
        drawn = sweep.replicates(abnormal, n=20, seed=1, stream="s")
        kinds = [[i for i in ids if abnormal[i] is kind] for kind in (False, True)]
        generator = np.random.default_rng([1, stream_number()])
        picks = [np.array(kind)[generator.integers(0, len(kind), (20, len(kind)))] for kind in kinds if kind]
        for row, score in enumerate(drawn.draws):
            scans = [sweep.scans[str(case_id)] for pick in picks for case_id in pick[row]]
            assert score == pytest.approx(float(slow_score(scans)), abs=1e-12)
        twice = [float(slow_score([*sweep.scans.values(), sweep.scans[i]])) for i in ids]
        for kind in kinds:
            moved = np.array([twice[ids.index(i)] for i in kind])
            own = drawn.influences[[ids.index(i) for i in kind]]
            assert own == pytest.approx(moved - (moved.mean() if kind else 0), abs=1e-12)


def stream_number() -> int:
    return int.from_bytes(hashlib.sha256(b"s").digest()[:8], "big")


def write_case(folder: Path, random: np.random.Generator, *, abnormal: bool) -> PixelCase:
    shape = (9, 8, 7)
    truth = np.zeros(shape, np.uint8)
    x, y, z = random.integers(0, 4, 3)
    truth[x : x + 4, y : y + 3, z : z + 3] = abnormal
    scores = blurred(random, shape) * np.float32(0.7) + truth * np.float32(0.3)
    folder.mkdir()
    for name, voxels in (("scores", scores), ("label", truth)):
        nib.Nifti1Image(voxels, np.eye(4)).to_filename(folder / f"{name}.nii")
    label = folder / "label.nii" if abnormal else None
    return PixelCase(folder.name, folder / "scores.nii", label, shape, EYE)


def test_a_sweep_counts_what_objects_of_the_case_are_at_each_threshold(tmp_path: Path) -> None:
    random = np.random.default_rng(10)
    cases = [write_case(tmp_path / f"c{k}", random, abnormal=k % 2 == 0) for k in range(6)]
    evidence = [
        Evidence.of(np.asarray(nib.Nifti1Image.from_filename(case.prediction).dataobj), None)
        for case in cases if case.prediction is not None
    ]  # fmt: skip
    codes = sweep_codes(sum_evidence(evidence))
    swept = {case.id: sweep_case(case, codes, min_volume=4.0) for case in cases}
    sweep = ObjectSweep(codes, 4.0, swept)
    for case in cases:
        for place, threshold in enumerate(sweep.thresholds):
            scan = objects_of_case(case, threshold=threshold, min_volume=4.0)
            assert swept[case.id].found[place] == sum(one.found for one in scan.reference)
            assert swept[case.id].false[place] == sum(one.matched is None for one in scan.predicted)
    assert 0 < sweep.score() < 1
    assert ObjectSweep.from_json(json.loads(json.dumps(sweep.to_json()))) == sweep
    whole = sweep_cases(
        cases, sum_evidence(evidence)
    )  # from half of the smallest object on, 4 x 3 x 3 voxels
    assert whole == ObjectSweep(codes, 18.0, {c.id: sweep_case(c, codes, min_volume=18.0) for c in cases})
    abnormal = {case.id: case.label is not None for case in cases}
    told = object_sensitivity(sweep, abnormal, spacings=((1.0, 1.0, 1.0),), n=50, seed=1, stream="s")
    document = told.to_json()
    assert document["score"] == sweep.score() == np.mean(document["sensitivity"])
    assert document["rule"]["min_volume_mm3"] == 4.0
    assert document["rule"]["spacings_mm"] == [[1.0, 1.0, 1.0]]
    assert document["rule"]["thresholds"] == list(sweep.thresholds)
    assert told.interval[0] <= told.score <= told.interval[1]


def test_false_alarms_on_healthy_scans_count() -> None:
    noisy = ObjectSweep((5,), 1.0, {"a": SweptScan((1,), (0,), 1), "b": SweptScan((0,), (2,), 0)})
    assert noisy.at_rates() == (0, 0, 0, 1, 1, 1, 1)  # one false alarm a scan
    assert replace(noisy, scans={"a": noisy.scans["a"]}).at_rates() == (1,) * 7


def test_without_anything_to_find_there_is_no_object_sensitivity() -> None:
    empty = ObjectSweep((5,), 1.0, {"a": SweptScan((0,), (2,), 0)})
    with pytest.raises(UndefinedScore):
        empty.replicates({"a": False}, n=3, seed=1, stream="s")


def test_a_sweep_of_a_scan_of_unknown_size_is_refused(tmp_path: Path) -> None:
    case = write_case(tmp_path / "c", np.random.default_rng(1), abnormal=False)
    with pytest.raises(InvalidGroundTruth, match="how large a voxel of case c is"):
        sweep_case(replace(case, affine=None), (1,), min_volume=1.0)
