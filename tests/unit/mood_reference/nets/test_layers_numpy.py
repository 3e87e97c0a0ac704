"""The NumPy layers against a slow loop, and as each other's adjoint."""

import numpy as np

from mood_reference.nets.layers_numpy import conv, conv_adjoint, leaky, leaky_slope

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 3, 8, 8)).astype(np.float32)
WEIGHT = RNG.standard_normal((5, 3, 4, 4)).astype(np.float32)


def test_conv_equals_a_slow_loop() -> None:
    padded = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)))
    expected = np.zeros((2, 5, 4, 4))
    for i in range(4):
        for j in range(4):
            window = padded[:, None, :, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4]  # (B, 1, C, 4, 4)
            expected[:, :, i, j] = (window * WEIGHT).sum(axis=(2, 3, 4))
    assert np.allclose(conv(X, WEIGHT), expected, atol=1e-4)


def test_conv_adjoint_is_the_adjoint_of_conv() -> None:
    y = RNG.standard_normal((2, 5, 4, 4)).astype(np.float32)
    left, right = np.vdot(conv(X, WEIGHT), y), np.vdot(X, conv_adjoint(y, WEIGHT))
    assert np.isclose(left, right, rtol=1e-4)


def test_leaky_slope_is_the_derivative_of_leaky() -> None:
    x = np.array([-2.0, -0.5, 0.5, 2.0], np.float32)
    numeric = (leaky(x + np.float32(0.01)) - leaky(x)) / np.float32(0.01)
    assert np.allclose(leaky_slope(x), numeric, atol=1e-3)
