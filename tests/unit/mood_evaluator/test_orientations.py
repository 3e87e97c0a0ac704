"""Every orientation's AP equals that of the map turned by NumPy; only what clearly stands out is told."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator.orientations import AS_GIVEN, Orientation, orientations_of, oriented_aps, turned
from mood_evaluator.quantizers import Quantizer

RANDOM = np.random.default_rng(7)
FLIPPED = Orientation((0, 1, 2), (True, False, False))
SWAPPED = Orientation((2, 1, 0), (False, False, False))


def _turn(volume: np.ndarray, one: Orientation) -> np.ndarray:
    """Turn a map as its words say."""
    return np.flip(volume.transpose(one.axes), [axis for axis in range(3) if one.flipped[axis]])


def test_all_that_keep_the_shape_are_tried_and_the_map_as_given_comes_first() -> None:
    counts = {(5, 5, 5): 48, (5, 5, 4): 16, (4, 5, 5): 16, (3, 4, 5): 8}
    for shape, count in counts.items():
        found = orientations_of(shape)
        assert len(set(found)) == len(found) == count
        assert found[0] == AS_GIVEN
        turned_shapes = {_turn(np.zeros(shape), one).shape for one in found}
        assert turned_shapes == {shape}


@pytest.mark.parametrize("shape", [(6, 6, 6), (5, 7, 5), (4, 5, 6)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_each_ap_is_that_of_the_turned_map(shape: tuple[int, int, int], order: str) -> None:
    codes = np.array(Quantizer.TWO_SIDED.quantize(RANDOM.random(shape) ** 2), order=order)
    abnormal = RANDOM.random(shape) < 0.1
    for one, ap in oriented_aps(codes, abnormal).items():
        slow = average_precision_score(abnormal.ravel(), _turn(codes, one).ravel())
        assert ap == pytest.approx(slow, abs=1e-12)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (FLIPPED, "the first axis flipped"),
        (Orientation((0, 1, 2), (True, False, True)), "the first and third axes flipped"),
        (SWAPPED, "the first and third axes swapped"),
        (Orientation((1, 2, 0), (False,) * 3), "the axes in the order second, third, first"),
        (
            Orientation((1, 0, 2), (False, True, False)),
            "the first and second axes swapped, then the second axis flipped",
        ),
    ],
)
def test_an_orientation_is_told_in_words(one: Orientation, words: str) -> None:
    assert one.words == words


def _scans(*aps: tuple[float, float, float]) -> list[dict[Orientation, float]]:
    return [dict(zip((AS_GIVEN, FLIPPED, SWAPPED), values, strict=True)) for values in aps]


def test_a_clearly_better_orientation_is_named_with_both_aps() -> None:
    found = turned(_scans((0.01, 0.8, 0.02), (0.03, 0.2, 0.1)))
    assert found is not None
    assert found.code == "other_way_round"
    assert "with the first axis flipped: the mean AP of 2 abnormal scans is then 0.500 instead of 0.020" in (
        found.text
    )


def test_maps_that_score_fair_as_given_are_told_where_every_scan_gains_much() -> None:
    found = turned(_scans((0.43, 1.0, 0.6), (0.5, 0.9, 0.5)))
    assert found is not None
    assert (
        "the first axis flipped: the mean AP of 2 abnormal scans is then 0.950 instead of 0.465" in found.text
    )


@pytest.mark.parametrize(
    "aps",
    [
        [(0.1, 0.29, 0.1)],
        [(0.01, 0.19, 0.01)],
        [(0.01, 0.5, 0.34)],
        [(0.01, 0.9, 0.01), (0.2, 0.19, 0.01)],
        [],
        [(0.43, 1.0, 0.6)],
        [(0.43, 1.0, 0.6), (0.7, 0.99, 0.5)],
        [(0.43, 1.0, 0.75), (0.5, 0.9, 0.75)],
    ],
    ids=[
        "not three times better",
        "nothing works",
        "two are alike",
        "one scan fits as given",
        "no scan",
        "a gain in a single scan",
        "one gains little",
        "a gain shared with another",
    ],
)
def test_what_does_not_stand_out_is_not_told(aps: list[tuple[float, float, float]]) -> None:
    assert turned(_scans(*aps)) is None


def test_orientations_that_not_all_scans_allow_are_left_out() -> None:
    both, one = _scans((0.01, 0.02, 0.9), (0.01, 0.02, 0.9))
    del one[SWAPPED]
    assert turned([both, one]) is None
    assert turned([{AS_GIVEN: 0.1}]) is None
