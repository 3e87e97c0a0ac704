"""Numbers and names as people read them."""

import math
from collections.abc import Iterable, Sequence

from mood_evaluator.rank_draws import Interval
from mood_evaluator.test_set import Dataset, Task

ANATOMY = {Dataset.BRAIN: "Brain", Dataset.ABDOM: "Abdomen"}
TASK = {Task.SAMPLE: "Sample Task", Task.PIXEL: "Pixel Task"}
ASKED = {
    Task.SAMPLE: "One score per scan: does it hold anything abnormal?",
    Task.PIXEL: "One score per voxel: where is the abnormal part?",
}
NOTHING = DASH = "\N{EN DASH}"
NOT_SAID = "not said"


def ap(value: float | None) -> str:
    """0.8000: the four decimals that are published and ranked."""
    return NOTHING if value is None else f"{value:.4f}"


def number(value: float | None) -> str:
    """Three decimals; a whole number without any."""
    if value is None:
        return NOTHING
    return f"{value:,}" if isinstance(value, int) else signed(f"{value:.3f}")


def signed(words: str) -> str:
    """Return numbers in words with a true minus sign, and none before nought."""
    return words.replace("-0.000", "0.000").replace("-", "\N{MINUS SIGN}")


def interval(bounds: Interval | None) -> str:
    return NOTHING if bounds is None else f"{bounds[0]:.3f}{DASH}{bounds[1]:.3f}"


def places(bounds: Sequence[float] | None) -> str:
    """`2`, or a range of ranks."""
    if bounds is None:
        return NOTHING
    low, high = (round(place) for place in bounds)
    return str(low) if low == high else f"{low}{DASH}{high}"


def percent(share: float) -> str:
    """A share of draws; never 100 % or 0 % where some differ."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def p_value(p: float, draws: int) -> str:
    """A p of draws, which is at least 1 / (draws + 1): the least says so."""
    least = 1 / (draws + 1)
    if p <= least * (1 + 1e-9):
        return f"≤ {math.ceil(1000 * least - 1e-9) / 1000:.3f}"
    return f"{p:.3f}" if p < 0.9995 else "1"


def people(count: int | None) -> str:
    """Return how many real people."""
    if count is None:
        return "how many people is not said"
    return "1 person" if count == 1 else f"{count} people"


def scans(count: int, abnormal: int | None = None) -> str:
    some = f"{count} scan{'' if count == 1 else 's'}"
    return some if abnormal is None else f"{some}, {abnormal} of them abnormal"


def together(names: Iterable[str]) -> str:
    """A, B and C."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def inside(title: str) -> str:
    """Return a title within a sentence: brain, abdomen, or the name of a test set as it is."""
    known = title.split(maxsplit=1)[0] in ("Brain", "Abdomen", "Both", "All")
    return title[:1].lower() + title[1:] if known else title
