"""Deep perceptual autoencoder (Tuluptceva et al. 2020; team Nina Tuluptceva, thesis 4.1.3).

A VGG learns by contrast (SimCLR) what slices look like. One autoencoder for each axis restores slices so that
their features F, not their grey values, come out right; where the features differ, the scan is abnormal.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mood_reference.families.augment import augment
from mood_reference.families.contrast import ContrastConfig, draw_view, find_nt_xent
from mood_reference.families.slicewise import Find, score_slicewise
from mood_reference.methods import Profile
from mood_reference.scans.calibration import Reducer
from mood_reference.scans.raw_scores import Scorer, Scores
from mood_reference.scans.slices import Intensity, SliceConfig, SliceSet, cut_volumes
from mood_reference.scans.volumes import Volume
from mood_reference.stages import Nets, Schedule, Stage, restore_nets
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(SliceConfig):
    """`Public` is the code of the entry, ninatu/mood_challenge; the thesis gives no numbers."""

    intensity: Intensity = Intensity.SIGNED  # public
    axes: tuple[int, ...] = (0, 1, 2)  # of the array, one autoencoder each; public: 0 and 2 for the abdomen
    vgg_maps: tuple[int, ...] = (16, 32, 64, 128)  # a block; a quarter of VGG19, ours for two cores
    vgg_layers: tuple[int, ...] = (2, 2, 2, 2)  # a block, ours for two cores; VGG19: 2-2-4-4-4
    feature: tuple[int, int] = (
        3,
        2,
    )  # block and layer, from 1, whose output is F; public: 4, 2 for the abdomen
    projected: int = 64  # of SimCLR, ours
    temperature: float = 0.5  # of SimCLR (thesis 3.2.4 for CRADL); not known for this team
    vgg_steps: int = 150  # ours for two cores
    vgg_batch: int = 30  # slices of all axes, two views each, ours
    vgg_rate: float = 1e-3  # learning rate of Adam, ours
    maps: tuple[int, ...] = (
        8,
        16,
        32,
        64,
        64,
    )  # of an autoencoder, each level half as wide, ours; public: 128 x 7
    latents: int = 64  # ours for two cores; public: 128, 64 for the abdomen
    steps: int = 250  # of each autoencoder, ours for two cores
    batch: int = 16  # slices, ours for two cores; public: 64
    learning_rate: float = 2e-3  # of Adam, ours; public: 1e-4
    checks: int = 5  # measurements of the held-out loss of each net, ours
    signed_smoothing: float = 0.0  # the score has no sign
    smoothing: float = 1.5  # sigma in voxels of the net: features are smooth already, ours
    reducer: Reducer = Reducer.TOP_PERCENT  # ours, by painted spheres; public: max


TINY: dict[str, Any] = {
    "side": 32,
    "depth": 12,
    "vgg_maps": (4, 8),
    "vgg_layers": (1, 1),
    "feature": (2, 1),
    "projected": 4,
    "vgg_steps": 10,
    "vgg_batch": 6,
    "maps": (4, 4, 8),
    "latents": 4,
    "steps": 10,
    "batch": 8,
    "checks": 2,
}
PAPER: dict[str, Any] = {
    "side": 128,
    "depth": 128,
    "vgg_maps": (64, 128, 256, 512, 512),
    "vgg_layers": (2, 2, 4, 4, 4),
    "vgg_steps": 100_000,  # ours
    "vgg_batch": 252,  # ours
    "vgg_rate": 3e-4,  # ours
    "maps": (128, 128, 128, 128, 128, 128, 128),
    "latents": 128,
    "steps": 100_000,  # ours; public: until the validation loss stops falling
    "batch": 64,
    "learning_rate": 1e-4,
    "checks": 60,
    "reducer": Reducer.MAX,
}
ABDOMEN: dict[str, Any] = {"axes": (0, 2)}
PAPER_ABDOMEN: dict[str, Any] = {
    **ABDOMEN,
    "feature": (4, 2),
    "maps": (64, 64, 64, 64, 64, 64, 64),
    "latents": 64,
    "learning_rate": 2e-4,
}


def make_config(*, profile: Profile, dataset: str) -> Config:
    changes = {Profile.TINY: TINY, Profile.CPU: {}, Profile.PAPER: PAPER}[profile]
    if dataset != "brain":
        changes = {**changes, **(PAPER_ABDOMEN if profile is Profile.PAPER else ABDOMEN)}
    return Config(**{**changes, "mirror_axis": 0 if dataset == "brain" else None})


def cut_across(config: Config, axis: int) -> Config:
    """Return the settings for slices across an axis; across axis 0 a brain shows no left and right."""
    return replace(config, axis=axis, mirror_axis=None if axis == 0 else config.mirror_axis)


# Nets ---------------------------------------------------------------------------------------------


class Vgg(nn.Module):
    """Blocks of 3x3 convolutions with maxima of 2x2 between (Simonyan & Zisserman 2015), and a projection.

    Batch normalisation is ours: without it a VGG hardly learns in a few hundred steps.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.feature = config.feature
        self.blocks = nn.ModuleList()
        for (a, b), layers in zip(pairwise((1, *config.vgg_maps)), config.vgg_layers, strict=True):
            self.blocks.append(nn.ModuleList(make_layer(a if i == 0 else b, b) for i in range(layers)))
        last = config.vgg_maps[-1]
        self.projection = nn.Sequential(nn.Linear(last, last), nn.ReLU(), nn.Linear(last, config.projected))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, projected), what SimCLR compares."""
        *_, last = self._walk(x)
        return cast("Tensor", self.projection(last[1].mean(dim=(2, 3))))

    def find_features(self, x: Tensor) -> Tensor:
        """Return F: (B, 1, H, W) -> (B, C, h, w), h = H / 2 to the power of the block less one."""
        return next(found for place, found in self._walk(x) if place == self.feature)

    def _walk(self, x: Tensor) -> Iterator[tuple[tuple[int, int], Tensor]]:
        for i, block in enumerate(self.blocks, 1):
            x = functional.max_pool2d(x, 2) if i > 1 else x
            for j, layer in enumerate(cast("nn.ModuleList", block), 1):
                x = layer(x)
                yield (i, j), x


def make_layer(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Residual(nn.Module):
    """Two convolutions, each after its activation, beside a shortcut (He et al. 2016)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.body = nn.Sequential(
            nn.LeakyReLU(0.2),
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.shortcut(x) + self.body(x))


