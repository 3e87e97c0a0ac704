"""Denoising autoencoder and painted spheres (Canon Medical Research Europe; thesis 4.1.3): two nets, one map.

The first net removes noise, and what it changes in a clean slice is abnormal. The second segments discs
that were painted into normal slices. The map is a weighted sum of both. The rest is not published: ours.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mood_reference.families.augment import augment
from mood_reference.families.normal_errors import make_normal_error_stage
from mood_reference.families.painting import paint_discs
from mood_reference.families.slicewise import Find, make_error_find, score_slicewise
from mood_reference.families.unet import UNetConfig, choose_settings, make_unet_stage
from mood_reference.methods import Profile
from mood_reference.scans.calibration import Reducer
from mood_reference.scans.raw_scores import Scorer, Scores
from mood_reference.scans.slices import Intensity, SliceSet, reduce_slices
from mood_reference.scans.volumes import Volume, find_foreground
from mood_reference.stages import Nets, Stage, restore_nets
from mood_reference.weights import Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(UNetConfig):
    intensity: Intensity = Intensity.UNIT  # ours: clipped z-scores make bright spheres as grey as bone
    noise: float = 0.1  # deviation of the Gaussian, in intensities, ours
    coarse_noise: int = 0  # side of the noise before it is enlarged to the slice's (Kascenas et al. 2022: an
    # eighth of the slice's, with a deviation of 0.2); 0: each pixel has its own (thesis)
    discs: int = 2  # at most, in a slice, ours
    radius: tuple[float, float] = (0.03, 0.2)  # of a disc, in shares of the side, ours
    opacity: tuple[float, float] = (0.3, 1.0)  # of a disc; thesis 5: "interpolated spheres"; range ours
    grey: tuple[float, float] = (0.0, 1.0)  # of a disc, ours
    steps: int = 700  # of the segmenter, ours for two cores
    denoiser_steps: int = 300  # ours for two cores: it learns faster and counts for less
    error_weight: float = 0.5  # of the denoiser's error in the sum; thesis: weighted, ours
    smoothing: float = 1.0  # sigma in voxels of the net, ours
    reducer: Reducer = Reducer.MEAN  # voxels to scan (thesis)
    slice_reducer: str = "none"  # the scan's score comes from its voxels


CANDIDATES = tuple({"error_weight": weight} for weight in (0.5, 0.25, 0.1))
"""How much the error counts; AP on spheres painted into held-out normal scans decides."""


def make_config(*, profile: Profile, dataset: str) -> Config:
    settings = choose_settings(profile, dataset)
    if profile is not Profile.CPU:
        settings["denoiser_steps"] = settings["steps"]
    return Config(**settings)


def make_stages(config: Config) -> list[Stage]:
    """Return the denoiser, the segmenter and the scale of the error."""
    denoiser = replace(config, steps=config.denoiser_steps)

    def draw_noisy(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        x = augment(torch.from_numpy(data.draw(rng, config.batch)), config, rng)
        return x, x + config.noise * draw_noise(x, config.coarse_noise, rng)

    def denoise(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        """Mean square of x - g(x + noise)."""
        x, noisy = batch
        return {"loss": functional.mse_loss(net(noisy), x)}

    def draw_discs(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        x = augment(torch.from_numpy(data.draw(rng, config.batch)), config, rng)
        body = torch.from_numpy(np.stack([find_foreground(one) for one in x.numpy()[:, 0]]))[:, None]
        ranges = {"radius": config.radius, "opacity": config.opacity, "grey": config.grey}
        return paint_discs(x, body, rng, most=config.discs, **ranges)

    def segment(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        painted, truth = batch
        logits = net(painted)
        cross = functional.binary_cross_entropy_with_logits(logits, truth)
        dice = find_dice_loss(logits.sigmoid(), truth)
        return {"loss": cross + dice, "cross_entropy": cross, "dice": dice}

    return [
        make_unet_stage("dae", denoiser, draw=draw_noisy, loss=denoise),
        make_unet_stage("discs", config, draw=draw_discs, loss=segment),
        make_normal_error_stage("scale", config, of="dae"),
    ]


def draw_noise(x: Tensor, side: int, rng: np.random.Generator) -> Tensor:
    """Draw Gaussian noise of deviation 1 for slices (B, 1, H, W), or of `side`² numbers that are enlarged."""
    size = (side, side) if side else x.shape[2:]
    noise = torch.from_numpy(rng.standard_normal((len(x), 1, *size), dtype=np.float32))
    if not side:
        return noise
    large = functional.interpolate(noise, size=x.shape[2:], mode="bilinear", align_corners=True)
    shift = rng.integers(0, x.shape[2], 2)  # so that no pixel is always a node of the grid
    return large.roll((int(shift[0]), int(shift[1])), dims=(2, 3)) * (x > 0)


def find_dice_loss(p: Tensor, truth: Tensor) -> Tensor:
    """Return 1 - 2 |p truth| / (|p| + |truth|) over all pixels of the batch, smoothed by 1 pixel."""
    return 1 - (2 * (p * truth).sum() + 1) / (p.sum() + truth.sum() + 1)


def make_disc_find(net: Any) -> Find:
    @torch.no_grad()
    def find(x: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        p = net(x)[:, 0].sigmoid()
        return (p,), p.mean(dim=(1, 2))

    return find


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    nets = restore_nets(make_stages(config), arrays)
    find_error, find_discs = make_error_find(nets["dae"]), make_disc_find(nets["discs"])
    share = config.error_weight / float(arrays["scale/level"])
    unsigned = replace(config, signed_smoothing=0.0)  # a probability has no edges to cancel

    def score(volume: Volume) -> Scores:
        error = score_slicewise(volume, config, find_error)
        discs = score_slicewise(volume, unsigned, find_discs)
        voxels = np.float32(share) * error.voxels + np.float32(1 - config.error_weight) * discs.voxels
        if error.slices is None or discs.slices is None:
            return Scores(voxels)
        slices = share * error.slices + (1 - config.error_weight) * discs.slices
        return Scores(voxels, slices, reduce_slices(slices, config.slice_reducer))

    return score
