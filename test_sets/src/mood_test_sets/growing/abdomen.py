"""New abdomens: a real CT, its organs and bowel changed in its own grid, then warped and made noisy."""

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

__all__ = ["CONDITIONS", "EXTENT", "find_body", "grow_abdomen"]

EXTENT = (372.0, 300.0, 276.0)  # mm, the field of view; along z well inside the scan, so that nothing repeats
BUMPS = (Bump(smoothness=35, strength=6), Bump(smoothness=14, strength=2.5))
WINDOW = (-300.0, 500.0)  # HU shown as 0 and 1
AIR, BODY_EDGE = -1000.0, -400.0  # HU
FAT, FLUID = -100.0, 8.0  # HU
COLON, LIVER, RIGHT_KIDNEY = 20, 5, 2
VARYING = (1, 2, 3, LIVER, 6)  # spleen, kidneys, liver, stomach
PERITONEAL = (1, LIVER, 6, 18, COLON)
CONDITIONS = (
    Condition.INVERSUS, Condition.KIDNEY, Condition.SCOLIOSIS, Condition.LIVER, Condition.ASCITES,
)  # fmt: skip
Image = NDArray[np.float32]
LABELS = 118  # TotalSegmentator classes, background included
CONTRAST_PHASE = {
    52: 36,
    2: 27,
    3: 27,
    63: 30,
    64: 30,
    65: 24,
    66: 24,
    67: 24,
    68: 24,
    1: 12,
    5: 11,
}  # HU at 1


@dataclass(frozen=True, slots=True)
class _Template:
    hu: NDArray[np.float32]
    labels: NDArray[np.uint8]
    body: Mask
    lumen: Mask  # inside of the colon
    height: NDArray[np.float32]  # 0 at the back, 1 at the front of each loop of the colon in its slice
    fat: Mask
    spacing: float  # mm


@cache
def _template() -> _Template:
    scan = load_scan(ScanName.ABDOMEN_CT)
    labels = load_scan(ScanName.ABDOMEN_ORGANS).voxels.astype(np.uint8)
    body = find_body(scan.voxels)
    hu = np.where(body, scan.voxels, np.float32(AIR)).astype(np.float32)
    lumen = ndimage.binary_erosion(labels == COLON)
    return _Template(
        hu=hu,
        labels=labels,
        body=body,
        lumen=lumen,
        height=_relative_height(lumen),
        fat=body & (labels == 0) & (hu > -150) & (hu < -30),
        spacing=scan.spacing,
    )


def find_body(hu: NDArray[np.float32]) -> Mask:
    """The largest part denser than air: the table goes, gas inside stays."""
    parts, _ = ndimage.label(ndimage.binary_opening(hu > BODY_EDGE, iterations=2))
    largest: Mask = parts == np.argmax(np.bincount(parts.ravel(), minlength=2)[1:]) + 1
    body = np.zeros_like(largest)
    for z in range(hu.shape[2]):
        body[:, :, z] = ndimage.binary_fill_holes(largest[:, :, z])
    body[[0, -1]] = body[:, [0, -1]] = (
        False  # hips end at the border of the scan instead of being repeated beyond it
    )
    return body


def _relative_height(lumen: Mask) -> NDArray[np.float32]:
    height = np.zeros(lumen.shape, dtype=np.float32)
    for z in range(lumen.shape[2]):
        loops, _ = ndimage.label(lumen[:, :, z])
        for loop, (_, depth) in enumerate(ndimage.find_objects(loops), start=1):
            ramp = np.linspace(0, 1, depth.stop - depth.start, dtype=np.float32)
            region = height[:, depth, z]
            inside = loops[:, depth] == loop
            region[inside] = np.broadcast_to(ramp, inside.shape)[inside]
    return height


@lru_cache(maxsize=2)
def _soft_body(side: int) -> NDArray[np.float32]:
    return _low_pass(_template().body.astype(np.float32), side)


def _low_pass(voxels: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    sigma = [0.4 * length / side / _template().spacing for length in EXTENT]
    return np.asarray(ndimage.gaussian_filter(voxels, sigma, mode="nearest"))


def grow_abdomen(
    streams: Streams,
    *subject: str | int,
    side: int,
    anatomy: Anatomy = HEALTHY,
    look: Look = Look.STANDARD,
) -> Volume:
    """An abdomen of side³ voxels; with another anatomy the subject differs from itself in nothing else."""
    rng = streams.rng(*subject, "look")
    hu = _fill_colon(rng, _recolour(rng, look), anatomy)
    nodes = _place(streams, *subject, anatomy=anatomy)
    image, inside = warp.resample((_low_pass(hu, side), _soft_body(side)), nodes, side=side)
    mask = inside > 0.5
    level = rng.uniform(8, 18) * (1 if look is Look.STANDARD else 1.7)
    _add_noise(streams.rng(*subject, "noise"), image, level, grain=0.6 if look is Look.STANDARD else 0.9)
    low, high = WINDOW
    image = np.where(mask, (image - np.float32(low)) / np.float32(high - low), np.float32(0))
    return Volume(levels=quantize(image), foreground=mask, extent=EXTENT)


def _add_noise(rng: np.random.Generator, image: Image, level: float, grain: float) -> None:
    """Noise of a standard deviation of `level` HU, smoothed as by a reconstruction kernel."""
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, grain)
    noise *= np.float32(level / noise.std())
    image += noise


