"""What the hierarchical models share (thesis 3.3): nets with latents at 1/16 and 1/4 of a slice's side.

Level 1 is the high one, main component and coarse structure, level 2 the low one, residual and texture: the
numbers of eq. 3.22. (The caption of Fig. 3.16 counts the other way.)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from mood_reference.families.autoencoding import BackboneConfig, draw_slices
from mood_reference.families.elbo_scores import PixelScore
from mood_reference.families.variational import (
    Reconstruction,
    draw_latents,
    find_divergence,
    find_reconstruction_loss,
)
from mood_reference.methods import Profile
from mood_reference.nets.blocks import SLOPE, make_doubling, make_halving
from mood_reference.scans.slices import cut_volumes
from mood_reference.stages import Decay, Loss, Nets, Schedule, Stage

Pick = Callable[[Tensor, Tensor], Tensor]  # mean, log deviation -> z


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyConfig(BackboneConfig):
    maps: tuple[int, ...] = (16, 32, 64, 128)  # of pchVAE, one per halving, ours; thesis: not given
    latents: int = 1024  # numbers of each of the two levels, ours; a model with one level has twice as many
    reconstruction: Reconstruction = Reconstruction.L2  # eq. 3.23: p(x|z) is normal
    steps: int = 1200  # ours for two cores; thesis: 10 epochs


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchicalVaeConfig(HierarchyConfig):
    pixel_score: PixelScore = PixelScore.REC  # see VAE_CANDIDATES; the thesis scores slices only
    samples: int = 20  # draws of z for the sampling variance, ours
    smooth_runs: int = 0  # noisy copies for SmoothGrad, 0: the plain gradient, ours
    smooth_noise: float = 0.1  # deviation of SmoothGrad's noise in z-units, ours


VAE_CANDIDATES = tuple(
    {"pixel_score": score} for score in (PixelScore.REC, PixelScore.ELBO_GRAD, PixelScore.COMBI)
)
"""What may score the pixels; AP on spheres painted into held-out normal scans decides (thesis 4.2.2)."""

TINY: dict[str, Any] = {"side": 32, "depth": 12, "latents": 64, "steps": 20, "batch": 8, "checks": 2}
PAPER: dict[str, Any] = {
    "depth": 128,  # the thesis takes every slice; half of 256 differ enough
    "steps": 18_750,  # 10 epochs of 800 scans of 150 slices (thesis 3.3.4)
    "batch": 64,  # thesis 3.3.4
    "learning_rate": 1e-4,  # thesis 3.3.4
    "decay": Decay.CONSTANT,
    "checks": 10,
}


def choose_settings(
    profile: Profile, dataset: str, *, tiny: dict[str, Any], paper: dict[str, Any]
) -> dict[str, Any]:
    """Return what a profile and a Dataset change; `tiny` and `paper` hold the widths of the model at hand."""
    changes = {Profile.TINY: {**TINY, **tiny}, Profile.CPU: {}, Profile.PAPER: {**PAPER, **paper}}[profile]
    return {**changes, "mirror_axis": 0 if dataset == "brain" else None}


def count_channels(config: BackboneConfig, latents: int, halvings: int) -> int:
    """Return the channels that so many latents need after so many halvings, at least one."""
    return max(1, latents // (config.side >> halvings) ** 2)


# Parts of nets ------------------------------------------------------------------------------------


def make_fall(channels: Sequence[int], *, coordinates: bool) -> nn.Sequential:
    """Return one halving per step from channels to channels: (B, C[0], H, W) -> (B, C[-1], h, w)."""
    steps = pairwise(channels)
    return nn.Sequential(
        *(nn.Sequential(make_halving(a, b, coordinates=coordinates), nn.LeakyReLU(SLOPE)) for a, b in steps)
    )


def make_rise(channels: Sequence[int], *, coordinates: bool) -> nn.Sequential:
    """Return one doubling per step from channels to channels: (B, C[0], h, w) -> (B, C[-1], H, W).

    An image (one channel) is left as it is, features pass a LeakyReLU.
    """
    steps: list[nn.Module] = []
    for a, b in pairwise(channels):
        steps += [make_doubling(a, b, coordinates=coordinates), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*(steps[:-1] if channels[-1] == 1 else steps))


def make_entry(inputs: int, outputs: int) -> nn.Sequential:
    """Return the first layer of a decoder, which keeps the size of a map."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.LeakyReLU(SLOPE))


class GaussianHead(nn.Module):
    """Mean and log deviation of latents that stay a map."""

    def __init__(self, inputs: int, latents: int) -> None:
        super().__init__()
        self.mean = nn.Conv2d(inputs, latents, 3, padding=1)
        self.log_std = nn.Conv2d(inputs, latents, 3, padding=1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, h, w) -> twice (B, latents, h, w)."""
        return self.mean(features), self.log_std(features)


def take_mean(mean: Tensor, log_std: Tensor) -> Tensor:  # noqa: ARG001 - a Pick
    return mean


# Nets ---------------------------------------------------------------------------------------------


class OneLevelVae(nn.Module):
    """A VAE with one map of latents after as many halvings as the config has maps."""

    def __init__(self, config: HierarchyConfig) -> None:
        super().__init__()
        maps, coordinates = config.maps, config.coordinates
        latents = count_channels(config, 2 * config.latents, len(maps))
        self.fall = make_fall((1, *maps), coordinates=coordinates)
        self.head = GaussianHead(maps[-1], latents)
        self.rise = nn.Sequential(
            make_entry(latents, maps[-1]), make_rise((*maps[::-1], 1), coordinates=coordinates)
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, H, W) -> mean and log deviation, each (B, latents, h, w)."""
        return cast("tuple[Tensor, Tensor]", self.head(self.fall(x)))

    def decode(self, z: Tensor) -> Tensor:
        """(B, latents, h, w) -> (B, 1, H, W)."""
        return cast("Tensor", self.rise(z))

    def restore(self, x: Tensor) -> Tensor:
        """Return g(mean of q(z|x)): (B, 1, H, W)."""
        return self.decode(self.encode(x)[0])


