"""Components of masks, against SciPy's."""

import numpy as np
import pytest
from scipy.ndimage import label

from mood_reference.scans.components import find_small, label_components


@pytest.mark.parametrize("shape", [(40,), (17, 23), (12, 9, 14)])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.6, 1.0])
def test_components_are_scipys_but_for_their_numbers(shape: tuple[int, ...], share: float) -> None:
    mask = np.random.default_rng(len(shape)).random(shape) < share
    ours, theirs = label_components(mask), label(mask)[0]
    assert ((ours < 0) == (theirs == 0)).all()
    pairs = np.unique(np.stack([ours[mask], theirs[mask]], axis=1), axis=0)
    assert len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1])) == label(mask)[1]


def test_a_spiral_is_one_component() -> None:
    mask = np.zeros((31, 31), bool)
    for ring in range(0, 14, 2):
        mask[ring, ring : 31 - ring] = mask[30 - ring, ring : 31 - ring] = True
        mask[ring : 31 - ring, 30 - ring] = mask[ring + 2 : 31 - ring, ring] = True
        mask[ring + 2, ring : ring + 3] = True
    assert label(mask)[1] == 1
    assert set(label_components(mask)[mask]) == {0}


def test_corners_do_not_connect() -> None:
    assert sorted(label_components(np.eye(3, dtype=bool)).diagonal()) == [0, 1, 2]


@pytest.mark.parametrize("smallest", [0, 1, 3.5, 10, 1e9])
def test_small_components_are_those_with_fewer_voxels(smallest: float) -> None:
    mask = np.random.default_rng(3).random((14, 14, 14)) < 0.25
    number, count = label(mask)
    twin = np.zeros_like(mask)
    for one in range(1, count + 1):
        twin |= (number == one) & ((number == one).sum() < smallest)
    assert (find_small(mask, smallest) == twin).all()


def test_an_empty_mask_has_nothing_small() -> None:
    assert not find_small(np.zeros((2, 3, 4), bool), 100).any()
