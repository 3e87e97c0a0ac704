"""NUDT: edges, and what becomes of small objects."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label, sobel

torch = pytest.importorskip("torch")
from mood_reference.models import nudt  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch


def test_edges_are_scipys_smoothed_sobel_magnitudes() -> None:
    x = np.random.default_rng(0).random((2, 1, 20, 24))
    found = nudt.find_edges(torch.from_numpy(x))[:, 0].numpy()
    for one, slice_ in zip(found, x[:, 0], strict=True):
        blurred = gaussian_filter(slice_, 1.0, mode="nearest", truncate=2.0)
        expected = np.hypot(*(sobel(blurred, axis, mode="nearest") / 8 for axis in (0, 1)))
        assert np.allclose(one, expected, atol=1e-3)


def test_a_flat_slice_has_no_edges_and_a_finite_gradient() -> None:
    x = torch.zeros(1, 1, 8, 8, requires_grad=True)
    nudt.find_edges(x).sum().backward()
    assert nudt.find_edges(x).max() < 1e-3
    assert torch.isfinite(x.grad).all()


def test_small_objects_fall_below_the_threshold_and_all_else_stays() -> None:
    rng = np.random.default_rng(1)
    voxels = rng.random((16, 16, 16), dtype=np.float32)
    voxels[4:9, 4:9, 4:9] = rng.uniform(2, 3, (5, 5, 5))
    threshold = 0.9
    number = label(voxels > threshold)[0]
    small = (number > 0) & (np.bincount(number.ravel())[number] < 20)
    lowered = nudt.lower_small(voxels, threshold, 20)
    assert small.any()
    assert (lowered[~small] == voxels[~small]).all()
    assert ((threshold / 2 < lowered[small]) & (lowered[small] < threshold)).all()
    assert (np.argsort(lowered[small]) == np.argsort(voxels[small])).all()
    assert len(np.unique(lowered[small])) > 0.99 * small.sum()  # but for float32 no ties


def test_without_a_minimum_nothing_changes() -> None:
    voxels = np.random.default_rng(2).random((5, 6, 7), dtype=np.float32)
    assert (nudt.lower_small(voxels, 0.5, 0) == voxels).all()
