"""The CT that abdomens grow from, after its table is removed."""

import numpy as np
from scipy import ndimage

from mood_test_sets.growing import abdomen
from mood_test_sets.growing.anatomy import HEALTHY, Anatomy, Condition


def test_only_one_body_is_left_of_the_scan() -> None:
    template = abdomen._template()
    _, parts = ndimage.label(template.body)
    assert parts == 1
    assert (template.hu[~template.body] == abdomen.AIR).all()


def test_fluid_lies_behind_and_gas_in_front_when_supine() -> None:
    template = abdomen._template()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        filled = abdomen._fill_colon(rng, template.hu, HEALTHY)
        gas = template.lumen & (filled < -900)
        fluid = template.lumen & (filled > 100)
        assert (gas | fluid)[template.lumen].all()
        behind = template.height[fluid].mean() < template.height[gas].mean()
        rng = np.random.default_rng(seed)
        rng.uniform(0.1, 0.5, 8)
        assert behind == (rng.random() < 0.6)


def test_only_the_colon_is_refilled() -> None:
    template = abdomen._template()
    filled = abdomen._fill_colon(np.random.default_rng(0), template.hu, HEALTHY)
    assert np.array_equal(filled[~template.lumen], template.hu[~template.lumen])


def test_a_missing_kidney_leaves_fat_in_its_place() -> None:
    template = abdomen._template()
    anatomy = Anatomy(condition=Condition.KIDNEY)
    filled = abdomen._fill_colon(np.random.default_rng(0), template.hu, anatomy)
    assert (filled[template.labels == abdomen.RIGHT_KIDNEY] == abdomen.FAT).all()


def test_more_ascites_is_more_fluid_where_fat_was() -> None:
    template = abdomen._template()
    little, much = (
        (abdomen._fill_colon(np.random.default_rng(0), template.hu, anatomy) == abdomen.FLUID).sum()
        for anatomy in (Anatomy(condition=Condition.ASCITES, severity=s) for s in (0.1, 0.9))
    )
    assert 0 < little < much
