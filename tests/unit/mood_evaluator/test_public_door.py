"""Whatever a function of the library is handed, it takes it or refuses it in one sentence."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from mood_evaluator import (
    Evidence,
    Flag,
    InvalidInput,
    Quantizer,
    as_affine,
    average_precision_from_histogram,
    find_affine,
    sample_replicates,
    score_pixel_case,
    sum_evidence,
    whole_set_replicates,
)
from mood_evaluator.objects.components import find_components
from mood_evaluator.objects.matching import match_objects
from mood_evaluator.tables.agreement import kendall_tau_b
from mood_evaluator.tables.combine import combine_rankings
from mood_evaluator.tables.schemes import RankedAlgorithm

SHAPE = (4, 5, 6)
MASK = np.zeros(SHAPE, bool)
MASK[1:3, 1:3, 1:3] = True
ROWS: Any = [RankedAlgorithm("A", 0.9, 1)]
EVIDENCE = Evidence.of([0.1, 0.9], [False, True])
TRUTH = {"a": False, "b": True}
DRAW: Any = {"n": 2, "seed": 1}
TWO_SIDED = Quantizer.TWO_SIDED


def _match(voxel_volume: Any = 1.0, min_volume: Any = 0.0) -> Any:
    found = find_components(MASK)
    return match_objects(found, found, voxel_volume=voxel_volume, min_volume=min_volume)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "small affine": (lambda: as_affine(np.eye(2)), r"shape \(2, 2\). Give three or four rows"),
    "text affine": (lambda: as_affine("x"), "no matrix of numbers"),  # type: ignore[arg-type]
    "known affine": (lambda: find_affine(np.eye(3), shape=SHAPE), "Give three or four rows"),
    "case affine": (
        lambda: score_pixel_case(None, label=None, shape=SHAPE, affine=np.eye(2)),
        "three or four",
    ),
    "rankings in a list": (lambda: combine_rankings([ROWS, ROWS]), "by task"),  # type: ignore[arg-type]
    "no rankings": (lambda: combine_rankings(None), "no mapping of rankings"),  # type: ignore[arg-type]
    "a table": (lambda: combine_rankings({"b": "table"}), "what rank_table returns"),  # type: ignore[dict-item]
    "a number": (lambda: combine_rankings({"b": 3}), "what rank_table returns"),  # type: ignore[dict-item]
    "empty rankings": (lambda: combine_rankings({}), "rankings is empty"),
    "ranks in lists": (lambda: kendall_tau_b([1], [2]), "no mapping"),  # type: ignore[arg-type]
    "one Evidence": (lambda: sum_evidence(EVIDENCE), "no list of Evidence"),  # type: ignore[arg-type]
    "no stream": (lambda: sample_replicates({"a": 0, "b": 1}, TRUTH, stream=None, **DRAW), "stream is None"),
    "a number as stream": (lambda: whole_set_replicates({"a": EVIDENCE}, stream=3, **DRAW), "stream is 3"),
    "a map as mask": (lambda: find_components(MASK * 0.5), "Give booleans or 0 and 1"),  # type: ignore[arg-type]
    "NaN as mask": (lambda: find_components(MASK * np.nan), "Give booleans"),  # type: ignore[arg-type]
    "a slice": (lambda: find_components(MASK[0]), r"shape \(5, 6\). Give the voxels of a volume"),
    "other scores": (lambda: find_components(MASK, scores=np.zeros((2, 2, 2), np.float32)), "score a voxel"),
    "no voxel volume": (lambda: _match(float("nan")), "Give both in mm"),
    "negative voxels": (lambda: _match(-1), "voxel_volume is -1"),
    "endless least": (lambda: _match(1, float("inf")), "min_volume inf"),
    "counts beyond int64": (
        lambda: average_precision_from_histogram([2**62, 2**62], [1, 2**62]),
        "more than 2.3",
    ),
    "unsigned counts": (lambda: average_precision_from_histogram(np.uint64([2**63]), [1]), "summed exactly"),
    "two scans": (
        lambda: match_objects(
            find_components(MASK), find_components(MASK[:2]), voxel_volume=1.0, min_volume=0.0
        ),
        "Give those of one scan",
    ),
    "no code": (lambda: TWO_SIDED.score_of(99_999), "code is 99999. Give one from 0 to 28672"),
    "logits": (lambda: TWO_SIDED.quantize([3.0, 0.5]), r"outside \[0, 1\]. Pass them through clean_scores"),
    "negative scores": (lambda: TWO_SIDED.quantize(np.array([-1.0])), "outside"),
    "NaN scores": (lambda: Quantizer.MOOD2020.quantize(np.array([0.5, np.nan])), "outside"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_is_refused_in_a_sentence(name: str) -> None:
    call, words = REFUSED[name]
    with pytest.raises(InvalidInput, match=words):
        call()


def test_an_affine_as_nibabel_has_it_is_taken(tmp_path: Path) -> None:
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    path = tmp_path / "p.nii.gz"
    nib.Nifti1Image(np.random.default_rng(1).random(SHAPE).astype(np.float32), affine).to_filename(path)
    assert score_pixel_case(path, label=None, shape=SHAPE, affine=affine).flags == ()
    other = score_pixel_case(path, label=None, shape=SHAPE, affine=np.eye(4))
    assert other.flags == (Flag.AFFINE_DIFFERS,)
    assert find_affine(np.zeros((4, 4)), path, shape=SHAPE) == as_affine(affine)


def test_lists_series_and_masks_of_numbers_are_taken() -> None:
    assert len(find_components(MASK.astype(np.uint8)).objects) == 1
    assert kendall_tau_b(pd.Series({"a": 1, "b": 2}), pd.Series({"a": 1, "b": 2})) == 1.0  # type: ignore[arg-type]
    assert sum_evidence(part for part in (EVIDENCE, EVIDENCE)).voxels == 4
    for quantizer in Quantizer:
        codes = quantizer.quantize([0.0, -0.0, 0.5, 1.0])
        assert codes[0] == codes[1] == 0
        assert quantizer.quantize([]).size == 0
        assert codes.tolist() == quantizer.quantize(np.array([0, 0, 0.5, 1], np.float32)).tolist()


def test_teams_without_a_result_agree_without_a_warning() -> None:
    none = {"a": -np.inf, "b": -np.inf}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(kendall_tau_b(none, {"a": 1, "b": 2}))
