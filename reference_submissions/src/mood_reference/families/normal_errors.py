"""What a restoring U-Net leaves unrestored, and how much of that is normal: Canon and NUDT share it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mood_reference.families.slicewise import Find, make_error_find, score_slicewise
from mood_reference.scans.slices import SliceConfig
from mood_reference.scans.volumes import Volume, find_foreground
from mood_reference.stages import Nets, Stage

QUANTILE = 0.99  # of the errors in the bodies of normal scans
SCANS = 8  # normal scans that are looked at, ours


class NormalError(nn.Module):
    """One number, fixed when the nets are: the raw voxel score that a hundredth of normal voxels exceeds."""

    level: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("level", torch.ones(()))


def make_normal_error_stage(name: str, config: SliceConfig, *, of: str) -> Stage:
    """Return the stage that measures NormalError for the finished net of the stage `of`."""

    def measure(normal: Any, scans: Volume, nets: Nets, _: int) -> None:
        normal.level.fill_(find_normal_error(scans, config, make_error_find(nets[of])))

    return Stage(name=name, build=lambda _: NormalError(), prepare=lambda scans: scans, fit=measure)


def find_normal_error(scans: Volume, config: SliceConfig, find: Find) -> float:
    """Return the percentile over the first SCANS of (N, X, Y, Z) that show a body: training scans, too."""
    bodies = [(scan, body) for scan in scans if (body := find_foreground(scan)).any()][:SCANS]
    errors = [score_slicewise(scan, config, find).voxels[body] for scan, body in bodies]
    return max(float(np.quantile(np.concatenate(errors), QUANTILE)), float(np.finfo(np.float32).tiny))
