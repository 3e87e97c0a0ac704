"""The distance from a mid-grey."""

import numpy as np

from mood_reference.models.threshold import Config, score


def test_mid_grey_scores_lowest_and_black_and_white_highest() -> None:
    volume = np.linspace(0.1, 1, 64, dtype=np.float32).reshape(4, 4, 4)
    scores = score(volume, config=Config(smoothing=0), arrays={})
    assert np.allclose(scores, np.abs(volume - 0.5))


def test_another_mid_grey_moves_the_minimum() -> None:
    scores = score(np.full((4, 4, 4), 0.7, np.float32), config=Config(mid_grey=0.7), arrays={})
    assert np.allclose(scores, 0)
