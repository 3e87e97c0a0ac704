"""Smooth invertible deformations: where in the source scan each voxel of a new subject comes from.

A deformation is drawn on a fixed control grid in millimetres and only then brought to the wanted
resolution, so that a subject has the same anatomy at every side length.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

from mood_test_sets.growing.anatomy import Anatomy

__all__ = [
    "NODES", "Bump", "Field", "Pose", "deviate", "diffeomorphism", "draw_pose", "enlarge", "move",
    "node_grid", "pose_of", "resample", "slabs", "upsample",
]  # fmt: skip

Field = NDArray[np.float64]

NODES = 32  # control points along each axis
SQUARINGS = 6
SLAB = 16  # planes that are worked on at a time, so that memory stays small at 512³


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


def slabs(side: int) -> Iterator[slice]:
    """The first axis in pieces of SLAB planes."""
    return (slice(start, min(start + SLAB, side)) for start in range(0, side, SLAB))


def upsample(field: Field, side: int, slab: slice = slice(None)) -> Field:
    """From (NODES, NODES, NODES) to (planes of the slab, side, side)."""
    weights = _weights(side)
    for axis in (weights[slab], weights, weights):  # each turn interpolates an axis and moves it to the back
        field = np.tensordot(field, axis, axes=(0, 1))
    return field


def node_grid(extent: Sequence[float]) -> Field:
    """(3, NODES, NODES, NODES): where the control points lie, in mm from the middle of the volume."""
    ticks = (np.linspace(-length / 2, length / 2, NODES) for length in extent)
    return np.stack(np.meshgrid(*ticks, indexing="ij"))


def enlarge(places: Field, centre: Sequence[float], *, radius: float, strength: float) -> Field:
    """What lies within about `radius` mm of the centre becomes larger; smaller for a negative strength.

    Invertible for -2 < strength < 1.
    """
    offset = places - np.reshape(centre, (3, 1, 1, 1))
    pull = strength * np.exp(-np.sum(offset**2, axis=0) / radius**2)
    return np.asarray(places - offset * pull)


def move(places: Field, displacement: Field, *, extent: Sequence[float]) -> Field:
    """Places in mm, moved by what the displacement says there."""
    scale = np.reshape(extent, (3, 1, 1, 1)) / (NODES - 1)
    nodes = places / scale + (NODES - 1) / 2
    return np.asarray(places + np.stack([_at(part, nodes) for part in displacement]))


def deviate(
    rng: np.random.Generator, anatomy: Anatomy, *, extent: Sequence[float], smoothness: float
) -> Field:
    """The control points in mm, moved by the pushes and the bend of an anatomy, in the space of the scan."""
    places = node_grid(extent)
    for push in anatomy.pushes:
        places = enlarge(places, push.centre, radius=push.radius, strength=push.strength)
    if anatomy.bend:
        bump = Bump(smoothness=smoothness, strength=anatomy.bend)
        places = move(places, diffeomorphism(rng, extent=extent, bumps=(bump,)), extent=extent)
    return places


def pose_of(pose: Pose, places: Field) -> Field:
    """Places in mm, turned, stretched, sheared and shifted."""
    return np.asarray(np.tensordot(pose.matrix, places, axes=1) + pose.shift.reshape(3, 1, 1, 1))


def resample(
    sources: Sequence[NDArray[np.float32]], nodes: Field, *, side: int, order: int = 1
) -> list[NDArray[np.float32]]:
    """Each source at the places that are given in its voxels at the control points, as side³ voxels.

    The one interpolation of a new scan; beyond the border of a source its border is repeated.
    """
    images = [np.empty((side,) * 3, dtype=np.float32) for _ in sources]
    for slab in slabs(side):
        places = np.stack([upsample(part, side, slab) for part in nodes])
        for source, image in zip(sources, images, strict=True):
            ndimage.map_coordinates(
                source, places, output=image[slab], order=order, mode="nearest", prefilter=False
            )
    return images
