"""APs of pools that have cases some times: those of the repeated voxels, by either kind of loop."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import average_precision_score

from mood_evaluator import kernels
from mood_evaluator.resampled_aps import resampled_aps


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_every_pool_has_the_ap_of_its_repeated_voxels(
    kind: type, *, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not compiled:
        monkeypatch.setattr(kernels, "_load", lambda: None)
    random = np.random.default_rng(1)
    cases, thresholds, pools = 9, 600, 40
    positives = random.integers(0, 3, (cases, thresholds)) * (np.arange(cases) % 3 == 0)[:, None]
    negatives = random.integers(0, 30, (cases, thresholds)) * (random.random((cases, thresholds)) < 0.5)
    weights = random.integers(0, 3, (pools, cases)).astype(np.float64)
    weights[:, 0] += 1
    found = resampled_aps(kind(weights), positives, negatives)
    scores = np.arange(thresholds)
    for times, ap in zip(weights, found, strict=True):
        counts = np.concatenate([times @ positives, times @ negatives])
        truth = np.repeat([True, False], thresholds)
        expected = average_precision_score(truth, np.tile(scores, 2), sample_weight=counts)
        assert ap == pytest.approx(expected, abs=1e-12)
