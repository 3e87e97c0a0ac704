"""The mixture against scikit-learn's own, its gradient against finite differences."""

from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from sklearn.mixture import GaussianMixture  # noqa: E402 - needs PyTorch
from torch import nn  # noqa: E402 - needs PyTorch

from mood_reference.families.elbo_scores import smooth_gradient  # noqa: E402 - needs PyTorch
from mood_reference.families.mixture import (  # noqa: E402 - needs PyTorch
    COMPONENTS,
    MIXTURE_CANDIDATES,
    TOLERANCE,
    Mixture,
    MixtureHead,
    find_features,
    make_mixture_find,
    make_mixture_stage,
)
from mood_reference.methods import Profile  # noqa: E402 - needs PyTorch
from mood_reference.models.cradl import make_config, make_stages  # noqa: E402 - needs PyTorch
from mood_reference.scans.slices import SliceSet  # noqa: E402 - needs PyTorch

pytestmark = pytest.mark.torch


def make_features() -> np.ndarray:
    """Three clouds in five dimensions that depend on each other, each along its own axes."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(0, 1, (80, 5)) @ rng.normal(0, 1, (5, 5)) + 6 * k for k in range(3)])


FEATURES = make_features()


@pytest.mark.parametrize("components", [1, 2, 4])
def test_log_likelihoods_equal_scikit_learns(components: int) -> None:
    mixture = Mixture(components, 5).double()
    mixture.fit(FEATURES, floor=1e-2, seed=3)
    twin = GaussianMixture(
        components, tol=TOLERANCE, reg_covar=1e-2, init_params="random_from_data", random_state=3
    ).fit(FEATURES)
    far = np.concatenate([FEATURES, 100 * FEATURES[:5]])
    assert np.allclose(mixture(torch.from_numpy(far)).numpy(), -twin.score_samples(far), rtol=1e-10)


def test_the_gradient_equals_finite_differences() -> None:
    mixture = Mixture(4, 5).double()
    mixture.fit(FEATURES, floor=1e-2, seed=0)
    x = torch.from_numpy(FEATURES[:6])
    gradient = smooth_gradient(mixture, x)
    for number in range(5):
        step = torch.zeros_like(x)
        step[:, number] = 1e-6
        slope = (mixture(x + step) - mixture(x - step)) / 2e-6
        assert torch.allclose(gradient[:, number], slope, rtol=1e-5, atol=1e-7)


def test_features_are_standardised_and_one_without_spread_stays_finite() -> None:
    head = MixtureHead((1,), 6).double()
    features = np.concatenate([1000 * FEATURES, np.full((len(FEATURES), 1), 7.0)], axis=1)
    head.fit(features, floor=1e-2, seed=0)
    scaled = (features - head.centre.numpy()) / head.scale.numpy()
    assert np.allclose(scaled[:, :5].std(axis=0), 1, atol=1e-4)
    assert torch.isfinite(head(torch.from_numpy(features), 1)).all()


def test_every_candidate_has_a_mixture_of_its_own() -> None:
    head = MixtureHead(COMPONENTS, 5).double()
    head.fit(FEATURES, floor=1e-2, seed=0)
    scores = [head(torch.from_numpy(FEATURES), change["components"]).mean() for change in MIXTURE_CANDIDATES]
    assert [len(mixture.means) for mixture in head.mixtures.values()] == [1, 2, 4, 8]
    assert scores[0] > scores[2], "one Gaussian fits three clouds worse than four"


class Encoder(nn.Module):
    """Features: mean and deviation of a slice."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1), requires_grad=False)

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        flat = x.flatten(1) * self.factor
        return (torch.stack([flat.mean(1), flat.std(1)], 1),)


def test_the_stage_fits_the_features_of_all_slices_and_scores_an_odd_slice_highest() -> None:
    config = make_config(profile=Profile.TINY, dataset="brain")
    object.__setattr__(config, "latents", 2)
    x = np.random.default_rng(0).normal(0, 0.2, (5, 30, 32, 32)).astype(np.float32)
    data = SliceSet(x, np.argwhere(np.ones((5, 30), bool)))
    encoder = Encoder()
    assert find_features(encoder, data).shape == (150, 2)
    assert np.allclose(find_features(encoder, data)[40], [x[1, 10].mean(), x[1, 10].std(ddof=1)], atol=1e-6)
    stage = make_mixture_stage(make_stages(config)[0], config)
    head = stage.build({})
    assert stage.fit is not None
    stage.fit(head, data, {"cradl": encoder}, 0)
    odd = torch.from_numpy(x[0, :3, None].copy())
    odd[2, 0, 10:20, 10:20] = 1.5
    (gradient,), slices = make_mixture_find(encoder, head, config)(odd)
    assert slices is not None
    assert slices.argmax() == 2
    assert gradient[2, 12:18, 12:18].mean() > 2 * gradient[2, 24:, 24:].mean()
    find_nll = partial(head, components=config.components)
    assert torch.allclose(slices, find_nll(encoder.encode(odd)[0]))
