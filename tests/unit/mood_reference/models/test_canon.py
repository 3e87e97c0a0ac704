"""Canon: noise, Dice and the sum of two maps."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import canon  # noqa: E402 - needs PyTorch
from mood_reference.stages import export_nets  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = canon.make_config(profile=Profile.TINY, dataset="brain")


@pytest.fixture
def arrays(scan: np.ndarray) -> dict[str, np.ndarray]:
    """Random nets, and the scale that belongs to them."""
    nets: dict[str, torch.nn.Module] = {}
    for stage in canon.make_stages(CONFIG):
        nets[stage.name] = stage.build(nets).eval().requires_grad_(False)
        if stage.fit is not None:
            stage.fit(nets[stage.name], stage.prepare(scan[None]), nets, 0)
    return export_nets(nets)


def test_the_map_is_the_weighted_sum_of_the_scaled_error_and_the_discs(
    scan: np.ndarray, arrays: dict[str, np.ndarray]
) -> None:
    error, discs, both = (
        canon.make_scorer(config=replace(CONFIG, error_weight=weight), arrays=arrays)(scan)
        for weight in (1.0, 0.0, 0.25)
    )
    assert np.allclose(both.voxels, 0.25 * error.voxels + 0.75 * discs.voxels, atol=1e-6)
    assert np.allclose(both.slices, 0.25 * error.slices + 0.75 * discs.slices, atol=1e-6, equal_nan=True)
    assert 0 < discs.voxels.max() <= 1
    assert both.sample is None  # the mean over its voxels is taken where all maps are reduced


def test_dice_is_zero_for_a_perfect_prediction_and_matches_its_formula() -> None:
    p, truth = torch.tensor([0.2, 0.9, 0.5]), torch.tensor([0.0, 1.0, 1.0])
    expected = 1 - (2 * 1.4 + 1) / (1.6 + 2 + 1)
    assert float(canon.find_dice_loss(p, truth)) == pytest.approx(expected)
    assert float(canon.find_dice_loss(truth, truth)) == pytest.approx(0)


def test_coarse_noise_is_smooth_and_stays_in_the_body() -> None:
    x = torch.ones(8, 1, 64, 64)
    x[:, :, :10] = 0
    rng = np.random.default_rng(0)
    fine, coarse = canon.draw_noise(x, 0, rng), canon.draw_noise(x, 8, rng)
    assert float(fine.std()) == pytest.approx(1, abs=0.05)
    assert not coarse[:, :, :10].any()
    inside = coarse[:, :, 10:]
    assert inside.diff(dim=3).square().mean() < 0.1 * inside.square().mean()
