"""Glow (Kingma & Dhariwal 2018; thesis 3.2.4): a flow on whole slices, whose every pixel counts in -log p(x).

Slices pass levels of steps: normalise, mix channels, couple. After each level but the last, half of the
channels leave, normalised by what the other half says of them. In the end, all shall be standard normal.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from mood_reference.families.augment import augment
from mood_reference.families.density_scores import GRADIENT_CANDIDATES, make_density_find
from mood_reference.families.slicewise import score_slicewise
from mood_reference.methods import Profile
from mood_reference.nets.flows import (
    ActNorm,
    AffineCoupling,
    Chain,
    Mapped,
    Mixing,
    Squeeze,
    count_kept,
    find_flow_nll,
    start_at_zero,
)
from mood_reference.scans.raw_scores import Scorer
from mood_reference.scans.slices import SliceConfig, SliceSet, cut_volumes
from mood_reference.stages import Nets, Schedule, Stage, restore_nets
from mood_reference.weights import Arrays

CANDIDATES = GRADIENT_CANDIDATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(SliceConfig):
    levels: int = 3  # each halves height and width; thesis: not given, Glow's for 32 x 32 pixels
    level_steps: int = 8  # in each level, ours for two cores; thesis: not given, Glow's: 32
    hidden: int = 64  # maps in the net of a coupling, ours for two cores; Glow's: 512
    clamp: float = 2.0  # largest log-scale of a coupling, ours
    noise: float = 0.1  # width of the uniform dequantisation noise in z-units, ours: 1 of 30 grey levels
    steps: int = 500  # ours for two cores
    batch: int = 16  # slices, ours for two cores
    learning_rate: float = 1e-3  # of Adam; Glow's
    clip_norm: float = 1.0  # of the gradient, ours: the first steps of a flow are rough
    warmup: int = 20  # steps; Glow's: 10 epochs
    checks: int = 5  # measurements of the held-out loss, ours
    median: int = 5  # pixels, filter of the gradient's size; 0: none. Chosen: see GRADIENT_CANDIDATES
    signed_smoothing: float = (
        0.0  # sigma in pixels of the gradient before that; with a median there is no sign left
    )
    smoothing: float = 3.0  # sigma in voxels of the net, after the median; the authors' in pixels of 128²
    smooth_runs: int = 0  # noisy copies for SmoothGrad, 0: the plain gradient, ours; it finds as much
    smooth_noise: float = 0.1  # deviation of SmoothGrad's noise in z-units, ours


CHANGES: dict[Profile, dict[str, Any]] = {
    Profile.TINY: {
        "side": 16,
        "depth": 12,
        "levels": 2,
        "level_steps": 2,
        "hidden": 8,
        "steps": 20,
        "warmup": 2,
        "batch": 8,
        "checks": 2,
    },
    Profile.CPU: {},
    Profile.PAPER: {
        "side": 128,
        "depth": 128,
        "levels": 4,
        "level_steps": 16,  # more or wider, and a scan takes minutes on one core
        "hidden": 128,
        "steps": 160_000,
        "batch": 64,
        "warmup": 16_000,
        "learning_rate": 1e-4,
        "checks": 100,
    },
}


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**CHANGES[profile], mirror_axis=0 if dataset == "brain" else None)


class Glow(nn.Module):
    """Slices (B, 1, H, W) -> as many numbers (B, H W), and the log-determinant (B,)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.side = config.side
        self.levels = nn.ModuleList()
        channels = 1
        for level in range(config.levels):
            last = level == config.levels - 1
            channels *= 4
            self.levels.append(make_level(channels, config, last=last))
            channels = channels if last else count_kept(channels)

    def forward(self, x: Tensor) -> Mapped:
        left: list[Tensor] = []
        total = x.new_zeros(len(x))
        for number, level in enumerate(self.levels, 1):
            x, log_det = level(x)
            total = total + log_det
            if number < len(self.levels):
                x, leaving = x.chunk(2, dim=1)
                left.append(leaving.flatten(1))
        return torch.cat([*left, x.flatten(1)], 1), total

    def inverse(self, z: Tensor) -> Tensor:
        sizes = [z.shape[1] // 2**number for number in range(1, len(self.levels))]  # of what left each level
        *left, rest = z.split([*sizes, z.shape[1] - sum(sizes)], dim=1)
        bottom = self.side // 2 ** len(self.levels)
        x = rest.view(len(z), -1, bottom, bottom)
        for number, level in reversed(list(enumerate(self.levels))):
            if number < len(left):
                x = torch.cat([x, left[number].view_as(x)], 1)
            x = cast("Chain", level).inverse(x)
        return x


def make_level(channels: int, config: Config, *, last: bool) -> Chain:
    """(B, C/4, 2h, 2w) -> (B, C, h, w): squeeze, K steps, and what normalises what leaves."""
    layers: list[nn.Module] = [Squeeze()]
    for _ in range(config.level_steps):
        layers += [ActNorm(channels), Mixing(channels), make_coupling(channels, config)]
    layers.append(ActNorm(channels) if last else make_coupling(channels, config))
    return Chain(layers)


def make_coupling(channels: int, config: Config) -> AffineCoupling:
    kept = count_kept(channels)
    net = nn.Sequential(
        nn.Conv2d(kept, config.hidden, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(config.hidden, config.hidden, 1),
        nn.ReLU(),
        start_at_zero(nn.Conv2d(config.hidden, 2 * (channels - kept), 3, padding=1)),
    )
    return AffineCoupling(net, clamp=config.clamp)


def make_stages(config: Config) -> list[Stage]:
    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        """Augmented slices with uniform noise, so that no pixel is infinitely likely."""
        x = augment(torch.from_numpy(data.draw(rng, config.batch)), config, rng)
        return (x + config.noise * torch.from_numpy(rng.random(x.shape, np.float32) - np.float32(0.5)),)

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        """Return the mean -log p of a pixel in nats, and in bits for grey levels as wide as the noise."""
        nats = find_flow_nll(net, batch[0]).mean() / config.side**2
        return {"loss": nats, "bits": (nats - math.log(config.noise)) / math.log(2)}

    schedule = Schedule(
        steps=config.steps,
        learning_rate=config.learning_rate,
        warmup=config.warmup,
        clip_norm=config.clip_norm,
        checks=config.checks,
    )
    return [
        Stage(
            name="glow",
            build=lambda _: Glow(config),
            prepare=partial(cut_volumes, config=config),
            schedule=schedule,
            draw=draw,
            loss=loss,
        )
    ]


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    net = restore_nets(make_stages(config), arrays)["glow"]
    find = make_density_find(partial(find_flow_nll, net), config)
    return lambda volume: score_slicewise(volume, config, find)
