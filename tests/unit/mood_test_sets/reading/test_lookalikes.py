"""The same person exported twice is found; different ones, and anomalies in one of two, are not."""

from itertools import product

import numpy as np
import pytest

from mood_evaluator.test_set import Dataset
from mood_test_sets.growing.subjects import Subject, grow
from mood_test_sets.reading.lookalikes import FLIPS, find_lookalikes, sketch
from mood_test_sets.streams import PUBLIC

SIDE = 40
SCANS = {
    f"{dataset}{index}": grow(PUBLIC, Subject(dataset, "x", index), side=SIDE).values
    for dataset, index in product(Dataset, range(3))
}
BRAIN = SCANS["brain0"]
RNG = np.random.default_rng(0)


def found(scans: dict[str, np.ndarray]) -> list[tuple[str, str, bool]]:
    return list(find_lookalikes([sketch(name, values) for name, values in scans.items()], scans.__getitem__))


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
    pair = [sketch("a", BRAIN), sketch("b", changed)]
    assert list(find_lookalikes(pair, {"a": BRAIN, "b": changed}.__getitem__)) == []
    assert list(find_lookalikes(pair, {"a": BRAIN, "b": changed}.__getitem__, share=0.999)) == [
        ("a", "b", False)
    ]