class Autoencoder(nn.Module):
    """(B, 1, H, W) -> (B, latents) -> (B, 1, H, W)."""

    norm: Tensor  # (1,) mean |F(x)| of training slices, as a moving average

    def __init__(self, config: Config) -> None:
        super().__init__()
        maps, bottom = config.maps, config.side // 2 ** (len(config.maps) - 1)
        flat = maps[-1] * bottom**2
        down: list[nn.Module] = [nn.Conv2d(1, maps[0], 3, padding=1)]
        up: list[nn.Module] = [nn.Conv2d(maps[0], 1, 3, padding=1), nn.LeakyReLU(0.2)]  # back to front
        for fine, coarse in pairwise(maps):
            down += [nn.AvgPool2d(2), Residual(fine, coarse)]
            up += [Residual(coarse, fine), nn.Upsample(scale_factor=2)]
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(flat, config.latents))
        unflatten = nn.Unflatten(1, (maps[-1], bottom, bottom))
        self.decoder = nn.Sequential(nn.Linear(config.latents, flat), unflatten, *up[::-1])
        self.register_buffer("norm", torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.decoder(self.encoder(x)))


# Training -----------------------------------------------------------------------------------------


def make_stages(config: Config) -> list[Stage]:
    return [make_vgg_stage(config), *(make_axis_stage(cut_across(config, axis)) for axis in config.axes)]


