"""Global anomalies that spoil the whole scan: slices missing, repeated or shuffled, blocks, wrap, window."""

import numpy as np
from numpy.typing import NDArray

from mood_test_sets.anomalies.alteration import Change
from mood_test_sets.anomalies.edit import Annotation, grade
from mood_test_sets.volume import Volume

__all__ = ["DESTRUCTIONS"]

Result = tuple[NDArray[np.float64], Annotation]


def _span(rng: np.random.Generator, base: Volume, share: float) -> tuple[int, slice]:
    """An axis, and about that share of its slices within the body."""
    axis = int(rng.integers(3))
    inside = np.flatnonzero(base.foreground.any(axis=tuple(other for other in range(3) if other != axis)))
    count = max(2, round(share * inside.size))
    start = int(rng.integers(inside[0], max(inside[0] + 1, inside[-1] + 2 - count)))
    return axis, slice(start, start + count)


def _take(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """A view with that axis first."""
    return np.moveaxis(values, axis, 0)


def _omit(rng: np.random.Generator, base: Volume, ease: float) -> Result:
    values = base.values
    axis, span = _span(rng, base, grade(ease, 0.04, 0.3))
    _take(values, axis)[span] = 0
    return values, {"axis": axis, "slices": span.stop - span.start}


def _repeat(rng: np.random.Generator, base: Volume, ease: float) -> Result:
    values = base.values
    axis, span = _span(rng, base, grade(ease, 0.08, 0.45))
    view = _take(values, axis)
    view[span] = view[span.start].copy()
    return values, {"axis": axis, "slices": span.stop - span.start}


def _shuffle(rng: np.random.Generator, base: Volume, ease: float) -> Result:
    values = base.values
    axis, span = _span(rng, base, grade(ease, 0.12, 0.7))
    view = _take(values, axis)
    stop = min(span.stop, base.side)
    view[span.start : stop] = view[rng.permutation(np.arange(span.start, stop))]
    return values, {"axis": axis, "slices": stop - span.start}


def _zero_blocks(rng: np.random.Generator, base: Volume, ease: float) -> Result:
    """3 to 8 cubes in the body."""
    values, count = base.values, int(rng.integers(3, 9))
    half = max(1, round(grade(ease, 0.03, 0.12) * base.side))
    tissue = np.flatnonzero(base.foreground)
    for place in rng.choice(tissue, count):
        centre = np.unravel_index(place, base.levels.shape)
        values[tuple(slice(max(0, int(c) - half), int(c) + half) for c in centre)] = 0
    return values, {"blocks": count, "half_side": half}


def _wrap(rng: np.random.Generator, base: Volume, ease: float) -> Result:
    """As if the field of view were too small: the body leaves on one side and enters on the other."""
    axis, step = int(rng.integers(2)), round(grade(ease, 0.12, 0.45) * base.side)
    return np.roll(base.values, int(rng.choice([-1, 1])) * step, axis=axis), {"axis": axis, "shift": step}


def _window(rng: np.random.Generator, base: Volume, ease: float) -> Result:
    """Most values end as 0 or 1."""
    width = grade(ease, 0.5, 0.12)
    low = float(np.median(base.levels[base.foreground])) / (1 << 15) - width * rng.uniform(0.3, 0.7)
    return (base.values - low) / width, {"low": round(low, 4), "width": round(width, 4)}


DESTRUCTIONS: dict[str, Change] = {
    "missing-slices": _omit,
    "repeated-slices": _repeat,
    "shuffled-slices": _shuffle,
    "zero-blocks": _zero_blocks,
    "wrap-around": _wrap,
    "wrong-window": _window,
}
