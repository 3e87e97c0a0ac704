"""Scores of a model that says how likely a slice is: -log p(x) for the slice, its gradient for the pixels."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from mood_reference.families.elbo_scores import Term, smooth_gradient
from mood_reference.families.slicewise import Find

GRADIENT_CANDIDATES: tuple[dict[str, Any], ...] = (
    {"median": 5, "signed_smoothing": 0.0},  # of the gradient's size: the authors' code
    {"median": 0, "signed_smoothing": 2.0},  # of the gradient with its sign, so that its noise cancels: ours
)
"""How a gradient becomes a map; AP on spheres painted into held-out normal scans decides (thesis 4.2.2)."""


def make_density_find(find_nll: Term, config: Any) -> Find:
    """Return the scoring by a negative log-likelihood (B, 1, H, W) -> (B,) in nats (thesis 3.2.3).

    The config has median, smooth_runs and smooth_noise. With a median, the size of the gradient is filtered;
    without one (0), the gradient keeps its sign, and signed_smoothing cancels its edges. The authors mask the
    body before the median, in slices; here it is masked at the end, in volumes.
    """

    def find(x: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        with torch.no_grad():
            slices = find_nll(x)
        gradient = smooth_gradient(find_nll, x, runs=config.smooth_runs, noise=config.smooth_noise)[:, 0]
        return (filter_median(gradient.abs(), config.median) if config.median else gradient,), slices

    return find


def filter_median(maps: Tensor, size: int) -> Tensor:
    """Return the median of the `size` x `size` pixels around each pixel of maps (B, H, W); `size` is odd."""
    margin = size // 2
    padded = functional.pad(maps[:, None], (margin,) * 4, mode="replicate")[:, 0]
    windows = padded.unfold(1, size, 1).unfold(2, size, 1)  # (B, H, W, size, size)
    return windows.flatten(3).median(dim=3).values