def _recolour(rng: np.random.Generator, look: Look) -> Image:
    """Other densities: each organ by itself, vessels and kidneys with the contrast phase, fat as one."""
    template = _template()
    offsets = rng.normal(0, 6, LABELS)
    offsets[0] = 0
    phase = rng.uniform(-1, 1) + (0 if look is Look.STANDARD else 2.5)
    for label, change in CONTRAST_PHASE.items():
        offsets[label] += phase * change
    hu = template.hu + offsets.astype(np.float32)[template.labels]
    hu[template.fat] += np.float32(rng.normal(0, 8))
    if look is Look.SHIFTED:  # a harder beam: bone and contrast agent stand out more
        hu = np.where(hu > -200, 1.25 * hu + 15, hu)
    return np.asarray(hu, dtype=np.float32)


def _fill_colon(rng: np.random.Generator, hu: Image, anatomy: Anatomy) -> Image:
    """As for colonography: gas in front, tagged fluid behind with a flat level; reversed if prone."""
    template = _template()
    slices = np.linspace(0, 1, hu.shape[2])
    # share of the height, slowly varying
    level = np.interp(slices, np.linspace(0, 1, 8), rng.uniform(0.1, 0.5, 8))
    supine = rng.random() < 0.6
    height = template.height if supine else 1 - template.height
    fluid = rng.normal(350, 60)
    filled = np.where(height < level, np.float32(fluid), np.float32(-950))
    hu = np.where(template.lumen, filled, hu)
    if anatomy.condition is Condition.KIDNEY:
        hu = np.where(_kidney(), np.float32(FAT), hu)
    if anatomy.condition is Condition.ASCITES:
        hu = np.where(_cavity(6 + 18 * anatomy.severity), np.float32(FLUID), hu)
    return hu


@cache
def _kidney() -> Mask:
    """The right one with its soft border."""
    return np.asarray(ndimage.binary_dilation(_template().labels == RIGHT_KIDNEY, iterations=2))


@lru_cache(maxsize=8)
def _cavity(reach: float) -> Mask:
    """Fat within `reach` mm of the organs that the peritoneum covers."""
    template = _template()
    organs = np.isin(template.labels, PERITONEAL)
    near = ndimage.distance_transform_edt(~organs, sampling=template.spacing) <= reach
    return np.asarray(near & template.fat)


def _place(streams: Streams, *subject: str | int, anatomy: Anatomy) -> Field:
    """Places of the control points in voxels of the scan."""
    rng = streams.rng(*subject, "shape")
    pose = warp.draw_pose(rng, rotation=1.5, scale=0.05, size=0.04, shear=0.01, shift=5)
    displacement = warp.diffeomorphism(rng, extent=EXTENT, bumps=BUMPS)
    displacement[2] *= 0.5  # the scan ends above and below
    places = warp.deviate(streams.rng(*subject, "bend"), anatomy, extent=EXTENT, smoothness=25)
    if anatomy.condition is Condition.INVERSUS:
        places[0] *= -1
    places = warp.pose_of(pose, warp.move(places, displacement, extent=EXTENT))
    places = _vary(rng, places, anatomy)
    middle = (np.array(_template().hu.shape) - 1) / 2
    return np.asarray(places / _template().spacing + middle.reshape(3, 1, 1, 1))


def _vary(rng: np.random.Generator, places: Field, anatomy: Anatomy) -> Field:
    """Organs differ in size from person to person; rarely a liver is large or a spine bent."""
    for label, (centre, radius) in _organs().items():
        strength = float(np.clip(rng.normal(0, 0.08), -0.16, 0.16))
        if label == LIVER and anatomy.condition is Condition.LIVER:
            strength = 0.2 + 0.3 * anatomy.severity
        places = warp.enlarge(places, centre, radius=radius, strength=strength)
    if anatomy.condition is Condition.SCOLIOSIS:
        places[0] += (6 + 14 * anatomy.severity) * np.sin(np.pi * places[2] / 110)
    return places


@cache
def _organs() -> dict[int, tuple[tuple[float, ...], float]]:
    """Middle (mm from that of the scan) and reach (mm) of the organs whose size varies."""
    template = _template()
    middle = (np.array(template.hu.shape) - 1) / 2
    found = {}
    for label in VARYING:
        places = np.argwhere(template.labels == label)
        centre = (places.mean(axis=0) - middle) * template.spacing
        found[label] = (tuple(centre), float(2 * places.std(axis=0).max() * template.spacing))
    return found
