"""Inpainting U-Net (NUDT; thesis 4.1.3): fills squares cut into slices and keeps their edges sharp.

What the net changes in a slice is abnormal; small objects are pushed below all that stands out. The thesis
names the parts: U-Net, inpainting, MSE and Canny features, components of 100 voxels. Their sizes are ours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mood_reference.families.augment import augment
from mood_reference.families.autoencoding import mask_squares
from mood_reference.families.elbo_scores import blur
from mood_reference.families.normal_errors import make_normal_error_stage
from mood_reference.families.slicewise import make_error_find, score_slicewise
from mood_reference.families.unet import UNetConfig, choose_settings, make_unet_stage
from mood_reference.methods import Profile
from mood_reference.nets.precision import widen
from mood_reference.scans.calibration import Reducer
from mood_reference.scans.components import find_small
from mood_reference.scans.raw_scores import Scorer, Scores
from mood_reference.scans.slices import SliceSet
from mood_reference.scans.volumes import Volume
from mood_reference.stages import Nets, Stage, restore_nets
from mood_reference.weights import Arrays

NATIVE = 256**3  # voxels of a scan for which the team counts 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(UNetConfig):
    edge_weight: float = 1.0  # of the edges in the loss, ours
    smallest: float = 100.0  # voxels of 256³ that an object must have (thesis); scaled with the scan's size
    reducer: Reducer = Reducer.TOP_PERMILLE  # voxels to scan, ours
    slice_reducer: str = "none"  # the scan's score comes from its voxels, after small objects are removed


def make_config(*, profile: Profile, dataset: str) -> Config:
    return Config(**choose_settings(profile, dataset))


def make_stages(config: Config) -> list[Stage]:
    """Return the U-Net and the threshold above which voxels make objects."""

    def draw(data: SliceSet, rng: np.random.Generator) -> tuple[Tensor, ...]:
        x = augment(torch.from_numpy(data.draw(rng, config.batch)), config, rng)
        return x, mask_squares(x, config, rng)

    def loss(net: Any, batch: tuple[Tensor, ...], _: Nets) -> dict[str, Tensor]:
        """MSE + weight |edges of x - edges of what was restored|, means over pixels."""
        x, masked = batch
        restored = net(masked)
        mse = functional.mse_loss(restored, x)
        edges = functional.l1_loss(find_edges(restored), find_edges(x))
        return {"loss": mse + config.edge_weight * edges, "mse": mse, "edges": edges}

    return [
        make_unet_stage("unet", config, draw=draw, loss=loss),
        make_normal_error_stage("threshold", config, of="unet"),
    ]


def find_edges(x: Tensor) -> Tensor:
    """Return how steep slices are: Canny up to the size of the gradient, for the rest has no derivative.

    Gaussian of 5 x 5 pixels, Sobel in both directions, length of the two: (B, 1, H, W) -> (B, 1, H, W).
    """
    x = widen(x)
    across = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]).to(x) / 8
    kernels = torch.stack([across, across.T])[:, None]  # (2, 1, 3, 3)
    with torch.autocast(x.device.type, enabled=False):  # steps between neighbours are small differences
        padded = functional.pad(blur(x[:, 0])[:, None], (1, 1, 1, 1), mode="replicate")
        steps = functional.conv2d(padded, kernels)
    return (steps.square().sum(1, keepdim=True) + 1e-8).sqrt()


def lower_small(voxels: Volume, threshold: float, smallest: float) -> Volume:
    """Lower the scores of objects, voxels above the threshold t, that have fewer than `smallest` voxels.

    A score s > t becomes t s / (s + t), which lies between t/2 and t: below every object that stays, without
    ties, in the order it had.
    """
    small = find_small(voxels > threshold, smallest)
    lowered = threshold * (voxels / (voxels + np.float32(threshold)))
    return np.where(small, lowered, voxels).astype(np.float32)


def make_scorer(*, config: Config, arrays: Arrays) -> Scorer:
    nets = restore_nets(make_stages(config), arrays)
    find, threshold = make_error_find(nets["unet"]), float(arrays["threshold/level"])

    def score(volume: Volume) -> Scores:
        raw = score_slicewise(volume, config, find)
        smallest = config.smallest * volume.size / NATIVE
        return raw._replace(voxels=lower_small(raw.voxels, threshold, smallest))

    return score
