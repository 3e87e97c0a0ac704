"""Every anomaly of both datasets, put into a subject and compared with the subject itself."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from mood_evaluator.test_set import Dataset
from mood_test_sets.anomalies import catalogue
from mood_test_sets.anomalies.catalogue import (
    Anomaly,
    Category,
    Sweep,
    grow_abnormal,
    grow_sweep,
    subcategories,
)
from mood_test_sets.anomalies.edit import Edit, paint
from mood_test_sets.growing.subjects import Role, Subject, grow
from mood_test_sets.streams import PUBLIC
from mood_test_sets.volume import VISIBLE, Volume

SIDE = 32
ALL = [
    (dataset, Anomaly(c, s, 7)) for dataset in Dataset for c in Category for s in subcategories(dataset, c)
]
LOCAL = [pair for pair in ALL if pair[1].category.scope == "local"]
GLOBAL = [pair for pair in ALL if pair[1].category.scope == "global"]
DRAWN = [pair for pair in LOCAL if pair[1].subcategory != "enlarged"]
GRADED = [pair for pair in GLOBAL if pair[1].category in catalogue.CHANGES]


@cache
def grow_edit(dataset: Dataset, anomaly: Anomaly) -> Edit:
    return grow_abnormal(PUBLIC, Subject(dataset, Role.BASE, 0), side=SIDE, anomaly=anomaly)


@cache
def grow_base(dataset: Dataset, side: int = SIDE) -> Volume:
    return grow(PUBLIC, Subject(dataset, Role.BASE, 0), side=side)


@pytest.mark.parametrize(("dataset", "anomaly"), LOCAL)
def test_a_local_mask_is_exactly_the_changed_voxels_inside_the_body(
    dataset: Dataset, anomaly: Anomaly
) -> None:
    edit = grow_edit(dataset, anomaly)
    assert edit.mask is not None
    change = np.abs(edit.volume.levels.astype(int) - edit.base.levels)
    assert (change[edit.mask] >= VISIBLE).all()
    assert not change[~edit.mask].any()
    assert edit.base.foreground[edit.mask].all()
    assert 8 <= edit.mask.sum() == edit.annotation["voxels"]


@pytest.mark.parametrize(("dataset", "anomaly"), LOCAL)
def test_only_a_mass_effect_changes_the_base(dataset: Dataset, anomaly: Anomaly) -> None:
    edit = grow_edit(dataset, anomaly)
    pushed = anomaly.category is Category.PATHOLOGY and anomaly.subcategory in catalogue.MASS_EFFECT
    assert bool(edit.annotation.get("mass_effect")) == pushed
    assert np.array_equal(edit.base.levels, grow_base(dataset).levels) != pushed


@pytest.mark.parametrize(("dataset", "anomaly"), GLOBAL)
def test_a_global_anomaly_has_no_mask_and_changes_the_scan(dataset: Dataset, anomaly: Anomaly) -> None:
    edit = grow_edit(dataset, anomaly)
    assert edit.mask is None
    rare = 0.003 if anomaly.subcategory == "missing-kidney" else 0.02
    assert (edit.volume.levels != edit.base.levels)[edit.base.foreground].mean() > rare
    assert 1 <= edit.difficulty <= 8


@pytest.mark.parametrize("category", Category)
def test_an_anomaly_is_deterministic(category: Category) -> None:
    anomaly = Anomaly(category, subcategories(Dataset.BRAIN, category)[0], 7)
    first = grow_edit(Dataset.BRAIN, anomaly)
    second = grow_abnormal(PUBLIC, Subject(Dataset.BRAIN, Role.BASE, 0), side=SIDE, anomaly=anomaly)
    assert np.array_equal(first.volume.levels, second.volume.levels)
    assert first.annotation == second.annotation


@pytest.mark.parametrize(("dataset", "anomaly"), DRAWN)
def test_a_local_anomaly_is_stronger_the_easier_it_shall_be(dataset: Dataset, anomaly: Anomaly) -> None:
    base, draw = grow_base(dataset, 48), catalogue._draw(dataset, anomaly)
    eases = np.linspace(0.25, 1, 12)
    effects = [paint(PUBLIC, ["place"], base, draw, ease=ease).effect for ease in eases]
    assert stats.spearmanr(eases, effects).statistic > 0.7


@pytest.mark.parametrize(("dataset", "anomaly"), GRADED)
def test_a_global_change_is_stronger_the_easier_it_shall_be(dataset: Dataset, anomaly: Anomaly) -> None:
    base, change = grow_base(dataset, 48), catalogue.CHANGES[anomaly.category][anomaly.subcategory]
    effects = [
        catalogue._alter(base, change, PUBLIC.rng("same"), ease).effect for ease in np.linspace(0, 1, 5)
    ]
    fixed = {"inversion", "wrap-around", "wrong-window", "zero-blocks", "repeated-slices", "missing-slices"}
    assert effects[-1] > effects[0] or anomaly.subcategory in fixed


def test_situs_inversus_mirrors_left_and_right_before_the_noise_is_added() -> None:
    edit = grow_edit(Dataset.ABDOM, Anomaly(Category.CONDITION, "situs-inversus", 7))
    mirrored, base = edit.volume.values[::-1], edit.base.values
    assert np.corrcoef(mirrored.ravel(), base.ravel())[0, 1] > 0.9
    assert not np.array_equal(mirrored, base)


def test_a_swollen_structure_has_the_grain_of_its_scan() -> None:
    edit = grow_edit(Dataset.BRAIN, Anomaly(Category.PATHOLOGY, "enlarged", 7))
    assert edit.mask is not None
    assert not np.array_equal(edit.volume.levels, edit.base.levels)


@pytest.mark.parametrize("dataset", Dataset)
def test_a_sweep_grows_at_one_place_and_starts_with_the_scan_itself(dataset: Dataset) -> None:
    subject = Subject(dataset, "sweep", 0)
    base = grow(PUBLIC, subject, side=SIDE)
    assert grow_sweep(PUBLIC, subject, side=SIDE, sweep=Sweep(0, 0.9)) is None
    edits = [grow_sweep(PUBLIC, subject, side=SIDE, sweep=Sweep(r, 0.9)) for r in (0.06, 0.15, 0.3125)]
    masks = [edit.mask for edit in edits if edit is not None and edit.mask is not None]
    assert len(masks) == 3
    assert all((small <= large).all() for small, large in pairwise(masks))
    assert masks[0].sum() < masks[1].sum() < masks[2].sum()
    assert all(base.foreground[mask].all() for mask in masks)


def test_a_contrast_sweep_keeps_its_mask_whatever_the_intensity() -> None:
    subject = Subject(Dataset.BRAIN, "sweep", 1)
    edits = [grow_sweep(PUBLIC, subject, side=SIDE, sweep=Sweep(0.1, i)) for i in (0.0, 0.5, 1.0)]
    masks = [edit.mask for edit in edits if edit is not None]
    values = [float(edit.volume.values[edit.mask].mean()) for edit in edits if edit is not None]
    assert all(np.array_equal(mask, masks[0]) for mask in masks)
    assert values == [0.0, 0.5, 1.0]
