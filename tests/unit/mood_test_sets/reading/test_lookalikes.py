"""The same person exported twice is found; different ones, and anomalies in one of two, are not."""

from itertools import product

import numpy as np
import pytest

from mood_evaluator.test_set import Dataset
from mood_test_sets.growing.subjects import Subject, grow
from mood_test_sets.reading.lookalikes import FLIPS, NEARLY_ALL, Alike, find_lookalikes, sketch
from mood_test_sets.streams import PUBLIC

SIDE = 40
SCANS = {
    f"{dataset}{index}": grow(PUBLIC, Subject(dataset, "x", index), side=SIDE).values
    for dataset, index in product(Dataset, range(3))
}
BRAIN = SCANS["brain0"]
RNG = np.random.default_rng(0)


def found(scans: dict[str, np.ndarray]) -> list[tuple[str, str, bool]]:
    return [(two.first, two.other, two.mirrored) for two in alike(scans)]


def alike(scans: dict[str, np.ndarray], *, share: float = 1) -> list[Alike]:
    sketches = [sketch(name, values) for name, values in scans.items()]
    return list(find_lookalikes(sketches, scans.__getitem__, share=share))


def test_different_people_are_different() -> None:
    assert found(SCANS) == []


@pytest.mark.parametrize("flip", FLIPS)
def test_every_mirror_image_is_found(flip: tuple[int, ...]) -> None:
    turned = BRAIN[tuple(slice(None, None, step) for step in flip)]
    assert found({"a": BRAIN, "b": turned}) == [("a", "b", flip != (1, 1, 1))]


@pytest.mark.parametrize(
    "again",
    [
        BRAIN + RNG.normal(0, 1e-4, BRAIN.shape),
        BRAIN * 900 - 20,
        np.round(BRAIN * 255),
        np.round(BRAIN * 900),
    ],
)
def test_noise_scale_and_rounding_hide_nothing(again: np.ndarray) -> None:
    assert found({"a": BRAIN, "b": again}) == [("a", "b", False)]


def test_an_anomaly_of_a_few_voxels_makes_another_scan() -> None:
    changed = BRAIN.copy()
    changed[21, 17, 19] += 0.01
    assert found({"a": BRAIN, "b": changed}) == []


def test_another_shape_is_another_scan() -> None:
    assert found({"a": BRAIN, "b": BRAIN[:-1]}) == []


def test_a_share_of_the_voxels_may_differ_where_that_is_said() -> None:
    changed = BRAIN.copy()
    changed[20:23, 17:20, 19:22] = BRAIN.max()
    pair = {"a": BRAIN, "b": changed}
    assert alike(pair) == []
    assert alike(pair, share=NEARLY_ALL) == [Alike("a", "b", mirrored=False, spot=True)]


def hot(values: np.ndarray) -> np.ndarray:
    changed = values.copy()
    changed[3, 3, 3] = 3 * values.max()
    return changed


@pytest.mark.parametrize(
    "again",
    [
        hot(BRAIN),
        BRAIN.clip(0.02, np.percentile(BRAIN, 99.8)),
        BRAIN.clip(max=np.percentile(BRAIN, 99)),
        BRAIN + np.random.default_rng(5).normal(0, 0.001, BRAIN.shape),
        hot(BRAIN * 900 - 20)[::-1],
    ],
)
def test_a_hot_voxel_cut_ends_and_scattered_noise_make_no_other_person(again: np.ndarray) -> None:
    (two,) = alike({"a": BRAIN, "b": again}, share=NEARLY_ALL)
    assert not two.spot
