"""Foreign patch interpolation (Tan et al. 2020; thesis 4.1.3, 4.2.2): a net finds blended-in patches.

A rectangle of a slice is blended with the same slice of another scan. The net says for each pixel how much of
it is foreign; what is abnormal looks foreign too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mood_reference.families.augment import augment
from mood_reference.families.painting import draw_patches, find_partners, interpolate_patches
from mood_reference.families.slicewise import score_slicewise
from mood_reference.families.unet import ResidualBlock, UNet, UNetConfig, choose_settings, make_unet_stage
from mood_reference.methods import Profile
from mood_reference.scans.calibration import Reducer
from mood_reference.scans.raw_scores import Scorer
from mood_reference.scans.slices import Intensity, SliceSet
from mood_reference.stages import Nets, Stage, restore_nets
from mood_reference.weights import Arrays


class Net(StrEnum):
    UNET = "unet"  # the compact one of this package
    WIDE_RESIDUAL = "wide_residual"  # the team's, without skips


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(UNetConfig):
    net: Net = Net.UNET  # ours for two cores; the team's is 16 times as much work
    encoder: tuple[int, ...] = (64, 128, 256, 256, 256)  # maps of the wide net's stages, strides 1-2-2-2-2
    decoder: tuple[int, ...] = (128, 64, 16)  # maps of its way up, the public code's; the output comes last
    classes: int = (
        1  # 1: any share (public code: brain); 5: quarters (public code: abdomen, here in PAPER only)
    )
    tolerance: float = 0.0  # intensity up to which slices count as equal (public code; abdomen 1e-3)
    centre: float = 0.5  # share of the side in which patches are centred (public code; abdomen 0.8)
    half_width: tuple[float, float] = (0.05, 0.2)  # of a patch, in shares of the side (public code)
    factor: tuple[float, float] = (0.05, 0.95)  # own share a in a patch (public code)
    intensity: Intensity = Intensity.UNIT  # thesis: values as they are
    rotation: float = 0.0  # degrees, of both slices alike; none published
    brightness: float = 0.0  # of both slices alike; none published
    foreign_brightness: float = 0.0  # share by which the foreign slice alone is brighter or darker; none
    # published: scans of one grey scale never show the net a patch much brighter than its surroundings
    signed_smoothing: float = 0.0  # a score without a sign has no edges to cancel
    smoothing: float = 2.0  # sigma in voxels of the net, ours; chosen on painted spheres
    reducer: Reducer = Reducer.L2  # voxels to scan where slice_reducer is none, ours
    slice_reducer: str = "none"  # the team's is fpi, in which small anomalies vanish; ours


CANDIDATES = tuple({"smoothing": sigma} for sigma in (0.0, 1.0, 2.0))
"""How much the map is smoothed; AP on spheres painted into held-out normal scans decides."""

ABDOMEN: dict[str, Any] = {"centre": 0.8, "tolerance": 1e-3}  # the public code's
ABDOMEN_CPU: dict[str, Any] = {"foreign_brightness": 1.0}  # ours: without it spheres stay unseen
PAPER: dict[str, Any] = {
    "net": Net.WIDE_RESIDUAL,
    "side": 256,  # the brain's own; the abdomen's 512 would take a container's whole time limit
    "depth": 256,
    "steps": 190_000,  # 50 epochs (public code) of 800 scans of 150 slices
    "batch": 32,  # public code
    "learning_rate": 1e-3,  # public code
    "checks": 50,  # one an epoch; the best held-out loss is kept (public code)
    "slice_reducer": "fpi",  # public code
}
PAPER_ABDOMEN: dict[str, Any] = {
    "classes": 5,  # public code
    "encoder": (64, 128, 256, 256, 256, 256),  # one stage more (public code)
    "decoder": (256, 128, 64, 16),
}


def make_config(*, profile: Profile, dataset: str) -> Config:
    settings = choose_settings(profile, dataset)
    if dataset == "abdom":
        settings |= ABDOMEN | (ABDOMEN_CPU if profile is Profile.CPU else {})
    if profile is Profile.PAPER:
        settings |= PAPER | (PAPER_ABDOMEN if dataset == "abdom" else {})
    return Config(**settings)


class WideResidual(nn.Module):
    """The team's net: pre-activation blocks down, nearest neighbours and blocks up, no skips between them."""

    def __init__(self, encoder: Sequence[int], decoder: Sequence[int], *, outputs: int) -> None:
        super().__init__()
        blocks = [_make_wide_block(16, encoder[0], stride=1)]
        blocks += [_make_wide_block(a, b, stride=2) for a, b in pairwise(encoder)]
        up = [_make_up(a, b) for a, b in pairwise((encoder[-1], *decoder))]
        last = [nn.Upsample(scale_factor=2), nn.Conv2d(decoder[-1], outputs, 3, padding=1)]
        self.body = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), *blocks, *up, *last)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) -> (B, outputs, H, W); sides are multiples of 2 to the number of strides of 2."""
        return cast("Tensor", self.body(x))


def _make_wide_block(inputs: int, outputs: int, *, stride: int) -> nn.Module:
    return ResidualBlock(inputs, outputs, stride=stride, norm=nn.BatchNorm2d)


def _make_up(inputs: int, outputs: int) -> nn.Module:
    block = ResidualBlock(inputs, outputs, norm=nn.BatchNorm2d)
    return nn.Sequential(nn.Upsample(scale_factor=2), block)


def build_net(config: Config) -> nn.Module:
    if config.net is Net.UNET:
        return UNet(config.maps, outputs=config.classes)
    return WideResidual(config.encoder, config.decoder, outputs=config.classes)


def make_stages(config: Config) -> list[Stage]:
    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        return draw_batch(data, config, rng)

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        mixed, target = batch
        return {"loss": find_loss(net(mixed), target)}

    return [make_unet_stage("fpi", config, draw=draw, loss=loss, build=lambda: build_net(config))]


def draw_batch(data: SliceSet, config: Config, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw slices with a patch each and the foreign share of every pixel: (B, 1, H, W) both."""
    places = data.draw_places(rng, config.batch)
    partners = find_partners(data, places, rng)
    seed = rng.integers(2**32)  # the same mirror and rotation for a slice and its partner
    x, foreign = (
        augment(torch.from_numpy(data.x[tuple(at.T)][:, None]), config, np.random.default_rng(seed))
        for at in (places, partners)
    )
    foreign = brighten(foreign, config, rng)
    patch = draw_patches(config.side, config.batch, rng, centre=config.centre, half_width=config.half_width)
    factor = torch.from_numpy(draw_factors(config, rng)).to(x.dtype)
    return interpolate_patches(x, foreign, torch.from_numpy(patch), factor, tolerance=config.tolerance)


