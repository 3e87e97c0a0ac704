"""The CT that abdomens grow from, after its table is removed."""

import numpy as np
from scipy import ndimage

from mood_test_sets import abdomen


def test_only_one_body_is_left_of_the_scan() -> None:
    template = abdomen._template()
    _, parts = ndimage.label(template.body)
    assert parts == 1
    assert (template.hu[~template.body] == abdomen.AIR).all()


def test_fluid_lies_behind_and_gas_in_front_when_supine() -> None:
    template = abdomen._template()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        filled = abdomen._fill_colon(rng, template.hu)
        gas = template.lumen & (filled < -900)
        fluid = template.lumen & (filled > 100)
        assert (gas | fluid)[template.lumen].all()
        behind = template.height[fluid].mean() < template.height[gas].mean()
        rng = np.random.default_rng(seed)
        rng.uniform(0.1, 0.5, 8)
        assert behind == (rng.random() < 0.6)


def test_only_the_colon_is_refilled() -> None:
    template = abdomen._template()
    filled = abdomen._fill_colon(np.random.default_rng(0), template.hu)
    assert np.array_equal(filled[~template.lumen], template.hu[~template.lumen])
