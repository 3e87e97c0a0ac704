"""What can be a scan, and what looks like a mask."""

import re

import numpy as np
import pytest
from scipy import ndimage

from mood_evaluator.test_set import Dataset
from mood_test_sets.growing.shipped_scans import ScanName, load_scan
from mood_test_sets.growing.subjects import Subject, grow
from mood_test_sets.reading.plausible import looks_like_mask
from mood_test_sets.reading.spread import measure
from mood_test_sets.streams import PUBLIC

BLOB = np.zeros((40, 40, 40), np.float32)
BLOB[15:25, 15:25, 15:25] = 1
RNG = np.random.default_rng(0)
SOFT = ndimage.gaussian_filter(BLOB, 1.5)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (BLOB, r"2 values \(0, 1\)"),
        (BLOB * 255, "0, 255"),
        (BLOB * 0.5, "0, 0.5"),
        (RNG.integers(0, 16, BLOB.shape), "16 values"),
        (BLOB * RNG.integers(1, 60, BLOB.shape), "60 values, and 1.6% of it"),
        (SOFT, "map of probabilities"),
        (SOFT / 2, "map of probabilities"),
        ((np.round(SOFT * 255) / 255), "map of probabilities"),
    ],
)
def test_few_values_or_a_map_of_probabilities_are_no_scan(values: np.ndarray, told: str) -> None:
    note = looks_like_mask(values)
    assert note is not None
    assert "--scan NAME" in note.remedy
    assert re.search(told, note.what), note.what


def sharp(radius: float, side: int = 32) -> np.ndarray:
    """A ball in the middle of a cube."""
    return (np.linalg.norm(np.indices((side,) * 3) - side / 2, axis=0) < radius).astype(np.float32)


def unsure() -> np.ndarray:
    """What a net says that is unsure everywhere, from 0 to 1."""
    noise = ndimage.gaussian_filter(RNG.normal(size=(64,) * 3), 2)
    logits = -6 + 1.5 * noise / noise.std() + 12 * ndimage.gaussian_filter(sharp(6, 64), 1.5)
    return np.asarray(1 / (1 + np.exp(-logits)))


FADING = ndimage.gaussian_filter(sharp(4), 1)
DISTANCE = ndimage.distance_transform_edt(sharp(4) == 0) - ndimage.distance_transform_edt(sharp(4))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (1e-5 + 0.99 * FADING, "probabilities"),
        (ndimage.zoom(1e-5 + 0.99 * FADING, 1.2, order=1), "probabilities"),
        (ndimage.zoom(FADING, 1.3, order=1) * 12 - 8, "probabilities"),
        (ndimage.zoom(sharp(4), 1.2, order=3), "probabilities"),
        (ndimage.zoom(sharp(6), 1.25, order=1), "probabilities"),
        ((ndimage.zoom(sharp(6), 1.3, order=1) * 255).astype(np.uint8), "probabilities"),
        (ndimage.gaussian_filter(sharp(10), 1), "probabilities"),
        (1 - ndimage.gaussian_filter(sharp(25, 64), 1.5), "probabilities"),
        (ndimage.gaussian_filter(sharp(2), 1.5) * 255, "probabilities"),
        (unsure(), "probabilities"),
        (ndimage.gaussian_filter(sharp(6, 64), 0.7), "probabilities"),
        (
            ndimage.zoom(np.log(ndimage.gaussian_filter(sharp(2, 64), 1) + 1e-6), 1.2, order=1),
            "probabilities",
        ),
        (DISTANCE, "distances"),
        (ndimage.zoom(DISTANCE, 1.2, order=1), "distances"),
    ],
)
def test_maps_of_models_and_resampled_masks_are_no_scan_in_any_unit(values: np.ndarray, told: str) -> None:
    note = looks_like_mask(values)
    assert note is not None
    assert told in note.what


