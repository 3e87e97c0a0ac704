"""Faults of Nodes whose cause is not known yet, as the rows of a Node and of an Image keep them."""

from __future__ import annotations

from dataclasses import dataclass

from mood_platform.documents.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class UnprovenFault(Stored):
    """Of a Node that was well: whether the Image of that Run is to blame is asked after a self-test."""

    run: str
    image: str
    at: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlamedFault(Stored):
    """Of a Node that was well before and after, over one Image."""

    node: str
    machine: str | None
    at: float

    def is_incident_of(self, other: BlamedFault, *, within: float) -> bool:
        """Whether both were slots of one machine that failed within so many seconds."""
        near = abs(self.at - other.at) < within
        return near and self.machine == other.machine and self.node != other.node
