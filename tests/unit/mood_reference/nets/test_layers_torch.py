"""One net, two libraries: NumPy and PyTorch agree in every number, gradient included, and training learns."""

import numpy as np
import pytest

from mood_reference.models import small_cevae as cevae
from mood_reference.nets import layers_numpy

torch = pytest.importorskip("torch")
from mood_reference.nets import layers_torch  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = cevae.Config()
PARAMETERS = cevae.draw_parameters(CONFIG, np.random.default_rng(0))
TENSORS = {name: torch.from_numpy(array) for name, array in PARAMETERS.items()}
SLICES = np.random.default_rng(1).uniform(-1.5, 1.5, (3, 1, cevae.SIDE, cevae.SIDE)).astype(np.float32)


def test_encoder_and_decoder_equal_pytorchs() -> None:
    mean, log_std = cevae.encode(SLICES, PARAMETERS, layers_numpy)
    tensors = cevae.encode(torch.from_numpy(SLICES), TENSORS, layers_torch)
    assert np.allclose(mean, tensors[0].numpy(), atol=1e-4)
    assert np.allclose(log_std, tensors[1].numpy(), atol=1e-4)
    restored = cevae.decode(tensors[0], TENSORS, layers_torch).numpy()
    assert np.allclose(cevae.decode(mean, PARAMETERS, layers_numpy), restored, atol=1e-4)


def test_the_gradient_by_hand_equals_automatic_differentiation() -> None:
    large = {name: 2 * array for name, array in PARAMETERS.items()}  # gradients far above the tolerance
    x = torch.from_numpy(SLICES).requires_grad_()
    mean, log_std = cevae.encode(x, {k: torch.from_numpy(v) for k, v in large.items()}, layers_torch)
    (0.5 * (mean**2 + (2 * log_std).exp() - 1 - 2 * log_std)).sum().backward()
    gradient = cevae.find_kl_gradient(SLICES, large)
    assert np.abs(gradient).max() > 1e-2
    assert np.allclose(gradient, x.grad.numpy(), atol=1e-4)


def make_scans() -> np.ndarray:
    rng = np.random.default_rng(3)
    scans = np.zeros((4, 64, 64, 64), np.float32)
    for scan in scans:
        scan[12:52, 12:52, 12:52] = 0.4
        scan[20:44, 20:44, 16:48] = rng.uniform(0.6, 0.8)
    return scans


def train(steps: int) -> tuple[dict[str, np.ndarray], list[float]]:
    losses: list[float] = []
    config = cevae.Config(steps=steps, batch=16, maps=(8, 16, 32, 32), latents=16)
    arrays = cevae.train(
        make_scans(), config=config, seed=5, report=lambda _, __, text: losses.append(float(text.split()[1]))
    )
    return arrays, losses


def test_the_loss_falls_and_a_foreign_block_then_scores_above_the_rest() -> None:
    arrays, losses = train(150)
    assert losses[-1] < 0.5 * losses[0]
    scan = make_scans()[0]
    scan[26:34, 26:34, 26:34] = 0
    config = cevae.Config(pixel_score=cevae.PixelScore.REC)
    scores = cevae.score(scan, config=config, arrays=arrays)
    assert scores[28:32, 28:32, 28:32].mean() > 2 * scores[scan > 0].mean()


def test_the_same_seed_trains_the_same_net() -> None:
    first, second = train(4)[0], train(4)[0]
    assert all(np.array_equal(first[name], second[name]) for name in first)
