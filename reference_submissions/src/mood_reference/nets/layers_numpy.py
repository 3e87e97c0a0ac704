"""The layers of a small convolutional net in NumPy, so that containers start without PyTorch.

`layers_torch` offers the same functions on tensors. A net written against either runs on both: it is trained
there and scored here. Axes are (slice, channel, row, column); kernels are 4x4 with stride 2 and padding 1.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float32]
KERNEL, STRIDE, PADDING = 4, 2, 1
SLOPE = 0.01  # of the leaky rectifier below zero, PyTorch's default


def conv(x: Array, weight: Array) -> Array:
    """Halve the resolution: x (B, C, H, W), weight (O, C, 4, 4) -> (B, O, H/2, W/2)."""
    padded = np.pad(x, ((0, 0), (0, 0), (PADDING, PADDING), (PADDING, PADDING)))
    windows = sliding_window_view(padded, (KERNEL, KERNEL), axis=(2, 3))[:, :, ::STRIDE, ::STRIDE]
    out = np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3)))  # (B, H/2, W/2, O)
    return np.ascontiguousarray(out.transpose(0, 3, 1, 2))


def conv_adjoint(y: Array, weight: Array) -> Array:
    """Double the resolution, the transpose of `conv`: y (B, O, h, w), weight (O, C, 4, 4) -> (B, C, 2h, 2w).

    It is the decoder's layer, and it carries a gradient back through an encoder's layer of the same weight.
    """
    batch, _, height, width = y.shape
    patches = np.tensordot(weight, y, axes=((0,), (1,)))  # (C, 4, 4, B, h, w)
    rows, columns = STRIDE * height, STRIDE * width
    canvas = np.zeros(
        (weight.shape[1], batch, rows + 2 * PADDING, columns + 2 * PADDING), np.result_type(y, weight)
    )
    for i in range(KERNEL):
        for j in range(KERNEL):
            canvas[:, :, i : i + rows : STRIDE, j : j + columns : STRIDE] += patches[:, i, j]
    inner = canvas[:, :, PADDING:-PADDING, PADDING:-PADDING]
    return np.ascontiguousarray(inner.transpose(1, 0, 2, 3))


def leaky(x: Array) -> Array:
    return np.maximum(x, np.float32(SLOPE) * x)


def leaky_slope(x: Array) -> Array:
    """Return the derivative of `leaky` at x."""
    return np.where(x > 0, np.float32(1), np.float32(SLOPE))
