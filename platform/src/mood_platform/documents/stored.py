"""How the classes of documents are written: field by field, in the order of the class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar, Self

from mood_evaluator import canonical_digest
from mood_platform.documents.reading import Wrong, reader_of
from mood_platform.errors import Misconfigured

WHERE_KNOWN: Mapping[str, bool] = {"where_known": True}
"""Metadata of a field that is not written where it is None."""


class Stored:
    """Base of frozen dataclasses that are JSON objects; see `reading` for what is refused."""

    __slots__ = ()
    READS: ClassVar[frozenset[str]] = frozenset()
    """The schemas that are read, where the document names its own."""

    def to_json(self) -> dict[str, object]:
        known: Any = self  # a dataclass, as all that are written
        values = {one: getattr(self, one.name) for one in fields(known)}
        return {
            one.name: _plain(value)
            for one, value in values.items()
            if value is not None or not one.metadata.get("where_known")
        }

    @classmethod
    def from_json(cls, document: object, *, place: str) -> Self:
        """`place` is what an error calls the document. Raises Misconfigured."""
        try:
            kind: Any = cls
            found: Self = reader_of(kind)(document)
        except Wrong as wrong:
            raise Misconfigured(
                f"{place}: {wrong}.",
                remedy="Another version wrote it, or it was changed: use a newer platform.",
            ) from None
        return found

    @classmethod
    def made(cls, values: Mapping[str, Any], _document: Mapping[str, Any]) -> Self:
        """Of the fields that were read, and all that the document has."""
        return cls(**values)


class Sealed(Stored):
    """A document that ends with the digest of everything else in it."""

    __slots__ = ()

    def to_json(self) -> dict[str, object]:
        document = super().to_json()
        return document | {"digest": canonical_digest(document)}


@dataclass(frozen=True, kw_only=True)
class Kept(Stored):
    """A document that the evaluator wrote, of which some fields are known: written again as it was read."""

    written: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def to_json(self) -> dict[str, object]:
        return dict(self.written)

    @classmethod
    def made(cls, values: Mapping[str, Any], document: Mapping[str, Any]) -> Self:
        return cls(**{**values, "written": document})


def _plain(value: object) -> object:
    """As JSON has it."""
    if isinstance(value, Stored):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Enum) else value
