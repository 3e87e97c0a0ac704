"""NT-Xent against a plain loop; views that stay slices."""

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from mood_reference.families.contrast import (  # noqa: E402 - needs PyTorch
    ContrastConfig,
    ContrastNet,
    draw_view,
    find_nt_xent,
    make_contrast_stage,
    take_windows,
)

pytestmark = pytest.mark.torch

CONFIG = ContrastConfig(side=16, maps=(4, 8), latents=5, hidden=6, projected=3, mirror_axis=0)


def find_nt_xent_slowly(first: np.ndarray, second: np.ndarray, tau: float) -> float:
    """Eq. 3.17 as it is written, for every ordered positive pair."""

    def sim(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / math.sqrt(float(a @ a)) / math.sqrt(float(b @ b)))

    views = [*first, *second]
    total = 0.0
    for i in range(len(views)):
        partner = views[(i + len(first)) % len(views)]
        others = [v for j, v in enumerate(views) if j != i]
        total -= math.log(
            math.exp(sim(views[i], partner) / tau) / sum(math.exp(sim(views[i], v) / tau) for v in others)
        )
    return total / len(views)


@pytest.mark.parametrize("tau", [0.1, 0.5])
def test_nt_xent_equals_the_equation_written_as_loops(tau: float) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 3, (2, 6, 4))
    found = find_nt_xent(torch.from_numpy(first), torch.from_numpy(second), tau)
    assert found.item() == pytest.approx(find_nt_xent_slowly(first, second, tau), rel=1e-5)


def test_equal_views_of_different_slices_cost_least() -> None:
    views = torch.eye(4)
    assert find_nt_xent(views, views, 0.1) < find_nt_xent(views, views.roll(1, 0), 0.1)
    assert find_nt_xent(views, views, 0.1) == pytest.approx(math.log(1 + 6 * math.exp(-10)), abs=1e-6)


def test_a_window_as_large_as_the_slice_shows_the_slice() -> None:
    x = torch.randn(3, 1, 16, 16)
    same = take_windows(x, replace(CONFIG, zoom=0.0, shift=0.0), np.random.default_rng(0))
    assert torch.allclose(same, x, atol=1e-5)


def test_two_views_differ_in_all_but_the_background() -> None:
    x = torch.full((4, 1, 16, 16), -1.5)
    x[:, :, 5:11, 5:11] = 0.5
    rng = np.random.default_rng(0)
    first, second = draw_view(x, CONFIG, rng), draw_view(x, CONFIG, rng)
    assert first.shape == x.shape
    assert first.dtype == x.dtype
    assert not torch.allclose(first, second)
    assert (first[:, 0, 0, 0] == -1.5).all()
    again = draw_view(x, CONFIG, np.random.default_rng(0))
    assert torch.equal(first, again)


def test_the_features_of_a_slice_do_not_depend_on_its_batch_once_trained() -> None:
    net = ContrastNet(CONFIG).eval()
    x = torch.randn(4, 1, 16, 16)
    assert net.encode(x)[0].shape == (4, 5)
    assert net(x).shape == (4, 3)
    assert torch.allclose(net.encode(x)[0][2:3], net.encode(x[2:3])[0], atol=1e-6)


def test_the_loss_needs_both_views() -> None:
    stage = make_contrast_stage(CONFIG)
    assert stage.loss is not None
    net, x = ContrastNet(CONFIG).eval(), torch.randn(8, 1, 16, 16)
    alike = stage.loss(net, (x, x), {})["loss"]
    apart = stage.loss(net, (x, x.roll(1, 0)), {})["loss"]
    assert alike < apart
