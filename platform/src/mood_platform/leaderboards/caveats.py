"""What must be said wherever a ranking is shown: on pages, in terminals and in JSON the document's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from mood_evaluator import Dataset

ENOUGH_SUBJECTS = 20
"""Real people behind the cases of each test set."""
NOTHING: Mapping[Dataset, Mapping[str, str]] = {}
WORDS = {
    "labels_reproducible": (
        "Demonstration: the labels of these test sets are reproducible by anyone, so this ranking shows how "
        "the platform works, not which method is better."
    ),
    "few_subjects": (
        f"Software demonstration, not a scientific ranking: the scans of a test set come from fewer than "
        f"{ENOUGH_SUBJECTS} people."
    ),
    "rounded_intervals": (
        "Intervals that say so are made from rounded scores: the predictions could not be read again to make "
        "exact ones."
    ),
}


class Described(Protocol):
    """A test set's manifest, as far as it matters here."""

    @property
    def source_subjects(self) -> int: ...
    @property
    def not_hidden(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveats:
    """Three flags, and a sentence for each that holds."""

    labels_reproducible: bool
    few_subjects: bool
    rounded_intervals: bool
    of_dropped: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        return (*(words for name, words in WORDS.items() if getattr(self, name)), *self.of_dropped)


def describe_caveats(
    manifests: Iterable[Described],
    *,
    rounded: bool,
    dropped: Mapping[Dataset, Mapping[str, str]] = NOTHING,
) -> Caveats:
    """One more sentence for each reason to drop cases.

    `rounded`: so is an interval that should be exact. `dropped` has the reasons by Dataset and case.
    """
    manifests = list(manifests)
    return Caveats(
        labels_reproducible=any(one.not_hidden for one in manifests),
        few_subjects=any(one.source_subjects < ENOUGH_SUBJECTS for one in manifests),
        rounded_intervals=rounded,
        of_dropped=tuple(_of_dropped(dropped)),
    )


def _of_dropped(dropped: Mapping[Dataset, Mapping[str, str]]) -> Iterator[str]:
    """How many and why, and never which."""
    for dataset, reasons in dropped.items():
        for reason, count in Counter(reasons.values()).items():
            counts, them = ("case counts", "it") if count == 1 else ("cases count", "them")
            yield f"{count} {dataset} {counts} for no team: the platform failed to run {them}. {reason}"
