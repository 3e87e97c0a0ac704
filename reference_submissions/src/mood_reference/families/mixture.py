"""A Gaussian mixture on an encoder's features (eq. 3.18), in PyTorch: its gradient reaches the pixels.

scikit-learn fits it at training time by expectation maximisation; scoring needs PyTorch alone. Mixtures of
several numbers of components are kept, and painted spheres choose among them (the thesis chooses by synthetic
anomalies, too).
"""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mood_reference.families.density_scores import GRADIENT_CANDIDATES, make_density_find
from mood_reference.families.slicewise import Find
from mood_reference.scans.slices import SliceSet
from mood_reference.stages import Nets, Stage

Features = NDArray[np.float64]  # (S, D)

BATCH = 64  # slices encoded at a time before a fit
TOLERANCE = 0.1  # gain in mean log-likelihood per slice below which EM ends (thesis 3.2.4)
MOST_ROUNDS = 100  # of EM, ours
LEAST_SPREAD = 1e-3  # of a feature: one that the encoder does not use is not blown up to deviation 1, ours

COMPONENTS = (1, 2, 4, 8)  # the numbers of Gaussians that are fitted and tried (thesis 6.0.3)
MIXTURE_CANDIDATES: tuple[dict[str, Any], ...] = tuple(
    {"components": count, **change} for count in COMPONENTS for change in GRADIENT_CANDIDATES
)


class Mixture(nn.Module):
    """K Gaussians over D features, with full covariances."""

    def __init__(self, components: int, dimensions: int) -> None:
        super().__init__()
        self.log_shares: Tensor
        self.means: Tensor
        self.roots: Tensor  # upper triangular R with R Rᵀ = the inverse covariance
        self.register_buffer("log_shares", torch.full((components,), -math.log(components)))
        self.register_buffer("means", torch.zeros(components, dimensions))
        self.register_buffer("roots", torch.eye(dimensions).repeat(components, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return -log p(x) in nats: (B, D) -> (B,)."""
        distance = torch.einsum("bkd,kde->bke", x[:, None] - self.means, self.roots)  # (B, K, D)
        volume = self.roots.diagonal(dim1=1, dim2=2).log().sum(1)  # (K,), log det R
        constant = 0.5 * x.shape[1] * math.log(2 * math.pi)
        log_normal = volume - 0.5 * distance.square().sum(2) - constant  # (B, K)
        return -torch.logsumexp(self.log_shares + log_normal, 1)

    def fit(self, features: Features, *, floor: float, seed: int) -> None:
        """Maximise the likelihood by EM from random features as means; `floor` is added to all variances."""
        from sklearn.mixture import GaussianMixture

        found = GaussianMixture(
            len(self.means),
            tol=TOLERANCE,
            max_iter=MOST_ROUNDS,
            reg_covar=floor,
            init_params="random_from_data",
            random_state=seed,
        ).fit(features)
        self.log_shares.copy_(torch.from_numpy(np.log(found.weights_)))
        self.means.copy_(torch.from_numpy(found.means_))
        self.roots.copy_(torch.from_numpy(found.precisions_cholesky_))


class MixtureHead(nn.Module):
    """Mixtures of several numbers of components over features that are first standardised."""

    def __init__(self, counts: Sequence[int], dimensions: int) -> None:
        super().__init__()
        self.centre: Tensor
        self.scale: Tensor
        self.register_buffer("centre", torch.zeros(dimensions))
        self.register_buffer("scale", torch.ones(dimensions))
        self.mixtures = nn.ModuleDict({str(count): Mixture(count, dimensions) for count in counts})

    def forward(self, features: Tensor, components: int) -> Tensor:
        """Return the negative log-likelihood of the standardised features: (B, D) -> (B,)."""
        nll: Tensor = self.mixtures[str(components)]((features - self.centre) / self.scale)
        return nll

    def fit(self, features: Features, *, floor: float, seed: int) -> None:
        self.centre.copy_(torch.from_numpy(features.mean(axis=0)))
        self.scale.copy_(torch.from_numpy(features.std(axis=0) + LEAST_SPREAD))
        rows = (features - self.centre.cpu().numpy()) / self.scale.cpu().numpy()
        for mixture in self.mixtures.values():
            cast("Mixture", mixture).fit(rows, floor=floor, seed=seed)


def make_mixture_stage(first: Stage, config: Any) -> Stage:
    """Return the second stage: mixtures fitted to the features of all training slices, as they are.

    The config has latents and covariance_floor.
    """

    def fit(net: Any, data: SliceSet, nets: Nets, seed: int) -> None:
        net.fit(find_features(nets[first.name], data), floor=config.covariance_floor, seed=seed)

    return Stage(
        name="gmm",
        build=lambda _: MixtureHead(COMPONENTS, config.latents),
        prepare=first.prepare,
        fit=fit,
    )


@torch.no_grad()
def find_features(encoder: Any, data: SliceSet) -> Features:
    """Return what the encoder makes of every slice with a body: (S, D)."""
    weight = next(encoder.parameters())
    parts = torch.from_numpy(data.all()).split(BATCH)
    return np.concatenate(
        [encoder.encode(part.to(weight.device))[0].double().cpu().numpy() for part in parts]
    )


def make_mixture_find(encoder: Any, head: nn.Module, config: Any) -> Find:
    """Return the scoring by -log p of the encoder's features; the config has `components` as well."""
    return make_density_find(lambda x: head(encoder.encode(x)[0], config.components), config)
