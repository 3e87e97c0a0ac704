"""Every anomaly of both datasets, put into a subject and compared with the subject itself."""

from functools import cache

import numpy as np
import pytest

from mood_evaluator.test_set import Dataset
from mood_test_sets.anomalies.catalogue import Anomaly, Category, grow_abnormal, subcategories
from mood_test_sets.anomalies.edit import Edit
from mood_test_sets.cohort import Role, Subject, grow
from mood_test_sets.streams import PUBLIC
from mood_test_sets.volume import VISIBLE, Volume

SIDE = 32
ALL = [(dataset, Anomaly(c, s)) for dataset in Dataset for c in Category for s in subcategories(dataset, c)]
LOCAL = [pair for pair in ALL if pair[1].category.scope == "local"]
GLOBAL = [pair for pair in ALL if pair[1].category.scope == "global"]


@cache
def grow_pair(dataset: Dataset, anomaly: Anomaly, index: int = 0) -> tuple[Volume, Edit]:
    subject = Subject(dataset, Role.BASE, index)
    return grow(PUBLIC, subject, side=SIDE), grow_abnormal(PUBLIC, subject, side=SIDE, anomaly=anomaly)


@pytest.mark.parametrize(("dataset", "anomaly"), LOCAL)
@pytest.mark.parametrize("index", range(2))
def test_a_local_mask_is_exactly_the_changed_voxels(dataset: Dataset, anomaly: Anomaly, index: int) -> None:
    base, edit = grow_pair(dataset, anomaly, index)
    assert edit.mask is not None
    change = np.abs(edit.volume.levels.astype(int) - base.levels)
    assert (change[edit.mask] >= VISIBLE).all()
    assert not change[~edit.mask].any()


@pytest.mark.parametrize(("dataset", "anomaly"), LOCAL)
def test_a_local_anomaly_lies_in_the_body_and_is_large_enough(dataset: Dataset, anomaly: Anomaly) -> None:
    base, edit = grow_pair(dataset, anomaly)
    assert edit.mask is not None
    assert base.foreground[edit.mask].all()
    assert 8 <= edit.mask.sum() == edit.annotation["voxels"]


@pytest.mark.parametrize(("dataset", "anomaly"), GLOBAL)
def test_a_global_anomaly_has_no_mask_and_changes_much_of_the_scan(
    dataset: Dataset, anomaly: Anomaly
) -> None:
    base, edit = grow_pair(dataset, anomaly)
    assert edit.mask is None
    assert (edit.volume.levels != base.levels)[base.foreground].mean() > 0.1
    assert not edit.volume.levels[~edit.volume.foreground].any()


@pytest.mark.parametrize(("dataset", "anomaly"), ALL)
def test_an_anomaly_is_deterministic_and_has_a_difficulty(dataset: Dataset, anomaly: Anomaly) -> None:
    _, first = grow_pair(dataset, anomaly)
    second = grow_abnormal(PUBLIC, Subject(dataset, Role.BASE, 0), side=SIDE, anomaly=anomaly)
    assert np.array_equal(first.volume.levels, second.volume.levels)
    assert first.annotation == second.annotation
    assert 1 <= first.difficulty <= 8


def test_situs_inversus_mirrors_left_and_right() -> None:
    base, edit = grow_pair(Dataset.ABDOM, Anomaly(Category.CONDITION, "situs-inversus"))
    assert np.array_equal(edit.volume.levels[::-1], base.levels)
