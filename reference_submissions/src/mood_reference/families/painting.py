"""Slices made abnormal on purpose, with their truth: what FPI and Canon learn to segment (thesis 4.1.3)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mood_reference.scans.slices import SliceSet

Range = tuple[float, float]


def find_partners(data: SliceSet, places: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw for each place (volume, depth) the same depth of another volume, one with a body there if any has.

    places (B, 2) -> (B, 2). The only volume of a set is its own partner.
    """
    shows = np.zeros(data.x.shape[:2], bool)  # (N, D)
    shows[tuple(data.places.T)] = True
    volumes = [_draw_other(volume, shows[:, depth], rng) for volume, depth in places]
    return np.stack([np.array(volumes, np.intp), places[:, 1]], axis=1)


def _draw_other(volume: np.intp, shows: NDArray[np.bool_], rng: np.random.Generator) -> int:
    others = np.arange(len(shows)) != volume
    for choice in (others & shows, others, ~others):
        if choice.any():
            return int(rng.choice(np.flatnonzero(choice)))
    raise ValueError("there is no volume to draw from")


def draw_patches(
    side: int, count: int, rng: np.random.Generator, *, centre: float, half_width: Range
) -> NDArray[np.bool_]:
    """Draw one rectangle for each of `count` slices (B, 1, H, W).

    Its centre lies in the central share `centre` of the side; half its width and half its height are shares
    of the side within `half_width`, each drawn for itself.
    """
    middle = side * rng.uniform(0.5 - centre / 2, 0.5 + centre / 2, (2, count, 1))
    half = side * rng.uniform(*half_width, (2, count, 1))
    rows, columns = np.abs(np.arange(side) + 0.5 - middle) <= half  # (B, side) each
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def interpolate_patches(
    x: Tensor, foreign: Tensor, patch: Tensor, factor: Tensor, *, tolerance: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Blend foreign slices into patches (FPI, Tan et al. 2020); all (B, 1, H, W), factor a (B, 1, 1, 1).

    Inside the patch: a x + (1 - a) foreign. The target is the foreign share 1 - a there, and 0 elsewhere and
    where both slices are equal up to `tolerance`.
    """
    mixed = torch.where(patch, factor * x + (1 - factor) * foreign, x)
    changed = patch & ((x - foreign).abs() > tolerance)
    return mixed, changed * (1 - factor)


def paint_discs(
    x: Tensor,
    body: Tensor,
    rng: np.random.Generator,
    *,
    most: int,
    radius: Range,
    opacity: Range,
    grey: Range,
) -> tuple[Tensor, Tensor]:
    """Paint none to `most` discs, cuts through spheres, into the body of each slice (Canon).

    x and body (B, 1, H, W) -> painted slices and their truth, 0 or 1. Each disc has its own radius (a share
    of the side), its own grey and an opacity: how much of it covers what was there.
    """
    painted, truth = x.clone(), torch.zeros_like(x)
    rows = torch.arange(x.shape[2], device=x.device)[:, None]
    columns = torch.arange(x.shape[3], device=x.device)[None, :]
    for plane, marks, inside in zip(painted[:, 0], truth[:, 0], body[:, 0], strict=True):
        places = torch.nonzero(inside)
        for _ in range(rng.integers(0, most + 1) if len(places) else 0):
            row, column = places[rng.integers(len(places))]
            size, share = rng.uniform(*radius) * len(rows), rng.uniform(*opacity)
            disc = ((rows - row) ** 2 + (columns - column) ** 2 <= max(1.0, size) ** 2) & inside
            plane[disc] = (1 - share) * plane[disc] + share * rng.uniform(*grey)
            marks[disc] = 1
    return painted, truth
