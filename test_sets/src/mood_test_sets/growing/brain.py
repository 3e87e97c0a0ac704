"""New brains: a real T1 scan, warped, with new contrast, bias field, blur and noise; rare conditions too."""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_test_sets.growing import warp
from mood_test_sets.growing.anatomy import HEALTHY, Anatomy, Condition, Look
from mood_test_sets.growing.shipped_scans import ScanName, load_scan
from mood_test_sets.growing.warp import Bump, Field
from mood_test_sets.streams import Streams
from mood_test_sets.volume import Mask, Volume, quantize

__all__ = ["CONDITIONS", "EXTENT", "grow_brain", "shrink_cortex"]

EXTENT = (211.2, 211.2, 211.2)  # mm, the field of view
BUMPS = (Bump(smoothness=14, strength=2.5), Bump(smoothness=6, strength=1.0))
VENTRICLES = (0.0, -18.0, 14.0)  # mm, MNI coordinates of the middle of the lateral ventricles
CEREBELLUM = np.array([0.0, -62.0, -40.0]), np.array([56.0, 34.0, 27.0])  # mm, middle and half axes
COLIN_SHARE = 0.6  # the averaged brain is softer, so the single person serves more often
CONDITIONS = (Condition.VENTRICLES, Condition.ATROPHY, Condition.ASYMMETRY, Condition.CEREBELLUM)
Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Template:
    voxels: Image  # 0 outside the brain, about 1 at its brightest
    mask: Image  # 0..1, soft border
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
def _template(name: ScanName, side: int, *, cerebellum: bool = True) -> _Template:
    """The brain, low-passed for the wanted resolution without drawing darkness in from outside."""
    voxels, mask, origin = _strip(name)
    sigma = 0.4 * EXTENT[0] / side
    inside = ndimage.gaussian_filter(mask.astype(np.float32), sigma)
    bright = ndimage.gaussian_filter(np.where(mask, voxels, np.float32(0)), sigma)
    corners = np.argwhere(mask)
    tissue = bright / np.maximum(inside, np.float32(1e-3))
    return _Template(
        voxels=tissue if cerebellum else _without_cerebellum(tissue, origin),
        mask=inside,
        centre=origin + (corners.min(0) + corners.max(0)) / 2,
        origin=origin,
    )


def _without_cerebellum(tissue: Image, origin: Field) -> Image:
    """Dark fluid in its place."""
    middle, half = CEREBELLUM
    axes = np.ogrid[tuple(slice(0, length) for length in tissue.shape)]
    distance = sum(
        ((axis + o - m) / h) ** 2 for axis, o, m, h in zip(axes, origin, middle, half, strict=True)
    )
    fluid = 1 / (1 + np.exp(np.clip((np.sqrt(distance) - 1) * 20, -30, 30)))
    return np.asarray(tissue * (1 - 0.85 * fluid), dtype=np.float32)


def grow_brain(
    streams: Streams,
    *subject: str | int,
    side: int,
    anatomy: Anatomy = HEALTHY,
    look: Look = Look.STANDARD,
) -> Volume:
    """A brain of side³ voxels; with another anatomy the subject differs from itself in nothing else."""
    rng = streams.rng(*subject, "look")
    name = ScanName.COLIN27_HEAD if rng.random() < COLIN_SHARE else ScanName.ICBM152_BRAIN
    template = _template(name, side, cerebellum=anatomy.condition is not Condition.CEREBELLUM)
    nodes = _place(streams, *subject, template=template, anatomy=anatomy)
    image, inside = warp.resample((template.voxels, template.mask), nodes, side=side)
    mask = inside > 0.5
    _recolour(rng, image, look)
    if anatomy.condition is Condition.ATROPHY:
        shrink_cortex(image, mask, depth=1 + 8 * anatomy.severity)
    image = ndimage.gaussian_filter(image, rng.uniform(0, 0.5) * side / 128)
    level = rng.uniform(0.01, 0.025) * (1 if look is Look.STANDARD else 1.8)
    _add_noise(streams.rng(*subject, "noise"), image, level)
    bright = np.float32(np.percentile(image[mask], 99.7))
    return Volume(
        levels=quantize(np.where(mask, image / bright, np.float32(0))), foreground=mask, extent=EXTENT
    )


