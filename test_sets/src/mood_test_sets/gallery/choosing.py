"""Which cases are shown, and in which order."""

from collections.abc import Sequence

from mood_evaluator.test_set import ManifestCase

__all__ = ["choose", "in_order"]


def choose(cases: Sequence[ManifestCase], wanted: int | None) -> list[ManifestCase]:
    """Evenly from all categories and subcategories, in the order given."""
    if wanted is None or wanted >= len(cases):
        return list(cases)
    kinds: dict[tuple[str | None, ...], list[ManifestCase]] = {}
    for case in cases:
        kinds.setdefault((case.scope, case.category, case.subcategory), []).append(case)
    turns = sorted(
        (
            (turn, place, case.id)
            for place, kind in enumerate(kinds.values())
            for turn, case in enumerate(kind)
        )
    )
    ids = {case_id for *_, case_id in turns[:wanted]}
    return [case for case in cases if case.id in ids]


def in_order(cases: tuple[ManifestCase, ...]) -> list[ManifestCase]:
    """Normal cases first, then category by category."""
    return sorted(cases, key=lambda case: (case.category or "", case.subcategory or "", case.id))