def test_a_map_of_many_small_numbered_lesions_is_no_scan() -> None:
    numbered = np.zeros((32,) * 3, np.int16)
    for number, corner in enumerate(np.ndindex(5, 5, 4), start=1):
        x, y, z = 6 + np.array([4, 4, 5]) * corner
        numbered[x : x + 2, y : y + 2, z : z + 2] = number
    assert numbered.max() == 100
    note = looks_like_mask(numbered)
    assert note is not None
    assert "patches" in note.what


def test_what_scans_and_maps_measure_lies_on_both_sides_of_the_limits() -> None:
    """Nearly background is 0.15 and less of a scan, 0.4 and more of spots; grain is that of noise."""
    brain, ct = (load_scan(name).voxels for name in (ScanName.ICBM152_BRAIN, ScanName.ABDOMEN_CT))
    scans = [
        ct,
        ct.clip(-1000, 240),
        brain,
        ndimage.zoom(brain[40:100, 40:100, 40:100], 2, order=1),
        soft_body(),
    ]
    scans += [ndimage.gaussian_filter(brain, 2), ndimage.zoom(soft_body(), 2, order=1)]
    seen = [measure(one) for one in scans]
    assert max(one.low for one in seen) < 0.16
    assert min(one.grain for one in seen) > 0.0035
    assert min(one.unevenness for one in seen) > 0.9
    assert measure(FADING).low > 0.4
    assert max(measure(one).grain for one in (ndimage.gaussian_filter(sharp(10), 1), sharp(6) + 0)) < 0.001
    assert measure(DISTANCE).unevenness < 0.33


def soft_body(seed: int = 0) -> np.ndarray:
    """In HU: an ellipsoid of one tissue in air, that any map of a large organ resembles."""
    rng = np.random.default_rng(seed)
    x, y, z = (np.indices((32,) * 3) - 15.5) / np.array([12.8, 10.6, 14.7])[:, None, None, None]
    tissue = 40 + 400 * ndimage.gaussian_filter(rng.normal(size=(32,) * 3), 1.5)
    inside = np.where(x**2 + y**2 + z**2 < 1, tissue, -1000)
    return np.asarray((inside + rng.normal(size=(32,) * 3) * 4).astype(np.int16))


@pytest.mark.parametrize("seed", range(12))
def test_a_body_of_one_tissue_in_air_is_a_scan_in_every_unit(seed: int) -> None:
    body = soft_body(seed)
    scaled = (body - body.min()) / np.ptp(body)
    for one in (body, scaled, np.round(scaled * 255).astype(np.uint8), ndimage.zoom(scaled, 2, order=1)):
        for padded in (one, np.pad(one, 8, constant_values=one.min())):
            assert looks_like_mask(padded) is None


def phantom() -> np.ndarray:
    """Two tissues 20 HU apart, behind a smooth kernel."""
    place = (np.indices((64,) * 3) - 31.5) / np.array([24, 28, 26])[:, None, None, None]
    radius = np.linalg.norm(place, axis=0)
    tissue = np.where(radius < 1, 40, -1000) + np.where(radius < 0.5, 20, 0)
    return np.asarray(
        ndimage.gaussian_filter(tissue + np.random.default_rng(1).normal(0, 10, radius.shape), 1)
    )


def emission(blur: float, hottest: float) -> np.ndarray:
    """A body as PET sees it: noise of counts, organs of 2 to 9 times its uptake, and a hot bladder."""
    x, y, z = np.indices((64,) * 3) - 31.5
    uptake = np.where((x / 22) ** 2 + (y / 15) ** 2 + (z / 40) ** 2 < 1, 0.6, 0)
    for place, radius, more in (
        ((0, 0, -25), 5, hottest),
        ((8, 0, 0), 8, 3),
        ((-8, 0, 0), 8, 2),
        ((0, 0, 25), 9, 8),
    ):
        near = np.linalg.norm(np.stack([x, y, z], axis=-1) - place, axis=-1) < radius
        uptake = uptake + np.where(near, more, 0)
    return ndimage.gaussian_filter(np.random.default_rng(5).poisson(uptake * 30) / 30, blur)


