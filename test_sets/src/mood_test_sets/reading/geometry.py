"""How a volume lies in the body: oblique, placed twice by its header, or with slices of a tilted gantry."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Turn", "obliquity", "sheared_by", "skewed_by", "straighten", "turn_between"]

Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Turn:
    """How far apart two placements of the same voxels are."""

    degrees: float
    mm: float  # at the corner where they differ most
    mirrored: bool  # one of them is the mirror image

    def __str__(self) -> str:
        mirrored = ", mirrored" if self.mirrored else ""
        return f"{self.degrees:.1f}°{mirrored}, up to {self.mm:.1f} mm"


def turn_between(one: Affine, other: Affine, shape: tuple[int, ...]) -> Turn:
    corners = np.array([[x, y, z, 1] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
    corners[:, :3] *= np.asarray(shape[:3]) - 1
    moved = np.linalg.norm((corners @ (one - other).T)[:, :3], axis=1).max()
    return Turn(
        _angle(_axes(one), _axes(other)), float(moved), bool(np.linalg.det(one) * np.linalg.det(other) < 0)
    )


def obliquity(affine: Affine, shape: tuple[int, ...]) -> Turn:
    """Between the axes of the voxels and those of the body that are nearest."""
    axes = _axes(affine)
    nearest = np.zeros((3, 3))
    for axis in np.argsort(-np.abs(axes).max(axis=0)):
        free = np.where(np.any(nearest, axis=1), 0, np.abs(axes[:, axis]))
        nearest[np.argmax(free), axis] = np.sign(axes[np.argmax(free), axis]) or 1
    straight = np.eye(4)
    straight[:3, :3] = nearest * np.linalg.norm(affine[:3, :3], axis=0)
    middle = np.append((np.asarray(shape[:3]) - 1) / 2, 1)
    straight[:3, 3] = (affine @ middle)[:3] - straight[:3, :3] @ middle[:3]
    return turn_between(affine, straight, shape)


def _axes(affine: Affine) -> Affine:
    return np.asarray(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))


def _angle(one: Affine, other: Affine) -> float:
    """The largest between axes of the same number, taken without their signs."""
    cosines = np.abs((one * other).sum(axis=0)).clip(0, 1)
    return float(np.degrees(np.arccos(cosines.min())))


def sheared_by(affine: Affine) -> float:
    """Degrees by which the third axis leans from what is perpendicular to the first two."""
    x, y, z = _axes(affine).T
    normal = np.cross(x, y)
    leaning = abs(normal @ z) / max(float(np.linalg.norm(normal)), 1e-9)
    return float(np.degrees(np.arccos(min(leaning, 1.0))))


def skewed_by(affine: Affine) -> float:
    """Degrees by which rows and columns are not perpendicular."""
    x, y, _ = _axes(affine).T
    return float(np.degrees(np.arcsin(min(abs(x @ y), 1.0))))


def straighten(
    values: NDArray[np.float32], affine: Affine, *, order: int = 1
) -> tuple[NDArray[np.float32], Affine]:
    """Slices that a tilted gantry shifted, each moved back within its plane; the volume grows to hold all.

    What was never scanned gets the lowest value. `order` 0 keeps the values of masks.
    """
    x, y, z = (affine[:3, axis] for axis in range(3))
    normal = np.cross(x, y)
    upright = normal * (z @ normal) / (normal @ normal)
    lean = z - upright  # mm within the plane, per slice
    step = np.array([lean @ x / (x @ x), lean @ y / (y @ y)])  # voxels
    shifts = np.arange(values.shape[2])[:, None] * step
    low = np.floor(shifts.min(axis=0)).astype(int)
    high = np.ceil(shifts.max(axis=0)).astype(int)
    sides = np.array(values.shape[:2]) + high - low
    grown = np.full((*sides, values.shape[2]), values.min(), dtype=np.float32)
    for k, shift in enumerate(shifts):
        plane = np.full(sides, values.min(), dtype=np.float32)
        plane[-low[0] : values.shape[0] - low[0], -low[1] : values.shape[1] - low[1]] = values[:, :, k]
        grown[:, :, k] = ndimage.shift(plane, shift, order=order, mode="nearest")
    straight = affine.copy()
    straight[:3, 2] = upright
    straight[:3, 3] += x * low[0] + y * low[1]
    return grown, straight
