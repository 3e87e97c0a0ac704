"""Grown subjects: deterministic, all different, scans in 0..1 on a black background."""

import numpy as np
import pytest

from mood_evaluator.test_set import Dataset
from mood_test_sets.growing.subjects import Role, Subject, grow
from mood_test_sets.streams import PUBLIC, Streams
from mood_test_sets.volume import FULL, Volume

SIDE = 32


def grow_one(dataset: Dataset, index: int = 0, role: Role = Role.TRAIN, streams: Streams = PUBLIC) -> Volume:
    return grow(streams, Subject(dataset, role, index), side=SIDE)


@pytest.mark.parametrize("dataset", Dataset)
def test_the_same_subject_is_grown_to_the_same_bits(dataset: Dataset) -> None:
    first, second = grow_one(dataset), grow_one(dataset)
    assert np.array_equal(first.levels, second.levels)
    assert np.array_equal(first.foreground, second.foreground)


@pytest.mark.parametrize("dataset", Dataset)
def test_no_two_subjects_are_alike(dataset: Dataset) -> None:
    grown = [grow_one(dataset, index).values for index in range(4)]
    grown += [
        grow_one(dataset, 0, Role.BASE).values,
        grow_one(dataset, 0, streams=Streams(b"key", hidden=True)).values,
    ]
    for number, one in enumerate(grown):
        assert all(np.abs(one - other).mean() > 0.01 for other in grown[:number])


@pytest.mark.parametrize("dataset", Dataset)
def test_values_fill_0_to_1_and_the_background_is_exactly_0(dataset: Dataset) -> None:
    for index in range(4):
        volume = grow_one(dataset, index)
        assert volume.levels.dtype == np.uint16
        assert volume.levels.max() <= FULL
        assert volume.values.max() > 0.8
        assert not volume.levels[~volume.foreground].any()
        assert volume.foreground.mean() > 0.1


def test_a_brain_stays_inside_the_field_of_view() -> None:
    for index in range(8):
        inside = grow_one(Dataset.BRAIN, index).foreground
        border = inside.sum() - inside[1:-1, 1:-1, 1:-1].sum()
        assert border < 0.002 * inside.sum()


def test_an_abdomen_reaches_from_the_first_slice_to_the_last() -> None:
    for index in range(4):
        areas = grow_one(Dataset.ABDOM, index).foreground.sum(axis=(0, 1))
        assert areas.min() > 0.15 * SIDE**2


def test_an_abdomen_does_not_repeat_the_last_slice_of_the_scan() -> None:
    for index in range(4):
        values = grow_one(Dataset.ABDOM, index).values
        steps = np.abs(np.diff(values, axis=2)).mean(axis=(0, 1))
        assert min(steps[0], steps[-1]) > 0.3 * np.median(steps)


def test_the_colon_is_filled_with_gas_and_bright_fluid() -> None:
    volume = grow_one(Dataset.ABDOM)
    inside = volume.values[volume.foreground]
    assert (inside == 0).mean() > 0.005
    assert (inside > 0.7).mean() > 0.005


@pytest.mark.parametrize("dataset", Dataset)
def test_a_subject_has_the_same_anatomy_at_another_resolution(dataset: Dataset) -> None:
    subject = Subject(dataset, Role.TRAIN, 1)
    coarse = grow(PUBLIC, subject, side=24).values
    fine = grow(PUBLIC, subject, side=48).values.reshape(24, 2, 24, 2, 24, 2).mean(axis=(1, 3, 5))
    assert np.corrcoef(coarse.ravel(), fine.ravel())[0, 1] > 0.95
