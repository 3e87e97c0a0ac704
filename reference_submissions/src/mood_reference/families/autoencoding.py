"""What AE, DAE and CE share with each other, and in settings with VAE and ceVAE (thesis 3.2.4)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from mood_reference.families.augment import augment
from mood_reference.families.slicewise import make_error_find, score_slicewise
from mood_reference.families.variational import Reconstruction, find_reconstruction_loss
from mood_reference.methods import Profile
from mood_reference.nets.blocks import Decoder, Encoder
from mood_reference.scans.raw_scores import Scorer
from mood_reference.scans.slices import SliceConfig, SliceSet, cut_volumes
from mood_reference.stages import Decay, Nets, Schedule, Stage, restore_nets
from mood_reference.weights import Arrays

Spoil = Callable[[Tensor, np.random.Generator], Tensor]  # slices (B, 1, H, W) -> what the net sees of them


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneConfig(SliceConfig):
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


TINY: dict[str, Any] = {
    "side": 32,
    "depth": 12,
    "maps": (4, 8),
    "latents": 4,
    "steps": 20,
    "batch": 8,
    "checks": 2,
}
PAPER: dict[str, Any] = {
    "depth": 128,  # the thesis takes every slice; half of 256 differ enough
    "maps": (16, 64, 256, 1024),
    "latents": 1024,
    "steps": 150_000,  # 60 epochs of 1,092 scans of 150 slices
    "batch": 64,
    "learning_rate": 2e-4,
    "decay": Decay.CONSTANT,
    "checks": 60,
}


def choose_settings(profile: Profile, dataset: str) -> dict[str, Any]:
    """Return what a profile changes, and what a Dataset does: brains are mirrored left to right."""
    changes = {Profile.TINY: TINY, Profile.CPU: {}, Profile.PAPER: PAPER}[profile]
    return {**changes, "mirror_axis": 0 if dataset == "brain" else None}


class Backbone(nn.Module):
    """Encoder and decoder."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        side, coordinates = config.side, config.coordinates
        self.encoder = Encoder(config.maps, config.latents, side=side, coordinates=coordinates)
        self.decoder = Decoder(config.maps, config.latents, side=side, coordinates=coordinates)

    def restore(self, x: Tensor) -> Tensor:
        """Return g(f(x)): (B, 1, H, W)."""
        return cast("Tensor", self.decoder(self.encoder(x)))


def make_restoring_stage(name: str, config: BackboneConfig, spoil: Spoil) -> Stage:
    """Return the one stage of AE, DAE and CE: the slice has to come out of what `spoil` left of it."""

    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        x = draw_slices(data, config, rng)
        return x, spoil(x, rng)

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        """Eq. 3.12: |x - g(f(x~))|, summed over pixels, averaged over the batch."""
        x, spoilt = batch
        restored = net.restore(spoilt)
        return {"loss": find_reconstruction_loss(x, restored, config.reconstruction, config.c).mean()}

    schedule = Schedule(
        steps=config.steps, learning_rate=config.learning_rate, decay=config.decay, checks=config.checks
    )
    return Stage(
        name=name,
        build=lambda _: Backbone(config),
        prepare=partial(cut_volumes, config=config),
        schedule=schedule,
        draw=draw,
        loss=loss,
    )


def make_restoring_scorer(stage: Stage, config: BackboneConfig, arrays: Arrays) -> Scorer:
    """Return the scoring of such a stage by what its net fails to restore.

    AE, DAE and CE have no other: neither KL nor samples, and smoothing comes after every score.
    """
    net: Any = restore_nets([stage], arrays)[stage.name]
    return lambda volume: score_slicewise(volume, config, make_error_find(net.restore))


def draw_slices(data: SliceSet, config: BackboneConfig, rng: np.random.Generator) -> Tensor:
    """Draw augmented slices (B, 1, H, W)."""
    return augment(torch.from_numpy(data.draw(rng, config.batch)), config, rng)


def mask_squares(x: Tensor, config: SliceConfig, rng: np.random.Generator) -> Tensor:
    """Cover each slice by one to three squares, each of one random intensity (CE noise, thesis 3.2.4).

    A square is at most half as wide as the slice (the public code's limit).
    """
    masked, side = x.clone(), x.shape[-1]
    for plane in masked[:, 0]:
        for _ in range(rng.integers(1, 4)):
            size = rng.integers(2, side // 2 + 1)
            row, column = rng.integers(0, side - size + 1, size=2)
            plane[row : row + size, column : column + size] = rng.uniform(-config.clip, config.clip)
    return masked