def _place(streams: Streams, *subject: str | int, template: _Template, anatomy: Anatomy) -> Field:
    """Places of the control points in voxels of the template, which has 1 mm voxels."""
    rng = streams.rng(*subject, "shape")
    pose = warp.draw_pose(rng, rotation=2, scale=0.04, size=0.03, shear=0.02, shift=3)
    places = warp.deviate(streams.rng(*subject, "bend"), anatomy, extent=EXTENT, smoothness=18)
    places = warp.move(places, warp.diffeomorphism(rng, extent=EXTENT, bumps=BUMPS), extent=EXTENT)
    places = warp.pose_of(pose, places)
    if rng.random() < 0.5:
        places[0] *= -1  # left and right of a brain are near enough alike
    places = places + template.centre.reshape(3, 1, 1, 1)
    places = _vary(rng, places, anatomy)
    return np.asarray(places - template.origin.reshape(3, 1, 1, 1))


def _vary(rng: np.random.Generator, places: Field, anatomy: Anatomy) -> Field:
    """Ventricles differ from person to person; rarely they are wide, or one half is smaller (MNI, mm)."""
    width = float(np.clip(rng.normal(0, 0.1), -0.2, 0.2))
    if anatomy.condition is Condition.VENTRICLES:
        width = max(width, 0.0) + 0.25 + 0.35 * anatomy.severity
    places = warp.enlarge(places, VENTRICLES, radius=45, strength=width)
    if anatomy.condition is Condition.ASYMMETRY:
        right = 1 / (1 + np.exp(-places[0] / 6))
        places[0] *= 1 + (0.12 + 0.3 * anatomy.severity) * right
    return places


def shrink_cortex(image: Image, mask: Mask, depth: float, length: float = EXTENT[0]) -> None:
    """Tissue within `depth` mm of the surface gives way to dark fluid; `length` mm are the side."""
    step = max(1, image.shape[0] // 128)
    near = ndimage.distance_transform_edt(mask[::step, ::step, ::step]) * (length / image.shape[0] * step)
    left = (0.25 + 0.75 / (1 + np.exp(depth - near))).astype(np.float32)
    ticks = np.minimum(np.arange(image.shape[0]) / step, left.shape[0] - 1)
    for slab in warp.slabs(image.shape[0]):
        places = np.stack(np.meshgrid(ticks[slab], ticks, ticks, indexing="ij"))
        image[slab] *= ndimage.map_coordinates(left, places, order=1)


def _recolour(rng: np.random.Generator, image: Image, look: Look) -> None:
    """A random monotone curve through five knots, falling as in T2 if shifted, and a bias field."""
    steps = np.maximum(rng.normal(0.25, 0.06, 4), 0.12)
    values = np.append(0, np.cumsum(steps))
    if look is Look.SHIFTED:
        values = 1.05 * values.max() - 0.85 * values
    bias = _bias(rng) * (1 if look is Look.STANDARD else 2.5)
    for slab in warp.slabs(image.shape[0]):
        field = np.exp(warp.upsample(bias, image.shape[0], slab))
        image[slab] = np.interp(image[slab], np.linspace(0, 1, 5), values) * field


def _bias(rng: np.random.Generator) -> Field:
    """A random polynomial of third order at the control points."""
    x, y, z = np.meshgrid(*(3 * [np.linspace(-1, 1, warp.NODES)]), indexing="ij")
    orders = [(i, j, k) for i in range(4) for j in range(4) for k in range(4) if 0 < i + j + k <= 3]
    terms = (
        rng.normal(0, 0.08 / sum(order)) * x ** order[0] * y ** order[1] * z ** order[2] for order in orders
    )
    return np.asarray(sum(terms))


def _add_noise(rng: np.random.Generator, image: Image, level: float) -> None:
    """Magnitude images have Rician noise."""
    for slab in warp.slabs(image.shape[0]):
        real, imaginary = np.float32(level) * rng.standard_normal((2, *image[slab].shape), dtype=np.float32)
        image[slab] = np.hypot(image[slab] + real, imaginary)
