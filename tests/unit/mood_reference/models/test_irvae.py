"""irVAE: total variation by hand, and a restoration that goes downhill."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from mood_reference.families.elbo_scores import ElboTerms  # noqa: E402 - needs PyTorch
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models import irvae, vae  # noqa: E402 - needs PyTorch
from mood_reference.stages import export_nets  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch

CONFIG = replace(irvae.make_config(profile=Profile.TINY, dataset="brain"), restoring_steps=20)


def make_term() -> irvae.Term:
    torch.manual_seed(0)
    return ElboTerms(vae.Vae(CONFIG).eval().requires_grad_(False), CONFIG.reconstruction, 1.0).loss


def round_off(size: float, rounding: float) -> float:
    return size**2 / (2 * rounding) if size < rounding else size - rounding / 2


@pytest.mark.parametrize("rounding", [0.0, 0.5])
def test_the_total_variation_is_that_of_a_loop(rounding: float) -> None:
    change = np.random.default_rng(0).normal(size=(2, 1, 5, 6))
    expected = np.zeros(2)
    for b, i, j in np.ndindex(2, 5, 6):
        if i:
            expected[b] += round_off(abs(change[b, 0, i, j] - change[b, 0, i - 1, j]), rounding)
        if j:
            expected[b] += round_off(abs(change[b, 0, i, j] - change[b, 0, i, j - 1]), rounding)
    assert np.allclose(irvae.find_total_variation(torch.from_numpy(change), rounding), expected)


def draw_squares(count: int) -> torch.Tensor:
    y = torch.full((count, 1, 32, 32), -CONFIG.clip)
    for number, one in enumerate(y[:, 0]):
        one[4:28, 4:28] = 0.5
        one[8 : 14 + number, 8 : 14 + number] = 1.5
    return y


def test_restoring_makes_the_objective_smaller_in_every_slice() -> None:
    term, y = make_term(), draw_squares(4)
    restored = irvae.restore(y, term, CONFIG)
    with torch.no_grad():
        before = irvae.find_objective(y, y, term, CONFIG)
        after = irvae.find_objective(restored, y, term, CONFIG)
    assert torch.equal(before, term(y))  # nothing has changed, so its variation is 0
    assert (after < before).all()
    assert restored.abs().max() <= CONFIG.clip


def test_the_total_variation_holds_the_change_together() -> None:
    term, y = make_term(), torch.rand(2, 1, 32, 32)
    free, held = (
        irvae.find_total_variation(irvae.restore(y, term, replace(CONFIG, tv_weight=weight)) - y).sum()
        for weight in (0.0, 2.2)
    )
    assert 0 < held < 0.9 * free


def test_the_weights_of_a_vae_fit(scan: np.ndarray) -> None:
    tiny = vae.make_config(profile=Profile.TINY, dataset="brain")
    (stage,) = vae.make_stages(tiny)
    arrays = export_nets({stage.name: stage.build({})})
    found = irvae.make_scorer(config=replace(CONFIG, restoring_steps=2), arrays=arrays)(scan)
    assert found.voxels.max() > 0
