"""What AE, DAE, CE, VAE and ceVAE share: one backbone and one schedule (thesis 3.2.4)."""

from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from mood_reference.families.augment import augment
from mood_reference.families.slicewise import Find
from mood_reference.families.variational import Reconstruction
from mood_reference.methods import Profile
from mood_reference.nets.blocks import Decoder, Encoder
from mood_reference.scans.slices import SliceConfig, SliceSet, cut_volumes
from mood_reference.stages import Decay, Draw, Loss, Schedule, Stage


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
    """Encoder and decoder; the encoder has one head, or mean and log deviation."""

    def __init__(self, config: BackboneConfig, *, heads: int) -> None:
        super().__init__()
        side, coordinates = config.side, config.coordinates
        self.encoder = Encoder(config.maps, config.latents, side=side, coordinates=coordinates, heads=heads)
        self.decoder = Decoder(config.maps, config.latents, side=side, coordinates=coordinates)

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 1, H, W) -> (z,) or (mean, log deviation), each (B, latents)."""
        return cast("tuple[Tensor, ...]", self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        """(B, latents) -> (B, 1, H, W)."""
        return cast("Tensor", self.decoder(z))

    def restore(self, x: Tensor) -> Tensor:
        """Return g(f(x)), or g(mean of q(z|x)): (B, 1, H, W)."""
        return self.decode(self.encode(x)[0])


def make_backbone_stage(name: str, config: BackboneConfig, *, heads: int, draw: Draw, loss: Loss) -> Stage:
    """Return the one stage of a method on this backbone."""
    schedule = Schedule(
        steps=config.steps, learning_rate=config.learning_rate, decay=config.decay, checks=config.checks
    )
    return Stage(
        name=name,
        build=lambda _: Backbone(config, heads=heads),
        prepare=partial(cut_volumes, config=config),
        schedule=schedule,
        draw=draw,
        loss=loss,
    )


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


def make_error_find(net: Any) -> Find:
    """Return the scoring by what `net.restore` fails to restore; a slice scores the mean of its size.

    AE, DAE and CE have no other: neither KL nor samples, and smoothing comes after every score.
    """

    def find(x: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        with torch.no_grad():
            error = (x - net.restore(x))[:, 0]
        return (error,), error.abs().mean(dim=(1, 2))

    return find
