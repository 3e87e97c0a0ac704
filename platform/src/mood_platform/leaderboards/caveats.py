"""What must be said wherever a ranking is shown: on pages, in terminals and in JSON the document's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

ENOUGH_SUBJECTS = 20
"""Real people behind the cases of each test set."""
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


def describe_caveats(manifests: Iterable[Described], *, rounded: bool) -> dict[str, Any]:
    """Three flags, and the sentence of each that holds; `rounded`: so is an interval that should be exact."""
    manifests = list(manifests)
    flags = {
        "labels_reproducible": any(one.not_hidden for one in manifests),
        "few_subjects": any(one.source_subjects < ENOUGH_SUBJECTS for one in manifests),
        "rounded_intervals": rounded,
    }
    return flags | {"caveats": [WORDS[name] for name, holds in flags.items() if holds]}


def caveats_of(document: dict[str, Any]) -> list[str]:
    """The sentences of a published document; those of the first schema joined theirs."""
    joined = str(document.get("demonstration") or "")
    return document.get("caveats") or [
        part[:1].upper() + part[1:] + "." for part in joined.split("; ") if part
    ]