def brighten(foreign: Tensor, config: Config, rng: np.random.Generator) -> Tensor:
    """Make each foreign slice (B, 1, H, W) brighter or darker by its own factor; what exceeds 1 becomes 1."""
    if config.foreign_brightness == 0:
        return foreign
    most = config.foreign_brightness
    factor = torch.from_numpy(rng.uniform(1 - most, 1 + most, (len(foreign), 1, 1, 1)))
    return (foreign * factor.to(foreign.dtype)).clamp(0, 1)


def draw_factors(config: Config, rng: np.random.Generator) -> np.ndarray:
    """Draw each slice's own share a (B, 1, 1, 1): from a range, or from {0, 1/4, 2/4, 3/4} with 5 classes."""
    shape, steps = (config.batch, 1, 1, 1), config.classes - 1
    return rng.integers(0, steps, shape) / steps if steps else rng.uniform(*config.factor, shape)


def find_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return the cross-entropy of the foreign share, a mean over pixels.

    (B, classes, H, W), (B, 1, H, W) -> ().
    One channel: binary, with the share as a soft target; its least value is where the prediction equals the
    target. More: class k is a share of k / (classes - 1), class 0 is untouched.
    """
    classes = logits.shape[1]
    if classes == 1:
        return functional.binary_cross_entropy_with_logits(logits, target)
    return functional.cross_entropy(logits, ((classes - 1) * target[:, 0]).round().long())


def find_share(logits: Tensor) -> Tensor:
    """Return the foreign share that the net expects: (B, classes, H, W) -> (B, H, W), in [0, 1]."""
    classes = logits.shape[1]
    if classes == 1:
        return logits[:, 0].sigmoid()
    shares = torch.linspace(0, 1, classes, device=logits.device)[:, None, None]
    return (logits.softmax(1) * shares).sum(1)


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    net = restore_nets(make_stages(config), arrays)["fpi"]

    @torch.no_grad()
    def find(x: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        share = find_share(net(x))
        return (share,), share.mean(dim=(1, 2))

    return lambda volume: score_slicewise(volume, config, find)