class Levels(NamedTuple):
    """What a net with two levels makes of slices. All are maps, at 1/16 (1) or 1/4 (2) of the side."""

    q1: tuple[Tensor, Tensor]  # mean and log deviation of q(z1|x), each (B, latents 1, H/16, W/16)
    q2: tuple[Tensor, Tensor]  # of q(z2|x, z1), each (B, latents 2, H/4, W/4)
    climbed: Tensor  # z1 decoded up to 1/4 of the side, (B, maps[1], H/4, W/4)
    z2: Tensor


class TwoLevelVae(nn.Module):
    """The encoders f1 and f2 and the decoder g2 of Fig. 3.16; f1 and f2 share the first two halvings."""

    def __init__(self, config: HierarchyConfig) -> None:
        super().__init__()
        (a, b, c, d), coordinates = config.maps, config.coordinates
        self.shapes = [
            (count_channels(config, config.latents, halvings), *(config.side >> halvings,) * 2)
            for halvings in (4, 2)
        ]
        high, low = self.shapes[0][0], self.shapes[1][0]
        self.fall = make_fall((1, a, b), coordinates=coordinates)  # dark green: to 1/4
        self.high_fall = make_fall((b, c, d), coordinates=coordinates)  # light green: to 1/16
        self.high_head = GaussianHead(d, high)
        self.low_head = GaussianHead(b + b, low)
        self.climb = nn.Sequential(  # light blue: z1 up to 1/4
            make_entry(high, d), make_rise((d, c, b), coordinates=coordinates)
        )
        self.low_rise = nn.Sequential(  # red: g2
            make_entry(b + low, b), make_rise((b, a, 1), coordinates=coordinates)
        )

    def find_high(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return q(z1|x), the f1 of eq. 3.22."""
        return cast("tuple[Tensor, Tensor]", self.high_head(self.high_fall(self.fall(x))))

    def infer(self, x: Tensor, pick: Pick) -> Levels:
        """Encode (B, 1, H, W); z2 is inferred from x and z1, as in eq. 3.23."""
        features = self.fall(x)  # (B, b, H/4, W/4)
        q1 = self.high_head(self.high_fall(features))
        climbed = self.climb(pick(*q1))
        q2 = self.low_head(torch.cat([features, climbed], 1))
        return Levels(q1, q2, climbed, pick(*q2))

    def decode_low(self, climbed: Tensor, z2: Tensor) -> Tensor:
        """Return g2(z1, z2), given z1 at 1/4 of the side: (B, 1, H, W)."""
        return cast("Tensor", self.low_rise(torch.cat([climbed, z2], 1)))

    def decode_levels(self, climbed: Tensor, z2: Tensor) -> Tensor:
        """Return the restored slice (B, 1, H, W)."""
        raise NotImplementedError

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log deviation of both levels in a row, each (B, 2 latents); z1 is at its mean."""
        levels = self.infer(x, take_mean)
        return join(levels.q1[0], levels.q2[0]), join(levels.q1[1], levels.q2[1])

    def decode(self, z: Tensor) -> Tensor:
        """(B, 2 latents) of `encode` -> (B, 1, H, W)."""
        sizes = [channels * height * width for channels, height, width in self.shapes]
        z1, z2 = z.split(sizes, dim=1)
        return self.decode_levels(self.climb(z1.view(-1, *self.shapes[0])), z2.view(-1, *self.shapes[1]))

    def restore(self, x: Tensor) -> Tensor:
        """Return what the means of both levels decode to: (B, 1, H, W)."""
        levels = self.infer(x, take_mean)
        return self.decode_levels(levels.climbed, levels.z2)


def join(high: Tensor, low: Tensor) -> Tensor:
    return torch.cat([high.flatten(1), low.flatten(1)], 1)


# Training -----------------------------------------------------------------------------------------


def make_hierarchy_stage(
    name: str, config: HierarchyConfig, build: Callable[[Any], nn.Module], loss: Loss
) -> Stage:
    """Return the one stage of a model; `build` makes its net of the config, a batch is augmented slices."""
    schedule = Schedule(
        steps=config.steps, learning_rate=config.learning_rate, decay=config.decay, checks=config.checks
    )
    return Stage(
        name=name,
        build=lambda _: build(config),
        prepare=partial(cut_volumes, config=config),
        schedule=schedule,
        draw=lambda data, rng: (draw_slices(data, config, rng),),
        loss=loss,
    )


def make_elbo_loss(config: HierarchyConfig) -> Loss:
    """Return the loss of a VAE with `encode` and `decode`: rec + KL with one draw of z (eq. 3.4)."""

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        (x,) = batch
        mean, log_std = net.encode(x)
        kl = find_divergence(mean, log_std).mean()
        restored = net.decode(draw_latents(mean, log_std))
        rec = find_reconstruction_loss(x, restored, config.reconstruction, config.c).mean()
        return {"loss": rec + kl, "rec": rec, "kl": kl}

    return loss
