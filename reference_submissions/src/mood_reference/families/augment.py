"""Random changes of training slices: mirror, rotation, brightness (thesis 3.2.4)."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mood_reference.scans.slices import SliceConfig


def augment(x: Tensor, config: SliceConfig, rng: np.random.Generator) -> Tensor:
    """Change slices (B, 1, H, W) as training may see them; the background stays the lowest value."""
    lowest = (
        -config.clip if config.intensity == "z_score" else (-1.0 if config.intensity == "signed" else 0.0)
    )
    highest = config.clip if config.intensity == "z_score" else 1.0
    x = turn(mirror(x, config.mirror_axis, rng) - lowest, config.rotation, rng)  # padding is 0
    factor = torch.from_numpy(rng.uniform(1 - config.brightness, 1 + config.brightness, (len(x), 1, 1, 1)))
    return (x * factor.to(x.dtype) + lowest).clamp(lowest, highest)


def mirror(x: Tensor, axis: int | None, rng: np.random.Generator) -> Tensor:
    """Mirror every second slice, on average, along the axis (0 or 1) of a symmetric anatomy."""
    if axis is None:
        return x
    chosen = torch.from_numpy(rng.random(len(x)) < 0.5)[:, None, None, None]
    return torch.where(chosen, x.flip(2 + axis), x)


def turn(x: Tensor, degrees: float, rng: np.random.Generator) -> Tensor:
    """Rotate each slice about its centre by up to `degrees` either way; what comes in from outside is 0."""
    if degrees == 0:
        return x
    angle = torch.from_numpy(np.deg2rad(rng.uniform(-degrees, degrees, len(x)))).to(x.dtype)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    rows = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)  # (B, 2, 3)
    grid = functional.affine_grid(rows, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)
