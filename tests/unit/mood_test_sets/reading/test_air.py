"""The air around a body, where no lesion is."""

import numpy as np
import pytest

from mood_evaluator.test_set import Dataset
from mood_test_sets.growing.subjects import Subject, grow
from mood_test_sets.reading.air import count_in_air, find_air
from mood_test_sets.streams import PUBLIC


@pytest.mark.parametrize("dataset", Dataset)
def test_the_air_is_what_lies_outside_the_body(dataset: Dataset) -> None:
    volume = grow(PUBLIC, Subject(dataset, "x", 1), side=48)
    air = find_air(volume.values)
    assert (air & volume.foreground).sum() < 0.05 * volume.foreground.sum()
    assert (air & ~volume.foreground).sum() > 0.97 * (~volume.foreground).sum()


def test_gas_inside_and_lungs_that_are_cut_at_the_top_are_no_air_around() -> None:
    values = np.zeros((30, 30, 20))
    values[4:26, 4:26] = 1
    values[8:12, 8:12, 10:] = 0  # a lung, open at the top
    values[16:20, 16:20, 5:9] = 0  # gas
    air = find_air(values)
    assert air[0, 0, 0]
    assert not air[10, 10, 15]
    assert not air[18, 18, 7]


def test_objects_are_counted_one_by_one() -> None:
    values = np.zeros((30, 30, 20))
    values[10:] = 1
    marks = np.zeros(values.shape, dtype=bool)
    marks[2:5, 2:5, 2:5] = marks[20:25, 2:5, 2:5] = marks[8:13, 20:24, 4:8] = True
    assert count_in_air(marks, values) == (1, 3)
