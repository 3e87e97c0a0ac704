"""Evidence: additive, compact, and exact on the quantized scores."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator import Evidence, InvalidEvidence, Quantizer, UndefinedScore, sum_evidence

RANDOM = np.random.default_rng(5)
SCORES = RANDOM.random(20_000).astype(np.float32) ** 2
LABELS = RANDOM.random(20_000) < 0.02


def test_ap_of_mood2020_is_scikit_learns_on_float16_voxels() -> None:
    expected = average_precision_score(LABELS, SCORES.astype(np.float16))
    assert Evidence.of(SCORES, LABELS).ap(Quantizer.MOOD2020) == pytest.approx(expected, abs=1e-12)


def test_ap_of_two_sided_is_scikit_learns_on_the_codes() -> None:
    expected = average_precision_score(LABELS, Quantizer.TWO_SIDED.quantize(SCORES))
    assert Evidence.of(SCORES, LABELS).ap(Quantizer.TWO_SIDED) == pytest.approx(expected, abs=1e-12)


def test_the_sum_of_parts_is_the_evidence_of_the_whole() -> None:
    cuts = zip(np.split(SCORES, 4), np.split(LABELS, 4), strict=True)
    parts = [Evidence.of(scores, labels) for scores, labels in cuts]
    assert sum_evidence(parts).to_bytes() == Evidence.of(SCORES, LABELS).to_bytes()


def test_bytes_come_back_as_they_were_and_stay_small() -> None:
    raw = np.concatenate([SCORES, np.array([np.nan, np.inf, -np.inf, 2.0], np.float32)])
    data = Evidence.of(raw, np.append(LABELS, [True] * 4)).to_bytes()
    again = Evidence.from_bytes(data)
    assert again.to_bytes() == data
    assert (again.voxels, again.positives) == (20_004, int(LABELS.sum()) + 4)
    assert (again.nan, again.clamped, again.posinf, again.neginf) == (1, 3, 1, 1)
    assert len(data) < 100_000


def test_counts_beyond_32_bits_survive() -> None:
    evidence = Evidence.of_zeros(voxels=2**40, positives=2**33)
    again = Evidence.from_bytes(evidence.to_bytes())
    assert (again.voxels, int(again.two_sided.positives.sum())) == (2**40, 2**33)


def test_evidence_of_zeros_is_that_of_an_all_zero_map() -> None:
    zeros = Evidence.of(np.zeros(LABELS.size), LABELS)
    stated = Evidence.of_zeros(voxels=LABELS.size, positives=int(LABELS.sum()))
    assert stated.to_bytes() == zeros.to_bytes()


def test_range_and_modal_share_tell_a_constant_map() -> None:
    constant = Evidence.of(np.full(8, 0.25, np.float32), None)
    assert (constant.min, constant.max, constant.modal_share) == (0.25, 0.25, 1.0)
    assert Evidence.of(SCORES, LABELS).modal_share < 0.5


@pytest.mark.parametrize("data", [b"", b"MOODEVI9 and so on", b"MOODEVI1", b"MOODEVI1\2\0\0\0{}nonsense"])
def test_bytes_of_something_else_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidEvidence):
        Evidence.from_bytes(data)


def test_truncated_evidence_is_refused() -> None:
    with pytest.raises(InvalidEvidence):
        Evidence.from_bytes(Evidence.of(SCORES, LABELS).to_bytes()[:-20])


def test_a_pool_without_positives_is_undefined() -> None:
    with pytest.raises(UndefinedScore):
        Evidence.of(SCORES, None).ap(Quantizer.TWO_SIDED)
