"""New brains: a real T1 scan, warped, with new contrast, bias field, blur and noise; rare conditions too."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_test_sets import warp
from mood_test_sets.scans import ScanName, load_scan
from mood_test_sets.streams import Streams
from mood_test_sets.volume import Volume, quantize
from mood_test_sets.warp import Bump, Field

__all__ = ["EXTENT", "BrainCondition", "grow_brain"]

EXTENT = (211.2, 211.2, 211.2)  # mm, the field of view
BUMPS = (Bump(smoothness=14, strength=2.5), Bump(smoothness=6, strength=1.0))
VENTRICLES = np.array([0.0, -18.0, 14.0])  # mm, MNI coordinates of the middle of the lateral ventricles
COLIN_SHARE = 0.6  # the averaged brain is softer, so the single person serves more often


class BrainCondition(StrEnum):
    VENTRICLES = "wide-ventricles"
    ATROPHY = "atrophy"


@dataclass(frozen=True, slots=True)
class _Template:
    voxels: NDArray[np.float32]  # 0 outside the brain, about 1 at its brightest
    mask: NDArray[np.float32]  # 0..1, soft border
    centre: Field  # (3,) mm
    origin: Field  # (3,) mm


@cache
def _strip(name: ScanName) -> tuple[NDArray[np.float32], NDArray[np.bool_], Field]:
    """The brain of a scan: voxels, mask, origin."""
    scan = load_scan(name)
    if name is ScanName.COLIN27_HEAD:
        bare = load_scan(ScanName.COLIN27_BRAIN).voxels > 0
        whole = ndimage.binary_closing(ndimage.binary_opening(bare, iterations=2), iterations=2)
        mask = ndimage.binary_fill_holes(
            whole
        )  # opened against flecks, closed to keep the fluid between gyri
    else:
        mask = ndimage.binary_fill_holes(scan.voxels > 0)
    return scan.voxels / np.percentile(scan.voxels[mask], 99.7), mask, scan.origin


@lru_cache(maxsize=4)
def _template(name: ScanName, side: int) -> _Template:
    """The brain, low-passed for the wanted resolution without drawing darkness in from outside."""
    voxels, mask, origin = _strip(name)
    sigma = 0.4 * EXTENT[0] / side
    inside = ndimage.gaussian_filter(mask.astype(np.float32), sigma)
    bright = ndimage.gaussian_filter(np.where(mask, voxels, np.float32(0)), sigma)
    corners = np.argwhere(mask)
    return _Template(
        voxels=bright / np.maximum(inside, np.float32(1e-3)),
        mask=inside,
        centre=origin + (corners.min(0) + corners.max(0)) / 2,
        origin=origin,
    )


def grow_brain(
    streams: Streams, *subject: str | int, side: int, condition: BrainCondition | None = None
) -> Volume:
    """A brain of side³ voxels; a subject with a condition differs from itself in nothing else."""
    look = streams.rng(*subject, "look")
    name = ScanName.COLIN27_HEAD if look.random() < COLIN_SHARE else ScanName.ICBM152_BRAIN
    template = _template(name, side)
    places = _place(streams, *subject, template=template, side=side)
    severity = streams.rng(*subject, "condition").uniform(0.4, 0.65)
    if condition is BrainCondition.VENTRICLES:
        places = _widen(places, VENTRICLES - template.origin, severity)
    mask = warp.sample(template.mask, places) > 0.5
    image = _contrast(look, warp.sample(template.voxels, places)) * _bias(look, side)
    if condition is BrainCondition.ATROPHY:
        image = _shrink_cortex(image, mask, depth=2 + 8 * severity)
    image = ndimage.gaussian_filter(image, look.uniform(0, 0.5) * side / 128)
    noise = streams.rng(*subject, "noise").normal(0, look.uniform(0.01, 0.025), (2, side, side, side))
    image = np.hypot(image + noise[0], noise[1])  # magnitude images have Rician noise
    return Volume(
        levels=quantize(np.where(mask, image / np.percentile(image[mask], 99.7), 0)),
        foreground=mask,
        extent=EXTENT,
    )


def _place(streams: Streams, *subject: str | int, template: _Template, side: int) -> Field:
    """Places in voxels of the template, which has 1 mm voxels."""
    rng = streams.rng(*subject, "shape")
    pose = warp.draw_pose(rng, rotation=2, scale=0.04, size=0.03, shear=0.02, shift=3)
    displacement = warp.diffeomorphism(rng, extent=EXTENT, bumps=BUMPS)
    places = warp.positions(pose, displacement, extent=EXTENT, side=side)
    if rng.random() < 0.5:
        places[0] *= -1  # left and right of a brain are near enough alike
    return np.asarray(places + (template.centre - template.origin).reshape(3, 1, 1, 1))


def _widen(places: Field, centre: Field, severity: float) -> Field:
    """Pull the places towards the centre, which makes what lies there larger (45 mm wide)."""
    offset = places - centre.reshape(3, 1, 1, 1)
    pull = 1 - severity * np.exp(-np.sum(offset**2, axis=0) / 45**2)
    return np.asarray(centre.reshape(3, 1, 1, 1) + offset * pull)


def _shrink_cortex(image: Field, mask: NDArray[np.bool_], depth: float) -> Field:
    """Tissue within `depth` mm of the surface gives way to dark fluid."""
    distance = ndimage.distance_transform_edt(mask) * (EXTENT[0] / mask.shape[0])
    left = 1 / (1 + np.exp(-(distance - depth)))
    return np.asarray(image * (0.25 + 0.75 * left))


def _contrast(rng: np.random.Generator, image: Field) -> Field:
    """A random monotone curve through five knots."""
    knots = np.linspace(0, 1, 5)
    steps = np.maximum(rng.normal(0.25, 0.06, 4), 0.12)
    return np.asarray(np.interp(image, knots, np.append(0, np.cumsum(steps))))


def _bias(rng: np.random.Generator, side: int) -> Field:
    """The exponential of a random polynomial of third order."""
    x, y, z = np.meshgrid(*(3 * [np.linspace(-1, 1, warp.NODES)]), indexing="ij")
    orders = [(i, j, k) for i in range(4) for j in range(4) for k in range(4) if 0 < i + j + k <= 3]
    bias = sum(
        rng.normal(0, 0.08 / sum(order)) * x ** order[0] * y ** order[1] * z ** order[2] for order in orders
    )
    return np.exp(warp.upsample(np.asarray(bias), side))
