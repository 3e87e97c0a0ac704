"""Scores a volume slice by slice with a net: the same steps for every 2-D PyTorch method."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mood_reference.scans.raw_scores import Scores
from mood_reference.scans.slices import Cut, SliceConfig, assemble_scores, cut_volume, find_positions
from mood_reference.scans.volumes import Volume
from mood_reference.stages import find_device

BATCH = 32  # slices at a time; no score depends on it

Find = Callable[[Tensor], tuple[tuple[Tensor, ...], Tensor | None]]
"""Slices (B, 1, H, W) -> factors of the voxel score, each (B, H, W) and signed; slice scores (B,) or None."""

PlacedFind = Callable[[Tensor, Tensor], tuple[tuple[Tensor, ...], Tensor | None]]
"""The same for a net that also wants the positions of the slices in the scan, (B,) from -0.5 to 0.5."""


def make_error_find(restore: Callable[[Tensor], Tensor]) -> Find:
    """Return the scoring by what a net changes in a slice; the slice scores the mean of its size."""

    @torch.no_grad()
    def find(x: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        error = (x - restore(x))[:, 0]
        return (error,), error.abs().mean(dim=(1, 2))

    return find


def score_slicewise(volume: Volume, config: SliceConfig, find: Find) -> Scores:
    """Score voxels by the smoothed product of the factors' sizes, the scan by its slices if they have one."""
    return score_placed_slices(volume, config, lambda x, _: find(x))


def score_placed_slices(volume: Volume, config: SliceConfig, find: PlacedFind) -> Scores:
    """Do as score_slicewise, with a net that wants to know where in the scan a slice lies."""
    cut = cut_volume(volume, config)
    if not cut.used.any():
        return Scores(np.zeros_like(volume))
    factors, slices = _find_all(cut, find)
    return assemble_scores(cut, factors, slices, shape=volume.shape, config=config)


def _find_all(cut: Cut, find: PlacedFind) -> tuple[list[Volume], np.ndarray | None]:
    """Run the net over the S slices with a body: factors (S, H, W) and slice scores (S,)."""
    x = torch.from_numpy(cut.x[cut.used][:, None]).to(find_device())
    positions = torch.from_numpy(find_positions(len(cut.x))[cut.used]).to(x)
    found = [find(*parts) for parts in zip(x.split(BATCH), positions.split(BATCH), strict=True)]
    columns = zip(*(parts for parts, _ in found), strict=True)
    factors = [torch.cat(column).float().cpu().numpy() for column in columns]
    scores = [part for _, part in found if part is not None]
    return factors, torch.cat(scores).double().cpu().numpy() if scores else None
