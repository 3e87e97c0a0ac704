"""The decision function against scikit-learn's, its gradient against finite differences."""

import subprocess
import sys

import numpy as np
import pytest

from mood_reference.methods import Profile
from mood_reference.models.oc_svm import decide, make_config, make_scorer, train

svm = pytest.importorskip("sklearn.svm")

RNG = np.random.default_rng(0)
ROWS = RNG.normal(1, 2, (60, 9))


def fit(gamma: float = 0.05) -> tuple[object, dict[str, np.ndarray]]:
    machine = svm.OneClassSVM(kernel="rbf", nu=0.3, gamma=gamma).fit(ROWS)
    arrays = {
        "vectors": machine.support_vectors_,
        "weights": machine.dual_coef_[0],
        "offset": machine.intercept_[0],
        "gamma": gamma,
    }
    return machine, arrays


def test_the_decision_function_is_scikit_learns() -> None:
    machine, arrays = fit()
    x = np.concatenate([ROWS, 5 * ROWS])
    expected = machine.decision_function(x)  # type: ignore[attr-defined]
    assert np.allclose(decide(x, arrays)[0], expected, atol=1e-10)


def test_its_gradient_equals_finite_differences() -> None:
    _, arrays = fit()
    x = RNG.normal(1, 2, (4, 9))
    gradient = decide(x, arrays)[1]
    for pixel in range(9):
        step = np.zeros(9)
        step[pixel] = 1e-5
        slope = (decide(x + step, arrays)[0] - decide(x - step, arrays)[0]) / 2e-5
        assert np.allclose(gradient[:, pixel], slope, rtol=1e-5, atol=1e-9)


def test_a_slice_unlike_all_others_is_the_most_abnormal_one() -> None:
    config = make_config(profile=Profile.TINY, dataset="brain")
    volumes = np.stack([_make_scan(seed) for seed in range(6)])
    arrays = train(volumes, config=config, seed=0, report=lambda *_: None)
    changed = _make_scan(7)
    changed[6:14, 6:14, 10] = 0.05
    score = make_scorer(config=config, arrays=arrays)
    normal, abnormal = score(_make_scan(7)), score(changed)
    assert normal.slices is not None
    assert abnormal.slices is not None
    assert np.nanargmax(abnormal.slices - normal.slices) == 10
    assert abnormal.voxels[8:12, 8:12, 10].mean() > 2 * normal.voxels[8:12, 8:12, 10].mean()


def test_it_scores_without_pytorch() -> None:
    code = "import sys, mood_reference.models.oc_svm; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _make_scan(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0.4, 0.8, 20)[:, None, None] * np.linspace(0.8, 1, 20)
    return (ramp + rng.normal(0, 0.02, (20, 20, 20))).clip(0.1, 1).astype(np.float32)
