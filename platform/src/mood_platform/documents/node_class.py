"""A kind of node that ran cases: what it says of itself, and how many cases that were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from mood_evaluator import canonical_digest
from mood_platform.documents.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeClass(Stored):
    """Its facts stand beside the number in the document."""

    cases: int
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        return {"cases": self.cases, **self.facts}

    @classmethod
    def made(cls, values: Mapping[str, Any], document: Mapping[str, Any]) -> Self:
        facts = {name: value for name, value in document.items() if name != "cases"}
        return cls(cases=values["cases"], facts=facts)


def summed_up(nodes: Iterable[NodeClass]) -> tuple[NodeClass, ...]:
    """One for each kind, with all its cases."""
    counts: Counter[str] = Counter()
    kinds: dict[str, Mapping[str, Any]] = {}
    for one in nodes:
        key = canonical_digest(one.facts)
        counts[key] += one.cases
        kinds[key] = one.facts
    return tuple(NodeClass(cases=counts[key], facts=kinds[key]) for key in sorted(kinds))
