"""A document is read as what its class says; what is missing or wrong is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from mood_evaluator import Dataset, canonical_digest
from mood_platform.documents.stored import WHERE_KNOWN, Kept, Sealed, Stored
from mood_platform.errors import Misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf(Stored):
    score: float | None
    bounds: tuple[float, float] | None = None
    """Since the second version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree(Sealed):
    READS: ClassVar[frozenset[str]] = frozenset({"tree/1", "tree/2"})

    schema: str = "tree/2"
    leaves: Mapping[Dataset, Leaf]
    names: tuple[str, ...]
    note: str | None = field(default=None, metadata=WHERE_KNOWN)


@dataclass(frozen=True, kw_only=True)
class Foreign(Kept):
    valid: bool


DOCUMENT: dict[str, Any] = {
    "schema": "tree/2",
    "leaves": {"brain": {"score": 1, "bounds": [0.5, 1.0]}},
    "names": ["a", "b"],
}


def read(**changes: Any) -> Tree:
    return Tree.from_json(DOCUMENT | changes, place="the tree")


def test_what_was_read_is_written_again_in_the_order_of_the_class_and_sealed() -> None:
    written = read().to_json()
    assert written == DOCUMENT | {"digest": canonical_digest(DOCUMENT)}
    assert list(written) == ["schema", "leaves", "names", "digest"]
    assert read(note="Look.").to_json()["note"] == "Look."


def test_values_are_those_of_the_class() -> None:
    [(dataset, leaf)] = read().leaves.items()
    assert dataset is Dataset.BRAIN
    assert leaf == Leaf(score=1, bounds=(0.5, 1.0))


def test_older_and_newer_documents_are_read() -> None:
    older = read(schema="tree/1", leaves={"brain": {"score": None}})
    assert older.leaves[Dataset.BRAIN].bounds is None
    assert read(whatever="A newer platform's.") == read()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"leaves": {"brain": {}}}, r"the tree: field leaves\.brain\.score: it is missing"),
        ({"leaves": {"brain": {"score": "1"}}}, r"leaves\.brain\.score: a number is expected, not '1'"),
        ({"leaves": {"brain": {"score": True}}}, r"a number is expected, not True"),
        ({"leaves": {"brain": {"score": 1, "bounds": [1]}}}, r"bounds: 2 values are expected, not 1"),
        ({"leaves": {"heart": {"score": 1}}}, r"leaves\.heart: 'heart' is none of brain, abdom"),
        ({"leaves": []}, r"leaves: a JSON object is expected"),
        ({"names": "ab"}, r"names: a list is expected"),
        ({"names": [1]}, r"names: a text is expected, not 1"),
        ({"schema": "tree/3"}, r"its schema is tree/3, not tree/1 or tree/2"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(Misconfigured, match=told) as caught:
        read(**changes)
    assert "newer platform" in caught.value.remedy


def test_no_object_is_no_document() -> None:
    with pytest.raises(Misconfigured, match="the tree: a JSON object is expected, not None"):
        Tree.from_json(None, place="the tree")


def test_what_the_evaluator_wrote_is_written_again_as_it_was() -> None:
    document = {"more": [1], "valid": True}
    found = Foreign.from_json(document, place="it")
    assert found.valid
    assert list(found.to_json().items()) == list(document.items())
