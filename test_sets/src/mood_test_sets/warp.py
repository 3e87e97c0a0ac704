"""Smooth invertible deformations: where in the source scan each voxel of a new subject comes from.

A deformation is drawn on a fixed control grid in millimetres and only then brought to the wanted
resolution, so that a subject has the same anatomy at every side length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

__all__ = ["NODES", "Bump", "Field", "Pose", "diffeomorphism", "draw_pose", "positions", "sample", "upsample"]

Field = NDArray[np.float64]

NODES = 32  # control points along each axis
SQUARINGS = 6


@dataclass(frozen=True, slots=True)
class Bump:
    """One scale of a random deformation, both in mm."""

    smoothness: float
    strength: float  # standard deviation of the velocity


@dataclass(frozen=True, slots=True)
class Pose:
    matrix: Field  # (3, 3): rotation, scale and shear
    shift: Field  # (3,) mm


def draw_pose(
    rng: np.random.Generator, *, rotation: float, scale: float, size: float, shear: float, shift: float
) -> Pose:
    """Standard deviations: rotation in degrees, scale per axis, size common to all axes, shift in mm.

    Nothing goes beyond two of them, so that the body stays in the field of view.
    """
    normal = np.clip(rng.standard_normal(13), -2, 2)
    turned = Rotation.from_euler("xyz", rotation * normal[:3], degrees=True).as_matrix()
    stretched = np.diag(np.exp(scale * normal[3:6] + size * normal[6]))
    sheared = np.eye(3)
    sheared[np.triu_indices(3, 1)] = shear * normal[7:10]
    return Pose(matrix=turned @ stretched @ sheared, shift=shift * normal[10:])


def diffeomorphism(rng: np.random.Generator, *, extent: Sequence[float], bumps: Sequence[Bump]) -> Field:
    """Displacement (3, NODES, NODES, NODES) in mm: a random velocity, integrated by scaling and squaring."""
    spacing = np.asarray(extent) / (NODES - 1)
    velocity = sum(_draw_velocity(rng, spacing, bump) for bump in bumps)
    step = velocity / spacing.reshape(3, 1, 1, 1) / 2**SQUARINGS  # in nodes
    nodes = np.indices((NODES,) * 3, dtype=np.float64)
    for _ in range(SQUARINGS):
        step = step + np.stack([_at(component, nodes + step) for component in step])
    return np.asarray(step * spacing.reshape(3, 1, 1, 1))


def _draw_velocity(rng: np.random.Generator, spacing: Field, bump: Bump) -> Field:
    noise = rng.standard_normal((3, NODES, NODES, NODES))
    smooth = np.stack([ndimage.gaussian_filter(part, bump.smoothness / spacing) for part in noise])
    return np.asarray(smooth * (bump.strength / smooth.std()))


def _at(values: Field, places: Field) -> Field:
    return np.asarray(ndimage.map_coordinates(values, places, order=1, mode="nearest"))


@lru_cache(maxsize=8)
def _weights(side: int) -> Field:
    """(side, NODES): cubic interpolation from nodes that span the volume to the voxel centres in it."""
    nodes = np.linspace(-0.5, 0.5, NODES)
    return np.asarray(CubicSpline(nodes, np.eye(NODES))((np.arange(side) + 0.5) / side - 0.5))


def upsample(field: Field, side: int) -> Field:
    """From (NODES, NODES, NODES) to (side, side, side)."""
    weights = _weights(side)
    for _ in range(3):  # each turn interpolates the first axis and moves it to the back
        field = np.tensordot(field, weights, axes=(0, 1))
    return field


def positions(pose: Pose, displacement: Field, *, extent: Sequence[float], side: int) -> Field:
    """(3, side, side, side): the place of each voxel relative to the centre of the source scan, in mm."""
    grid = np.stack([upsample(part, side) for part in displacement])
    ticks = (np.arange(side) + 0.5) / side - 0.5
    for axis, length in enumerate(extent):
        grid[axis] += (ticks * length).reshape([-1 if axis == other else 1 for other in range(3)])
    moved = np.tensordot(pose.matrix, grid, axes=1)
    return np.asarray(moved + pose.shift.reshape(3, 1, 1, 1))


def sample(voxels: NDArray[np.float32], places: Field) -> Field:
    """Linear interpolation at places in voxels of the source; beyond its border the border is repeated."""
    return np.asarray(ndimage.map_coordinates(voxels, places, output=np.float64, order=1, mode="nearest"))
