"""VQVAE-2 (Razavi et al. 2019; thesis 3.3.4): two levels of latents, each vector one of a few learnt codes.

The top level is coarse; the bottom level sees the slice and what the top level decodes to; both restore it.
There is no divergence: what a slice costs beside its error is how far its vectors lie from the codes.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from mood_reference.families.elbo_scores import PixelScore, blur, smooth_gradient
from mood_reference.families.hierarchy import (
    HierarchyConfig,
    choose_settings,
    count_channels,
    make_entry,
    make_fall,
    make_hierarchy_stage,
    make_rise,
)
from mood_reference.families.slicewise import Find, score_slicewise
from mood_reference.families.variational import find_reconstruction_loss
from mood_reference.methods import Profile
from mood_reference.nets.blocks import SLOPE
from mood_reference.nets.quantizer import Quantizer
from mood_reference.scans.raw_scores import Scorer
from mood_reference.stages import Nets, Stage, restore_nets
from mood_reference.weights import Arrays

TOP, BOTTOM = 3, 2  # halvings to each map of codes: 1/8 and 1/4 of the side (Razavi et al. 2019)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(HierarchyConfig):
    maps: tuple[int, ...] = (37, 74)  # of both halvings, the rest has the last (public code: 64, 128)
    blocks: int = 2  # residual blocks on each level and in the decoder (public code)
    inner: int = 32  # maps inside a residual block (public code)
    codes: int = 512  # of each level (public code)
    ema: float = 0.99  # of the codes, per batch (public code)
    commitment: float = 0.25  # weight of |vector - code|² (public code), both terms being means there
    c: float = 0.5**0.5  # with L2: the plain squared error (public code)
    pixel_score: PixelScore = PixelScore.REC  # or one of CANDIDATES; the thesis scores slices only
    smooth_runs: int = 0  # noisy copies for SmoothGrad, 0: the plain gradient, ours
    smooth_noise: float = 0.1  # deviation of SmoothGrad's noise in z-units, ours


DERIVED = {
    PixelScore.REC_GRAD: "rec",
    PixelScore.ELBO_GRAD: "loss",  # |d (rec + commitment) / dx|
    PixelScore.KL_GRAD: "commitment",  # the commitment stands where a VAE has its divergence
    PixelScore.COMBI: "commitment",  # times rec
}
"""Which term a score derives."""

CANDIDATES = tuple({"pixel_score": score} for score in (PixelScore.REC, *DERIVED))
"""What may score the pixels; AP on spheres painted into held-out normal scans decides (thesis 4.2.2)."""


def make_config(*, profile: Profile, dataset: str) -> Config:
    tiny = {"maps": (8, 16), "inner": 8, "blocks": 1, "codes": 16}
    return Config(**choose_settings(profile, dataset, tiny=tiny, paper={"maps": (72, 144)}))


class Residual(nn.Module):
    """x + f(x), f narrow inside."""

    def __init__(self, maps: int, inner: int) -> None:
        super().__init__()
        self.inside = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(maps, inner, 3, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(inner, maps, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, maps, h, w) -> the same."""
        return x + cast("Tensor", self.inside(x))


class Coded(NamedTuple):
    top: Tensor  # (B, latents per place, H/8, W/8)
    bottom: Tensor  # (B, latents per place, H/4, W/4)
    commitment: Tensor  # (B,), both levels summed over all their numbers


class VqVae2(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        a, b = config.maps
        top, bottom = (count_channels(config, config.latents, halvings) for halvings in (TOP, BOTTOM))

        def deepen() -> nn.Sequential:
            return nn.Sequential(*(Residual(b, config.inner) for _ in range(config.blocks)))

        def fall(*channels: int) -> nn.Module:
            return make_fall(channels, coordinates=config.coordinates)

        def rise(*channels: int) -> nn.Module:
            return make_rise(channels, coordinates=config.coordinates)

        self.fall = nn.Sequential(fall(1, a, b), make_entry(b, b), deepen())  # to 1/4
        self.top_fall = nn.Sequential(fall(b, b), make_entry(b, b), deepen(), nn.Conv2d(b, top, 1))  # to 1/8
        self.top_quantizer = Quantizer(config.codes, top, config.ema)
        self.top_rise = nn.Sequential(make_entry(top, b), deepen(), rise(b, b))  # to 1/4
        self.bottom_head = nn.Conv2d(b + b, bottom, 1)
        self.bottom_quantizer = Quantizer(config.codes, bottom, config.ema)
        self.image_rise = nn.Sequential(make_entry(b + bottom, b), deepen(), rise(b, a, 1))

    def encode(self, x: Tensor) -> Coded:
        """(B, 1, H, W) -> the codes of both levels."""
        features = self.fall(x)  # (B, b, H/4, W/4)
        top, _, top_distance = self.top_quantizer(self.top_fall(features))
        vectors = self.bottom_head(torch.cat([features, self.top_rise(top)], 1))
        bottom, _, bottom_distance = self.bottom_quantizer(vectors)
        return Coded(top, bottom, top_distance + bottom_distance)

    def decode(self, coded: Coded) -> Tensor:
        """Return the image of the codes: (B, 1, H, W)."""
        return cast("Tensor", self.image_rise(torch.cat([coded.bottom, self.top_rise(coded.top)], 1)))

    def restore(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


def find_terms(net: Any, x: Tensor, config: Config) -> dict[str, Tensor]:
    """Return the loss, rec + weighted commitment, and both terms of each slice, each (B,).

    The public code averages errors over pixels and distances over the numbers of a level. Here both are sums,
    so that distances weigh as many times more as a slice has more pixels than a level has numbers.
    """
    coded = net.encode(x)
    rec = find_reconstruction_loss(x, net.decode(coded), config.reconstruction, config.c)
    weight = config.commitment * x[0].numel() / config.latents
    return {"loss": rec + weight * coded.commitment, "rec": rec, "commitment": coded.commitment}


def make_stages(config: Config) -> list[Stage]:
    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        return {name: term.mean() for name, term in find_terms(net, batch[0], config).items()}

    return [make_hierarchy_stage("vqvae2", config, VqVae2, loss)]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    find = make_find(restore_nets(make_stages(config), arrays)["vqvae2"], config)
    return lambda volume: score_slicewise(volume, config, find)


def make_find(net: Any, config: Config) -> Find:
    """Return the scoring by what is not restored and by gradients of terms; a slice scores its loss."""
    if config.pixel_score not in (PixelScore.REC, *DERIVED):
        raise ValueError(f"pixel_score={config.pixel_score}: VQVAE-2 has rec and {', '.join(DERIVED)}")
    derived = DERIVED.get(config.pixel_score)

    def find(x: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        with torch.no_grad():
            slices, error = find_terms(net, x, config)["loss"], (x - net.restore(x))[:, 0]
        if derived is None:
            return (error,), slices
        gradient = smooth_gradient(
            lambda copy: find_terms(net, copy, config)[derived],
            x,
            runs=config.smooth_runs,
            noise=config.smooth_noise,
        )
        found = blur(gradient[:, 0].abs())
        return ((error, found) if config.pixel_score is PixelScore.COMBI else (found,)), slices

    return find
