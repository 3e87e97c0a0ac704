"""Local anomaly "image": pictures in the tissue, a gorilla among them (after Drew et al. 2013)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mood_test_sets.anomalies.edit import Draw, Proposal, box_around, grade
from mood_test_sets.volume import Volume

__all__ = ["IMAGES", "PICTURES", "is_gorilla"]

Plane = NDArray[np.float64]

# centre x, centre y, half width, half height, tilt in degrees; the figure stands from y = -1 to y = 1
ELLIPSES = (
    (0.00, 0.76, 0.19, 0.24, 0),  # head
    (0.00, 0.40, 0.52, 0.24, 0),  # shoulders
    (0.00, 0.10, 0.40, 0.46, 0),  # trunk
    (-0.56, 0.02, 0.14, 0.50, -14),  # arms
    (0.56, 0.02, 0.14, 0.50, 14),
    (-0.66, -0.46, 0.15, 0.12, 0),  # fists
    (0.66, -0.46, 0.15, 0.12, 0),
    (-0.24, -0.62, 0.17, 0.40, -8),  # legs
    (0.24, -0.62, 0.17, 0.40, 8),
)


FONT = np.array(
    [
        [[mark == "#" for mark in row.ljust(6)] for row in letter]
        for letter in (
            ("#   #", "## ##", "# # #", "#   #", "#   #", "#   #", "#   #"),
            (" ### ", "#   #", "#   #", "#   #", "#   #", "#   #", " ### "),
            (" ### ", "#   #", "#   #", "#   #", "#   #", "#   #", " ### "),
            ("#### ", "#   #", "#   #", "#   #", "#   #", "#   #", "#### "),
        )
    ]
)  # (letter, row, column)


def is_gorilla(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a point belongs to the silhouette, which fits into [-1, 1]²."""
    inside = np.zeros(np.broadcast(x, y).shape, dtype=np.bool_)
    for centre_x, centre_y, width, height, tilt in ELLIPSES:
        cos, sin = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
        across = cos * (x - centre_x) + sin * (y - centre_y)
        along = cos * (y - centre_y) - sin * (x - centre_x)
        inside |= (across / width) ** 2 + (along / height) ** 2 <= 1
    return inside


def _gorilla(x: Plane, y: Plane) -> Plane:
    return np.where(is_gorilla(x, y), 1.0, np.nan)


def _face(x: Plane, y: Plane) -> Plane:
    """A round face with eyes, nose and mouth in grey values."""
    grey = np.where(np.hypot(x, y) <= 0.95, 1.0, np.nan)
    for eye in (-0.36, 0.36):
        grey = np.where(np.hypot((x - eye) / 0.17, (y - 0.28) / 0.22) <= 1, 0.0, grey)
    grey = np.where(np.hypot(x / 0.09, y / 0.2) <= 1, 0.45, grey)
    mouth = (np.abs(np.hypot(x, y - 0.05) - 0.58) <= 0.1) & (y < -0.2)
    return np.where(mouth, 0.0, grey)


def _checkers(x: Plane, y: Plane) -> Plane:
    board = (np.abs(x) <= 0.85) & (np.abs(y) <= 0.85)
    light = (np.floor(x / 0.3) + np.floor(y / 0.3)) % 2
    return np.where(board, light, np.nan)


def _umbrella(x: Plane, y: Plane) -> Plane:
    """A canopy with four panels, a stick and a handle."""
    canopy = (np.hypot(x, y) <= 0.9) & (y >= 0.16 * np.abs(np.sin(np.pi * x / 0.45)))
    grey = np.where(canopy, 0.55 + 0.45 * (np.floor(x / 0.45) % 2), np.nan)
    handle = (np.abs(np.hypot(x - 0.16, y + 0.7) - 0.16) <= 0.06) & (y <= -0.7)
    return np.where((np.abs(x) <= 0.06) & (y < 0.2) & (y > -0.72) | handle, 0.0, grey)


def _letters(x: Plane, y: Plane) -> Plane:
    """MOOD in capitals, 5 by 7 dots each."""
    columns = np.floor((x + 0.96) / 0.08).astype(int)
    rows = np.floor((0.28 - y) / 0.08).astype(int)
    x_in, y_in = (columns >= 0) & (columns < 24), (rows >= 0) & (rows < 7)
    letter, dot = np.clip(columns // 6, 0, 3), np.clip(columns % 6, 0, 5)
    lit = FONT[letter, np.clip(rows, 0, 6), dot] & x_in & y_in
    return np.where(lit, 1.0, np.nan)


PICTURES: dict[str, Callable[[Plane, Plane], Plane]] = {
    "gorilla": _gorilla,
    "face": _face,
    "checkers": _checkers,
    "umbrella": _umbrella,
    "letters": _letters,
}
"""Grey values 0 to 1 over [-1, 1]², y upwards; NaN where the picture is not."""


def _rendered(picture: Callable[[Plane, Plane], Plane]) -> Draw:
    """The picture, 16 to 40 % of the side tall, 4 to 14 % thick, across any axis and at any angle."""

    def draw(rng: np.random.Generator, base: Volume, centre: NDArray[np.int64], ease: float) -> Proposal:
        half = grade(ease, 0.16, 0.40) * base.side / 2
        thickness = max(2.0, grade(ease, 0.04, 0.14) * base.side)
        box, offsets = box_around(centre, half * 1.2, base.levels.shape)
        depth, *plane = (offsets[axis] for axis in rng.permutation(3))
        turn = rng.uniform(0, 2 * np.pi)
        x = (np.cos(turn) * plane[0] - np.sin(turn) * plane[1]) / half
        y = (np.sin(turn) * plane[0] + np.cos(turn) * plane[1]) / half
        grey = np.where(np.abs(depth) <= thickness / 2, picture(x, y), np.nan)
        figure = ~np.isnan(grey)
        soft = ndimage.gaussian_filter(figure.astype(np.float64), 0.5) * grade(ease, 0.5, 1.0)
        before = base.crop(box)
        around = float(np.median(before[figure])) if figure.any() else 0.5
        value = _choose_brightness(rng, around, ease)
        return Proposal(
            box=box,
            values=before + soft * (around + np.nan_to_num(grey, nan=1.0) * (value - around) - before),
            footprint=figure,
            annotation={"radius": round(half, 3), "intensity": round(value, 4)},
        )

    return draw


def _choose_brightness(rng: np.random.Generator, around: float, ease: float) -> float:
    """Brighter or darker than the place, as far as the ease says and the range allows."""
    step = grade(ease, 0.12, 0.5) * rng.uniform(0.9, 1.1)
    sign = rng.choice([-1, 1]) if step <= around <= 1 - step else (1 if around < 0.5 else -1)
    return float(np.clip(around + sign * step, 0, 1))


IMAGES: dict[str, Draw] = {name: _rendered(picture) for name, picture in PICTURES.items()}
