"""Rare conditions of the brain."""

import numpy as np

from mood_test_sets.growing.anatomy import Anatomy, Condition, Look
from mood_test_sets.growing.brain import grow_brain
from mood_test_sets.streams import PUBLIC

SIDE = 48
MIDDLE = slice(SIDE // 3, 2 * SIDE // 3)


def test_wide_ventricles_hold_more_dark_fluid_in_the_middle_of_the_brain() -> None:
    usual = grow_brain(PUBLIC, "brain", "base", 3, side=SIDE)
    wide = grow_brain(
        PUBLIC, "brain", "base", 3, side=SIDE, anatomy=Anatomy(condition=Condition.VENTRICLES, severity=0.8)
    )

    def dark(volume: object) -> int:
        values = volume.values[MIDDLE, MIDDLE, MIDDLE]  # type: ignore[attr-defined]
        return int((values < 0.45).sum())

    assert dark(wide) > 1.3 * dark(usual)


def test_wide_ventricles_leave_the_surface_where_it_was() -> None:
    usual = grow_brain(PUBLIC, "brain", "base", 3, side=SIDE)
    wide = grow_brain(
        PUBLIC, "brain", "base", 3, side=SIDE, anatomy=Anatomy(condition=Condition.VENTRICLES, severity=0.8)
    )
    assert (usual.foreground != wide.foreground).mean() < 0.03


def test_atrophy_darkens_the_surface_and_spares_the_depth() -> None:
    usual = grow_brain(PUBLIC, "brain", "base", 5, side=SIDE)
    shrunk = grow_brain(
        PUBLIC, "brain", "base", 5, side=SIDE, anatomy=Anatomy(condition=Condition.ATROPHY, severity=0.8)
    )
    change = usual.values - shrunk.values
    assert np.array_equal(usual.foreground, shrunk.foreground)
    assert change[usual.foreground].mean() > 0.02
    assert np.abs(change[MIDDLE, MIDDLE, MIDDLE]).mean() < 0.1


def test_another_scanner_shows_the_same_brain_with_bright_fluid() -> None:
    usual = grow_brain(PUBLIC, "brain", "base", 3, side=SIDE)
    shifted = grow_brain(PUBLIC, "brain", "base", 3, side=SIDE, look=Look.SHIFTED)
    assert np.array_equal(usual.foreground, shifted.foreground)
    inside = usual.foreground
    assert np.corrcoef(usual.values[inside], shifted.values[inside])[0, 1] < -0.3


def test_a_missing_cerebellum_is_dark_low_and_at_the_back() -> None:
    usual = grow_brain(PUBLIC, "brain", "base", 3, side=SIDE)
    rare = grow_brain(PUBLIC, "brain", "base", 3, side=SIDE, anatomy=Anatomy(condition=Condition.CEREBELLUM))
    x, y, z = np.argwhere(usual.values - rare.values > 0.3).mean(axis=0) / SIDE
    assert abs(x - 0.5) < 0.1
    assert y < 0.45
    assert z < 0.4
