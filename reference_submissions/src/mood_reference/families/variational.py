"""The terms of a VAE's loss, per slice (thesis 3.1.3): summed over pixels and latents, never averaged."""

from enum import StrEnum

import torch
from torch import Tensor

from mood_reference.nets.precision import widen


class Reconstruction(StrEnum):
    """The distribution p(x|z) around what the decoder says."""

    L1 = "l1"  # Laplace (thesis 3.2.4)
    L2 = "l2"  # Gaussian with deviation c (thesis 3.1.3)


def find_divergence(mean: Tensor, log_std: Tensor) -> Tensor:
    """Return D_KL(N(mean, std) || N(0, 1)), summed over all axes but the first: (B, ...) -> (B,)."""
    mean, log_std = widen(mean), widen(log_std)  # of bfloat16, the sum would keep two digits
    terms = 0.5 * (mean**2 + (2 * log_std).exp() - 1) - log_std
    return terms.flatten(1).sum(1)


def find_reconstruction_loss(x: Tensor, restored: Tensor, kind: Reconstruction, c: float = 1.0) -> Tensor:
    """Return -log p(x|z) but for a constant, summed over pixels: (B, 1, H, W) -> (B,).

    c is the deviation of the Gaussian, the scale of the Laplace distribution.
    """
    error = (x - restored).flatten(1)
    if kind is Reconstruction.L1:
        return error.abs().sum(1) / c
    return 0.5 * (error / c).square().sum(1)


def draw_latents(mean: Tensor, log_std: Tensor) -> Tensor:
    """Draw z ~ N(mean, std) so that gradients reach both (the reparametrization trick, thesis 3.1.3)."""
    mean, log_std = widen(mean), widen(log_std)
    return mean + log_std.exp() * torch.randn_like(mean)
