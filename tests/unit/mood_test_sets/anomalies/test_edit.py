"""Effect, difficulty and the rules that every local edit obeys."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mood_test_sets.anomalies.edit import Proposal, box_around, difficulty, effect, paint
from mood_test_sets.errors import AnomalyDoesNotFit
from mood_test_sets.streams import PUBLIC
from mood_test_sets.volume import FULL, Volume

BODY = np.zeros((20, 20, 20), dtype=bool)
BODY[4:16, 4:16, 4:16] = True
BASE = Volume(levels=np.where(BODY, FULL // 2, 0).astype(np.uint16), foreground=BODY, extent=(20, 20, 20))


def test_difficulty_falls_from_8_to_1_as_the_effect_grows_smaller() -> None:
    levels = [difficulty(size) for size in np.geomspace(0.001, 0.5, 60)]
    assert levels == sorted(levels)
    assert set(levels) == set(range(1, 9))


def test_the_effect_grows_with_contrast_and_size() -> None:
    assert effect(0.2, 0.01) > effect(0.1, 0.01) > effect(0.1, 0.001)


def test_a_box_is_cut_at_the_border_and_its_offsets_start_at_the_centre() -> None:
    box, (x, _, z) = box_around(np.array([1, 5, 9]), 2.5, (10, 10, 10))
    assert box == (slice(0, 5), slice(2, 9), slice(6, 10))
    assert x.ravel().tolist() == [-1, 0, 1, 2, 3]
    assert z.ravel().tolist() == [-3, -2, -1, 0]


def draw_cube(change: float) -> object:
    def draw(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64], ease: float) -> Proposal:
        box, _ = box_around(centre, 2, base.levels.shape)
        footprint = np.ones(base.levels[box].shape, dtype=bool)
        return Proposal(box=box, values=base.crop(box) + change, footprint=footprint)

    return draw


def test_what_hangs_out_of_the_body_is_cut_off() -> None:
    for number in range(20):
        edit = paint(PUBLIC, [number], BASE, draw_cube(0.3), ease=1)  # type: ignore[arg-type]
        assert edit.mask is not None
        assert BODY[edit.mask].all()
        assert edit.mask.sum() >= 0.8 * 5**3 - 1


def test_an_invisible_change_is_refused() -> None:
    with pytest.raises(AnomalyDoesNotFit, match="larger side length"):
        paint(PUBLIC, ["faint"], BASE, draw_cube(0.004), ease=1)  # type: ignore[arg-type]
