"""The silhouette."""

import numpy as np

from mood_test_sets.anomalies.picture import is_gorilla


def test_the_gorilla_is_symmetric_fills_its_square_and_has_a_gap_between_its_legs() -> None:
    x, y = np.meshgrid(np.linspace(-1, 1, 101), np.linspace(-1, 1, 101), indexing="ij")
    figure = is_gorilla(x, y)
    assert np.array_equal(figure, figure[::-1])
    assert 0.25 < figure.mean() < 0.6
    assert not is_gorilla(np.array([0.0]), np.array([-0.8]))[0]
    assert is_gorilla(np.array([0.0]), np.array([0.9]))[0]
