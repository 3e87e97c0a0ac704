"""The gradient of a log-likelihood as a map, with and without a median."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from mood_reference.families.density_scores import filter_median, make_density_find  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch


def test_the_median_equals_a_plain_loop() -> None:
    maps = torch.randn(2, 7, 6)
    found = filter_median(maps, 5).numpy()
    padded = np.pad(maps.numpy(), ((0, 0), (2, 2), (2, 2)), mode="edge")
    for row in range(7):
        for column in range(6):
            window = padded[:, row : row + 5, column : column + 5].reshape(2, -1)
            assert np.array_equal(found[:, row, column], np.median(window, axis=1))


@pytest.mark.parametrize("median", [0, 3])
def test_the_slice_scores_its_nll_and_a_pixel_the_slope_there(median: int) -> None:
    config = SimpleNamespace(median=median, smooth_runs=0, smooth_noise=0.1)
    x = torch.randn(3, 1, 8, 8)
    factors, slices = make_density_find(lambda v: 0.5 * v.square().flatten(1).sum(1), config)(x)
    assert slices is not None
    assert torch.allclose(slices, 0.5 * x.square().sum(dim=(1, 2, 3)))
    expected = filter_median(x[:, 0].abs(), 3) if median else x[:, 0]
    assert torch.allclose(factors[0], expected)
