"""FPI's way from the scores of slices to that of a scan (thesis 4.1.3; the public code's steps)."""

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
WINDOW, ORDER = 0.1, 3  # share of the slices, degree of the polynomial
TOP = 0.25  # share of the slices whose mean is the score


def reduce_curve(scores: Curve) -> float:
    """Return the mean of the top quarter of the smoothed scores (D,) of slices in their order, none NaN."""
    smoothed = np.sort(smooth_savitzky_golay(scores, window=round(WINDOW * len(scores)), order=ORDER))
    return float(smoothed[-max(1, round(TOP * len(smoothed))) :].mean())


def smooth_savitzky_golay(curve: Curve, *, window: int, order: int) -> Curve:
    """Replace each point of a curve (D,) by the polynomial that fits its window best in least squares.

    The window is made odd and wider than the order, and as wide as the curve at most. Near both ends the
    polynomial of the first and of the last full window goes on.
    """
    window = min(max(window, order + 1) | 1, len(curve) - 1 + len(curve) % 2)
    half = window // 2
    powers = np.arange(-half, half + 1)[:, None] ** np.arange(min(order, window - 1) + 1)
    fit = powers @ np.linalg.pinv(powers)  # (window, window): a window's values -> its polynomial's
    windows = np.lib.stride_tricks.sliding_window_view(curve, window)  # (D - 2 half, window)
    middle = windows @ fit[half]
    return np.concatenate([fit[:half] @ windows[0], middle, fit[half + 1 :] @ windows[-1]])
