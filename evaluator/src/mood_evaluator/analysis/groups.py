"""Kinds of anomalies: the abnormal cases of a test set, grouped by what is known of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mood_evaluator.analysis.measures import Measures
from mood_evaluator.test_set import Manifest, ManifestCase, Task

_BINS = 5
_LEAST = 5  # cases of a bin, where there are enough
_LEVELS = 40  # as many different values are levels of a sweep; more are binned


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """Some abnormal cases; `place` orders groups of one dimension, and is a number to plot over."""

    dimension: str  # category | subcategory | difficulty | origin | size | contrast
    name: str
    category: str | None
    place: float
    ids: tuple[str, ...]


def group_cases(test_set: Manifest, task: Task, measures: Mapping[str, Measures]) -> list[CaseGroup]:
    """Return all groups of the test set's abnormal cases in `task`.

    Sizes and contrasts are levels in a sweep, else up to 5 bins of about equally many cases, 5 at least.
    """
    abnormal = [case for case in test_set.for_task(task) if case.abnormal]
    volumes = {case_id: found.volume for case_id, found in measures.items()}
    contrasts = {key: found.contrast for key, found in measures.items() if found.contrast is not None}
    sweep = test_set.purpose.endswith("sweep")
    return [
        *_by_name("category", abnormal, category_of),
        *_by_name("subcategory", abnormal, _kind),
        *_by_name("difficulty", abnormal, lambda case: case.difficulty),
        *_by_name("origin", abnormal, lambda case: case.origin),
        *_by_value("size", abnormal, volumes, sweep=sweep),
        *_by_value("contrast", abnormal, contrasts, sweep=sweep),
    ]


def category_of(case: ManifestCase) -> str | None:
    """One of the seven of thesis Fig. 4.1, where both a local and a global one are called corruption."""
    return f"{case.scope} corruption" if case.category == "corruption" else case.category


def _kind(case: ManifestCase) -> str | None:
    return None if case.subcategory is None else f"{category_of(case)}: {case.subcategory}"


def _by_name(
    dimension: str, cases: Sequence[ManifestCase], name: Callable[[ManifestCase], object]
) -> list[CaseGroup]:
    names: list[Any] = sorted({name(case) for case in cases} - {None})
    found = []
    for place, wanted in enumerate(names):
        own = [case for case in cases if name(case) == wanted]
        category = category_of(own[0]) if dimension in ("category", "subcategory") else None
        ids = tuple(case.id for case in own)
        number = float(wanted) if isinstance(wanted, int) else float(place)
        found.append(CaseGroup(dimension, str(wanted), category, number, ids))
    return found


def _by_value(
    dimension: str, cases: Sequence[ManifestCase], values: Mapping[str, float], *, sweep: bool
) -> list[CaseGroup]:
    known = {case.id: values[case.id] for case in cases if case.id in values}
    if not known:
        return []
    ids, numbers = np.array(list(known)), np.array(list(known.values()))
    levels = np.unique(np.round(numbers, 6))
    if sweep and levels.size <= _LEVELS:
        bins = np.searchsorted(levels, np.round(numbers, 6))
    else:
        count = min(_BINS, max(1, numbers.size // _LEAST))
        bins = np.searchsorted(np.quantile(numbers, np.arange(1, count) / count), numbers)
    found = []
    for number in np.unique(bins):
        own = numbers[bins == number]
        name = f"{own.min():.4g}" if own.min() == own.max() else f"{own.min():.4g} to {own.max():.4g}"
        found.append(
            CaseGroup(dimension, name, None, float(np.median(own)), tuple(map(str, ids[bins == number])))
        )
    return found
