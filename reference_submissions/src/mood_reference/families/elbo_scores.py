"""The seven ways to trace a VAE's loss back to pixels (thesis 3.1.3, 3.1.4), for one batch of slices.

Terms are summed over the batch before they are derived, so no slice's gradient depends on its neighbours;
noise is drawn once and shared by all slices, so a slice scores the same alone and inside a batch.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from mood_reference.families.slicewise import Find
from mood_reference.families.variational import Reconstruction, find_divergence, find_reconstruction_loss

Term = Callable[[Tensor], Tensor]  # slices (B, 1, H, W) -> a number for each (B,)


class PixelScore(StrEnum):
    REC = "rec"  # x - g(f(x)), eq. 3.6
    REC_SMOOTH = "rec_smooth"  # the same after a Gaussian
    SAMPLING_VAR = "sampling_var"  # deviation of g(z), z ~ q(z|x)
    REC_GRAD = "rec_grad"  # |d rec / dx|, eq. 3.9
    KL_GRAD = "kl_grad"  # |d KL / dx|, eq. 3.8
    ELBO_GRAD = "elbo_grad"  # |d (rec + KL) / dx|, eq. 3.7
    COMBI = "combi"  # rec times KL-grad, eq. 3.10 and 3.16


DERIVED = {
    PixelScore.REC_GRAD: "rec",
    PixelScore.KL_GRAD: "kl",
    PixelScore.ELBO_GRAD: "loss",
    PixelScore.COMBI: "kl",
}
"""Which term a score derives."""


def make_elbo_find(net: Any, config: Any) -> Find:
    """Return the scoring of a net with `encode` -> (mean, log_std) and `decode`, by `config.pixel_score`.

    The config has pixel_score, reconstruction, c, samples, smooth_runs and smooth_noise.
    """
    terms = ElboTerms(net, Reconstruction(config.reconstruction), config.c)
    score = PixelScore(config.pixel_score)

    def find(x: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        derived = DERIVED.get(score)
        look = terms.look(x, derive=None if config.smooth_runs else derived)
        gradient = look.gradient
        if derived and config.smooth_runs:
            term = getattr(terms, derived)
            gradient = smooth_gradient(term, x, runs=config.smooth_runs, noise=config.smooth_noise)
        slices = getattr(look, getattr(config, "slice_score", "loss"))
        return _choose_factors(score, terms, x, look, gradient, config.samples), slices

    return find


def _choose_factors(
    score: PixelScore, terms: "ElboTerms", x: Tensor, look: "Look", gradient: Tensor | None, samples: int
) -> tuple[Tensor, ...]:
    if score is PixelScore.REC:
        return (look.error,)
    if score is PixelScore.REC_SMOOTH:
        return (blur(look.error.abs()),)
    if gradient is None:
        return (terms.deviation(x, samples),)
    found = blur(gradient[:, 0].abs())
    return (look.error, found) if score is PixelScore.COMBI else (found,)


class Look(NamedTuple):
    """What one pass through the net tells of slices."""

    loss: Tensor  # (B,), the negative ELBO at the mean of q(z|x): kl + rec
    kl: Tensor  # (B,)
    rec: Tensor  # (B,)
    error: Tensor  # (B, H, W), what is not restored, with its sign
    gradient: Tensor | None  # (B, 1, H, W), of the term that was to be derived


class ElboTerms:
    """The two terms of the negative ELBO at z = mean of q(z|x), per slice."""

    def __init__(self, net: Any, kind: Reconstruction, c: float) -> None:
        self.net, self.kind, self.c = net, kind, c

    def kl(self, x: Tensor) -> Tensor:
        return find_divergence(*self.net.encode(x))

    def rec(self, x: Tensor) -> Tensor:
        return find_reconstruction_loss(x, self.net.decode(self.net.encode(x)[0]), self.kind, self.c)

    def loss(self, x: Tensor) -> Tensor:
        mean, log_std = self.net.encode(x)
        rec = find_reconstruction_loss(x, self.net.decode(mean), self.kind, self.c)
        return find_divergence(mean, log_std) + rec

    def look(self, x: Tensor, *, derive: str | None) -> Look:
        """Encode and decode once; the decoder is part of the derivative only where the term needs it."""
        with torch.set_grad_enabled(derive is not None):
            leaf = x.detach().requires_grad_(derive is not None)
            mean, log_std = self.net.encode(leaf)
            kl = find_divergence(mean, log_std)
            with torch.set_grad_enabled(derive in ("rec", "loss")):
                restored = self.net.decode(mean)
                rec = find_reconstruction_loss(leaf, restored, self.kind, self.c)
            terms = {"kl": kl, "rec": rec, "loss": kl + rec}
            gradient = torch.autograd.grad(terms[derive].sum(), leaf)[0] if derive else None
        loss, kl, rec = (terms[name].detach() for name in ("loss", "kl", "rec"))
        return Look(loss, kl, rec, (x - restored.detach())[:, 0], gradient)

    @torch.no_grad()
    def deviation(self, x: Tensor, samples: int) -> Tensor:
        """Return the standard deviation of `samples` decoded draws from q(z|x): (B, H, W)."""
        mean, log_std = self.net.encode(x)
        noise = _draw_noise((samples, *mean.shape[1:]), mean)
        draws = [self.net.decode(mean + log_std.exp() * one) for one in noise]
        return torch.stack(draws).std(0)[:, 0]


def smooth_gradient(term: Term, x: Tensor, *, runs: int = 0, noise: float = 0.1) -> Tensor:
    """Return d term / dx (B, 1, H, W), signed; with `runs`, its mean over copies with fresh Gaussian noise.

    SmoothGrad (Smilkov et al. 2017): each copy gets its own noise of deviation `noise` around the slice.
    """
    if runs == 0:
        return _derive(term, x)
    total = torch.zeros_like(x)
    for one in _draw_noise((runs, *x.shape[1:]), x):
        total += _derive(term, x + noise * one)
    return total / runs


def _derive(term: Term, x: Tensor) -> Tensor:
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(term(leaf).sum(), leaf)[0]


def _draw_noise(shape: tuple[int, ...], like: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=generator).to(like)


def blur(maps: Tensor) -> Tensor:
    """Smooth maps (B, H, W) by a Gaussian of 5 x 5 pixels and sigma 1 (thesis 3.1.4 gives the size alone)."""
    line = torch.exp(-0.5 * torch.arange(-2.0, 3.0).square()).to(maps)
    line = line / line.sum()
    padded = functional.pad(maps[:, None], (2, 2, 2, 2), mode="replicate")
    rows = functional.conv2d(padded, line.view(1, 1, 5, 1))
    return functional.conv2d(rows, line.view(1, 1, 1, 5))[:, 0]
