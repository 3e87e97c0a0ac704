"""Rare conditions of the brain."""

import numpy as np

from mood_test_sets.brain import BrainCondition, grow_brain
from mood_test_sets.streams import PUBLIC

SIDE = 48
MIDDLE = slice(SIDE // 3, 2 * SIDE // 3)


def test_wide_ventricles_hold_more_dark_fluid_in_the_middle_of_the_brain() -> None:
    usual = grow_brain(PUBLIC, "brain", "base", 3, side=SIDE)
    wide = grow_brain(PUBLIC, "brain", "base", 3, side=SIDE, condition=BrainCondition.VENTRICLES)

    def dark(volume: object) -> int:
        values = volume.values[MIDDLE, MIDDLE, MIDDLE]  # type: ignore[attr-defined]
        return int((values < 0.45).sum())

    assert dark(wide) > 1.3 * dark(usual)


def test_wide_ventricles_leave_the_surface_where_it_was() -> None:
    usual = grow_brain(PUBLIC, "brain", "base", 3, side=SIDE)
    wide = grow_brain(PUBLIC, "brain", "base", 3, side=SIDE, condition=BrainCondition.VENTRICLES)
    assert (usual.foreground != wide.foreground).mean() < 0.02


def test_atrophy_darkens_the_surface_and_spares_the_depth() -> None:
    usual = grow_brain(PUBLIC, "brain", "base", 5, side=SIDE)
    shrunk = grow_brain(PUBLIC, "brain", "base", 5, side=SIDE, condition=BrainCondition.ATROPHY)
    change = usual.values - shrunk.values
    assert np.array_equal(usual.foreground, shrunk.foreground)
    assert change[usual.foreground].mean() > 0.02
    assert np.abs(change[MIDDLE, MIDDLE, MIDDLE]).mean() < 0.1
