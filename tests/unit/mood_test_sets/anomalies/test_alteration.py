"""Global alterations on a plain volume."""

import numpy as np

from mood_test_sets.anomalies.alteration import ALTERATIONS
from mood_test_sets.volume import Volume, quantize

RNG = np.random.default_rng(1)
VALUES = np.zeros((32, 32, 32))
VALUES[10:22, 10:22, 10:22] = 0.8
BASE = Volume(levels=quantize(VALUES), foreground=np.ones((32, 32, 32), dtype=bool), extent=(32, 32, 32))


def test_blur_softens_edges_and_keeps_the_mean() -> None:
    after, _ = ALTERATIONS["blur"](RNG, BASE, 0.5)
    assert np.abs(np.diff(after, axis=0)).max() < np.abs(np.diff(BASE.values, axis=0)).max()
    assert np.isclose(after.mean(), BASE.values.mean())


def test_noise_has_the_strength_it_states() -> None:
    after, annotation = ALTERATIONS["noise"](RNG, BASE, 0.5)
    assert np.isclose((after - BASE.values).std(), annotation["sd"], rtol=0.05)


def test_ghosts_appear_along_y_where_nothing_was() -> None:
    after, _ = ALTERATIONS["ghosts"](RNG, BASE, 0.5)
    assert after[16, :8, 16].max() > 0.05
    assert after[2, :, 16].max() < 1e-9


def test_inversion_swaps_dark_and_bright() -> None:
    after, _ = ALTERATIONS["inversion"](RNG, BASE, 0.8)
    assert after[0, 0, 0] > 0.8
    assert after[16, 16, 16] < 0.4
