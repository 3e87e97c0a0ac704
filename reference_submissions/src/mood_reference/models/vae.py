"""Variational autoencoder (Kingma & Welling 2013; thesis 3.1): the whole method, to be read from the top.

A slice x is encoded to a Gaussian q(z|x), a z is drawn from it and decoded. The loss is the negative ELBO:
what the decoder does not restore (rec), plus how far q(z|x) lies from the prior N(0, 1) (KL). The net learns
from normal slices alone, so both terms grow where a slice is not normal: they score slices. How they react to
a pixel scores the pixel.

Nets and schedule are those of 3.2.4, as for the ceVAE beside it. In 3.1.4 p(x|z) is normal
(`--set reconstruction=l2`), 256 latents are used, and gradients are smoothed (`--set smooth_runs=10`).

Elsewhere, for it is no part of the method: scans become slices in `scans/slices.py`, `learning/loop.py` goes
down the loss with Adam, `families/slicewise.py` gathers the scores of a scan, and `nets/blocks.py` has the
convolution that knows where it is.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mood_reference.families.augment import augment
from mood_reference.families.autoencoding import choose_settings
from mood_reference.families.elbo_scores import PixelScore
from mood_reference.families.slicewise import score_slicewise
from mood_reference.families.variational import Reconstruction
from mood_reference.methods import Profile
from mood_reference.nets.blocks import SLOPE, make_doubling, make_halving
from mood_reference.nets.precision import widen
from mood_reference.scans.raw_scores import Scorer
from mood_reference.scans.slices import SliceConfig, SliceSet, cut_volumes
from mood_reference.stages import Decay, Nets, Schedule, Stage, restore_nets
from mood_reference.weights import Arrays

# Settings -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(SliceConfig):
    maps: tuple[int, ...] = (16, 32, 64, 128)  # feature maps, ours for two cores; thesis: 16-64-256-1024
    latents: int = 128  # ours for two cores; thesis: 1024
    coordinates: bool = True  # CoordConv (thesis 3.2.4)
    reconstruction: Reconstruction = Reconstruction.L1  # thesis 3.2.4
    c: float = 1.0  # deviation of p(x|z), in units of the clipped z-score (thesis 3.1.4)
    steps: int = 2000  # ours for two cores; thesis: 60 epochs
    batch: int = 32  # slices, ours for two cores; thesis: 64
    learning_rate: float = 2e-3  # of Adam, ours; thesis: 2e-4
    decay: Decay = Decay.COSINE  # ours; the thesis names none
    checks: int = 10  # measurements of the held-out loss, ours; thesis: one an epoch
    pixel_score: PixelScore = PixelScore.REC  # chosen on painted spheres after training, see CANDIDATES
    slice_score: str = "loss"  # loss (eq. 3.14) | kl | rec: what scores a slice (thesis Fig. 3.4)
    samples: int = 20  # draws of z for the sampling variance; not in the thesis, ours
    smooth_runs: int = 0  # noisy copies for SmoothGrad, 0: the plain gradient; thesis: used, number not given
    smooth_noise: float = 0.1  # deviation of SmoothGrad's noise in z-units; not in the thesis, ours


CANDIDATES = tuple(
    {"pixel_score": score} for score in (PixelScore.REC, PixelScore.ELBO_GRAD, PixelScore.COMBI)
)
"""What may score the pixels; AP on spheres painted into held-out normal scans decides (thesis 4.2.2)."""


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_settings(profile, dataset))


# Net ----------------------------------------------------------------------------------------------


class Encoder(nn.Module):
    """DCGAN-like (thesis 3.1.4): four halvings, then a linear layer each for mean and log deviation."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        halvings = [
            nn.Sequential(make_halving(a, b, coordinates=config.coordinates), nn.LeakyReLU(SLOPE))
            for a, b in pairwise((1, *config.maps))
        ]
        self.body = nn.Sequential(*halvings, nn.Flatten())
        pixels = (config.side // 2 ** len(config.maps)) ** 2
        self.heads = nn.ModuleList(nn.Linear(config.maps[-1] * pixels, config.latents) for _ in range(2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(x)  # (B, 1, side, side) -> (B, maps[-1] * (side/16)²)
        return self.heads[0](features), self.heads[1](features)  # each (B, latents)


class Decoder(nn.Module):
    """The mirror image of the encoder; its last layer is linear."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        last, bottom = config.maps[-1], config.side // 2 ** len(config.maps)
        layers: list[nn.Module] = [
            nn.Linear(config.latents, last * bottom**2),
            nn.LeakyReLU(SLOPE),
            nn.Unflatten(1, (last, bottom, bottom)),
        ]
        for a, b in pairwise((*config.maps[::-1], 1)):
            layers += [make_doubling(a, b, coordinates=config.coordinates), nn.LeakyReLU(SLOPE)]
        self.body = nn.Sequential(*layers[:-1])

    def forward(self, z: Tensor) -> Tensor:
        restored: Tensor = self.body(z)  # (B, latents) -> (B, 1, side, side)
        return restored


class Vae(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(config), Decoder(config)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log deviation of q(z|x): (B, 1, H, W) -> each (B, latents)."""
        mean, log_std = self.encoder(x)
        return mean, log_std

    def decode(self, z: Tensor) -> Tensor:
        """Return the middle of p(x|z): (B, latents) -> (B, 1, H, W)."""
        restored: Tensor = self.decoder(z)
        return restored

    def restore(self, x: Tensor) -> Tensor:
        """Return g(mean of q(z|x)): (B, 1, H, W)."""
        return self.decode(self.encode(x)[0])


# Loss and training --------------------------------------------------------------------------------


def find_divergence(mean: Tensor, log_std: Tensor) -> Tensor:
    """Return D_KL(N(mean, std) || N(0, 1)), summed over latents: (B, latents) -> (B,)."""
    mean, log_std = widen(mean), widen(log_std)  # of bfloat16, the sum would keep two digits
    terms = 0.5 * (mean**2 + (2 * log_std).exp() - 1) - log_std
    return terms.sum(1)


def find_rec(x: Tensor, restored: Tensor, config: Config) -> Tensor:
    """Return -log p(x|z) but for a constant, summed over pixels: (B, 1, H, W) -> (B,)."""
    error = (x - restored).flatten(1)
    if config.reconstruction == Reconstruction.L1:  # p(x|z) is a Laplace distribution of scale c
        return error.abs().sum(1) / config.c
    return 0.5 * (error / config.c).square().sum(1)  # a Gaussian of deviation c


def draw_latents(mean: Tensor, log_std: Tensor) -> Tensor:
    """Draw z ~ N(mean, std) so that gradients reach both (the reparametrization trick, thesis 3.1.3)."""
    mean, log_std = widen(mean), widen(log_std)
    return mean + log_std.exp() * torch.randn_like(mean)


def find_loss(net: Vae, x: Tensor, config: Config) -> dict[str, Tensor]:
    """Eq. 3.4: KL + rec with one draw of z, summed over pixels and latents, averaged over the batch."""
    mean, log_std = net.encode(x)
    kl = find_divergence(mean, log_std).mean()
    rec = find_rec(x, net.decode(draw_latents(mean, log_std)), config).mean()
    return {"loss": kl + rec, "kl": kl, "rec": rec}


def make_stages(config: Config) -> list[Stage]:
    """Return the one training: each step draws a batch, changes it at random and goes down its loss."""

    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        return (augment(torch.from_numpy(data.draw(rng, config.batch)), config, rng),)

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        (x,) = batch
        return find_loss(net, x, config)

    schedule = Schedule(
        steps=config.steps, learning_rate=config.learning_rate, decay=config.decay, checks=config.checks
    )
    stage = Stage(
        name="vae",
        build=lambda _: Vae(config),
        prepare=partial(cut_volumes, config=config),
        schedule=schedule,
        draw=draw,
        loss=loss,
    )
    return [stage]


# Scores -------------------------------------------------------------------------------------------

DERIVED = {
    PixelScore.REC_GRAD: "rec",  # |d rec / dx|, eq. 3.9
    PixelScore.KL_GRAD: "kl",  # |d KL / dx|, eq. 3.8
    PixelScore.ELBO_GRAD: "loss",  # |d (rec + KL) / dx|, eq. 3.7
    PixelScore.COMBI: "kl",  # times the error, eq. 3.10 and 3.16
}
"""The term that a score derives."""


class Look(NamedTuple):
    """What one pass through the net tells of slices, at z = the mean of q(z|x): nothing is drawn."""

    terms: dict[str, Tensor]  # kl, rec and their sum, the loss: each (B,)
    error: Tensor  # (B, H, W), what is not restored, with its sign
    gradient: Tensor  # (B, H, W), of the term that was to be derived, with its sign; 0 where none was


def look(net: Vae, x: Tensor, config: Config, term: str | None) -> Look:
    """Encode and decode once. Slices are summed before a term is derived: none depends on its neighbours."""
    with torch.set_grad_enabled(term is not None):
        leaf = x.detach().requires_grad_(term is not None)
        mean, log_std = net.encode(leaf)
        restored = net.decode(mean)
        kl, rec = find_divergence(mean, log_std), find_rec(leaf, restored, config)
        terms = {"kl": kl, "rec": rec, "loss": kl + rec}
        gradient = torch.autograd.grad(terms[term].sum(), leaf)[0] if term else torch.zeros_like(x)
    terms = {name: value.detach() for name, value in terms.items()}
    return Look(terms, (x - restored.detach())[:, 0], gradient[:, 0])


def score_slices(net: Vae, x: Tensor, config: Config) -> tuple[tuple[Tensor, ...], Tensor]:
    """Return what scores pixels, maps (B, H, W) to be multiplied, and slices (B,), of (B, 1, H, W)."""
    term = DERIVED.get(config.pixel_score)
    seen = look(net, x, config, None if config.smooth_runs else term)
    slices = seen.terms[config.slice_score]
    if config.pixel_score == PixelScore.REC:  # x - g(f(x)), eq. 3.6
        return (seen.error,), slices
    if config.pixel_score == PixelScore.REC_SMOOTH:
        return (blur(seen.error.abs()),), slices
    if config.pixel_score == PixelScore.SAMPLING_VAR:
        return (find_deviation(net, x, config.samples),), slices
    gradient = smooth_gradient(net, x, config, term) if config.smooth_runs else seen.gradient
    found = blur(gradient.abs())
    return (seen.error, found) if config.pixel_score == PixelScore.COMBI else (found,), slices


def smooth_gradient(net: Vae, x: Tensor, config: Config, term: str | None) -> Tensor:
    """Return the mean gradient (B, H, W) over copies that each have noise of their own (SmoothGrad)."""
    noise = draw_noise((config.smooth_runs, *x.shape[1:]), x)
    gradients = [look(net, x + config.smooth_noise * one, config, term).gradient for one in noise]
    return torch.stack(gradients).sum(0) / len(gradients)


@torch.no_grad()
def find_deviation(net: Vae, x: Tensor, samples: int) -> Tensor:
    """Return the deviation of the decoded draws from q(z|x): (B, 1, H, W) -> (B, H, W)."""
    mean, log_std = net.encode(x)
    noise = draw_noise((samples, *mean.shape[1:]), mean)
    return torch.stack([net.decode(mean + log_std.exp() * one) for one in noise]).std(0)[:, 0]


def draw_noise(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Draw N(0, 1), the same at every call and for all slices: a slice scores the same in any batch."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(like)


def blur(maps: Tensor) -> Tensor:
    """Smooth maps (B, H, W) by a Gaussian of 5 x 5 pixels and sigma 1 (thesis 3.1.4 gives the size alone)."""
    line = torch.exp(-0.5 * torch.arange(-2.0, 3.0).square()).to(maps)
    line = line / line.sum()
    padded = functional.pad(maps[:, None], (2, 2, 2, 2), mode="replicate")
    rows = functional.conv2d(padded, line.view(1, 1, 5, 1))
    return functional.conv2d(rows, line.view(1, 1, 1, 5))[:, 0]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    net: Any = restore_nets(make_stages(config), arrays)["vae"]
    return lambda volume: score_slicewise(volume, config, lambda x: score_slices(net, x, config))