@pytest.mark.parametrize("blur", [0, 1.2, 2.5])
@pytest.mark.parametrize("hottest", [10, 40])
def test_positron_emission_is_a_scan(blur: float, hottest: float) -> None:
    values = emission(blur, hottest)
    for one in (values, values * 5000, np.pad(values, 4)):
        assert looks_like_mask(one) is None


def test_windows_metal_padding_smoothing_and_resampling_leave_a_scan_a_scan() -> None:
    ct = load_scan(ScanName.ABDOMEN_CT).voxels[::2, ::2, ::2]
    metal = ct.copy()
    metal[40:43, 30, 30] = 30000
    made = [metal, *(ct.clip(*window) for window in ((-300, 500), (-160, 240), (0, 80), (-1000, 240)))]
    head = load_scan(ScanName.COLIN27_HEAD).voxels[::2, ::2, ::2]
    hot = np.where(head == head.max(), 30000, head)
    made += [hot, head, ndimage.gaussian_filter(soft_body(), 0.7), phantom()]
    made += [np.pad(one, 30, constant_values=one.min()) for one in made]
    for name in (ScanName.COLIN27_HEAD, ScanName.COLIN27_BRAIN, ScanName.ICBM152_BRAIN):
        whole = load_scan(name).voxels
        part = whole[40:100, 40:100, 40:100]
        made += [ndimage.zoom(part, 2, order=1), ndimage.zoom(part, 2, order=3), whole[::2, ::2, ::2]]
        made.append(ndimage.gaussian_filter(whole, 2))
    assert [looks_like_mask(one) for one in made] == [None] * len(made)


@pytest.mark.parametrize("name", [one for one in ScanName if one is not ScanName.ABDOMEN_ORGANS])
def test_real_scans_are_scans_in_every_unit(name: ScanName) -> None:
    values = load_scan(name).voxels
    scaled = (values - values.min()) / (values.max() - values.min())
    for one in (values, scaled, np.pad(scaled, 40), np.round(scaled * 255)):
        assert looks_like_mask(one) is None


def test_an_atlas_of_many_classes_is_no_scan() -> None:
    organs = load_scan(ScanName.ABDOMEN_ORGANS).voxels
    many = organs + 100 * (np.arange(organs.shape[0]) // 40)[:, None, None]  # as many as in a whole brain
    assert len(np.unique(many)) > 64
    note = looks_like_mask(np.where(organs > 0, many, 0))
    assert note is not None
    assert "patches" in note.what


def test_a_clipped_and_rounded_scan_is_a_scan() -> None:
    hu = load_scan(ScanName.ABDOMEN_CT).voxels
    for low, high in ((-300, 500), (-1000, 3000), (-160, 240)):
        for levels in (255, 100):
            assert looks_like_mask(np.round((hu.clip(low, high) - low) / (high - low) * levels)) is None


def test_masks_of_organs_are_no_scan_and_grown_scans_are() -> None:
    assert looks_like_mask(load_scan(ScanName.ABDOMEN_ORGANS).voxels > 4) is not None
    for dataset in Dataset:
        assert looks_like_mask(grow(PUBLIC, Subject(dataset, "x", 0), side=40).values) is None


def test_a_scan_of_seventeen_values_all_over_is_taken() -> None:
    assert looks_like_mask(RNG.integers(1, 18, BLOB.shape)) is None


def test_a_dim_scan_with_a_few_bright_voxels_and_one_of_repeated_slices_are_scans() -> None:
    body = ndimage.binary_dilation(BLOB > 0, iterations=3)
    dim = body * RNG.normal(0.07, 0.01, BLOB.shape).clip(0.02)
    dim[20, 20, 18:22] = 1
    assert looks_like_mask(dim) is None
    assert looks_like_mask(np.repeat(RNG.integers(0, 900, (5, 40, 40)), 8, axis=0)) is None