def make_vgg_stage(config: Config) -> Stage:
    """SimCLR on slices across all axes."""
    cuts = [cut_across(config, axis) for axis in config.axes]
    views = [
        ContrastConfig(**{field.name: getattr(cut, field.name) for field in fields(SliceConfig)})
        for cut in cuts
    ]

    def draw(data: list[SliceSet], rng: np.random.Generator) -> tuple[Tensor, ...]:
        count = config.vgg_batch // len(cuts)
        slices = [torch.from_numpy(one.draw(rng, count)) for one in data]
        first, second = (
            torch.cat([draw_view(x, view, rng) for x, view in zip(slices, views, strict=True)])
            for _ in range(2)
        )
        return first, second

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        first, second = net(torch.cat(batch)).chunk(2)
        return {"loss": find_nt_xent(first, second, config.temperature)}

    return Stage(
        name="vgg",
        build=lambda _: Vgg(config),
        prepare=lambda volumes: [cut_volumes(volumes, cut) for cut in cuts],
        schedule=Schedule(steps=config.vgg_steps, learning_rate=config.vgg_rate, checks=config.checks),
        draw=draw,
        loss=loss,
    )


def make_axis_stage(config: Config) -> Stage:
    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        return (augment(torch.from_numpy(data.draw(rng, config.batch)), config, rng),)

    def loss(net: Any, batch: tuple[Tensor, ...], nets: Nets) -> dict[str, Tensor]:
        """Mean |F(x) - F(x^)| over mean |F(x)|, of each slice, averaged over the batch."""
        (x,) = batch
        vgg = cast("Vgg", nets["vgg"])
        wanted = vgg.find_features(x).float()  # of bfloat16, where products are
        if net.training:
            net.norm.lerp_(wanted.abs().mean(), 0.05)
        return {"loss": find_relative_error(wanted, vgg.find_features(net(x)).float()).mean()}

    schedule = Schedule(steps=config.steps, learning_rate=config.learning_rate, checks=config.checks)
    return Stage(
        name=f"axis{config.axis}",
        build=lambda _: Autoencoder(config),
        prepare=partial(cut_volumes, config=config),
        schedule=schedule,
        draw=draw,
        loss=loss,
    )


def find_relative_error(wanted: Tensor, found: Tensor) -> Tensor:
    """Return mean |F(x) - F(x^)| / mean |F(x)|, the relative perceptual L1: (B, C, h, w) each -> (B,)."""
    size = wanted.abs().flatten(1).mean(1)
    return (wanted - found).abs().flatten(1).mean(1) / size.clamp(min=1e-6)


# Scores -------------------------------------------------------------------------------------------


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    nets = restore_nets(make_stages(config), arrays)
    vgg = cast("Vgg", nets["vgg"])
    parts = [
        (cut_across(config, axis), make_find(vgg, cast("Autoencoder", nets[f"axis{axis}"])))
        for axis in config.axes
    ]

    def score(volume: Volume) -> Scores:
        """Average the maps of all axes."""
        maps = [score_slicewise(volume, cut, find).voxels for cut, find in parts]
        return Scores(np.mean(maps, axis=0, dtype=np.float32))

    return score


def make_find(vgg: Vgg, net: Autoencoder) -> Find:
    """Score pixels by |F(x) - F(x^)|, averaged over channels and scaled up.

    It is relative to mean |F| of training slices. The public code divides by mean |F(x)| of the volume at
    hand, so that an anomaly with strong features lowers the scores of the rest.
    """

    @torch.no_grad()
    def find(x: Tensor) -> tuple[tuple[Tensor, ...], None]:
        difference = (vgg.find_features(x) - vgg.find_features(net(x))).abs().mean(1, keepdim=True)
        scaled = functional.interpolate(difference, size=x.shape[2:], mode="bilinear", align_corners=False)
        return (scaled[:, 0] / net.norm,), None

    return find
