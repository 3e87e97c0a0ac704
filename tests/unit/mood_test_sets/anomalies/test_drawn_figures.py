"""The silhouette."""

import numpy as np
import pytest

from mood_test_sets.anomalies.drawn_figures import PICTURES, is_gorilla


def test_the_gorilla_is_symmetric_fills_its_square_and_has_a_gap_between_its_legs() -> None:
    x, y = np.meshgrid(np.linspace(-1, 1, 101), np.linspace(-1, 1, 101), indexing="ij")
    figure = is_gorilla(x, y)
    assert np.array_equal(figure, figure[::-1])
    assert 0.25 < figure.mean() < 0.6
    assert not is_gorilla(np.array([0.0]), np.array([-0.8]))[0]
    assert is_gorilla(np.array([0.0]), np.array([0.9]))[0]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_grey_inside_its_square_and_not_everywhere(name: str) -> None:
    x, y = np.meshgrid(np.linspace(-1.2, 1.2, 121), np.linspace(-1.2, 1.2, 121), indexing="ij")
    grey = PICTURES[name](x, y)
    figure = ~np.isnan(grey)
    assert 0.02 < figure.mean() < 0.6
    assert not figure[(np.abs(x) > 1) | (np.abs(y) > 1)].any()
    assert (grey[figure] >= 0).all()
    assert (grey[figure] <= 1).all()
