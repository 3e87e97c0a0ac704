"""States: each table has its transition table; `advance()` alone changes a state, and leaves an Event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from uuid import UUID

from sqlalchemy.orm import Mapped, Session, object_session

from mood_platform.errors import InvalidTransition
from mood_platform.failures import FailureReason
from mood_platform.models.base import WithId
from mood_platform.models.event import Event

State = TypeVar("State", bound=StrEnum)
Transitions = Mapping[State, frozenset[State]]


class WithState(WithId, Generic[State]):
    """A row with an id, a `state` and its `state_since`, which each table declares where it wants them."""

    SUBJECT: ClassVar[str]
    """What its Events call it."""
    TRANSITIONS: ClassVar[Mapping[Any, frozenset[Any]]]
    if TYPE_CHECKING:
        state: Mapped[State]
        state_since: Mapped[datetime]

    def advance(self, target: State, *, now: datetime, reason: FailureReason | None = None) -> None:
        """Take one step of the transition table."""
        self._step(target, now=now, reason=reason)

    def _step(
        self, target: State, *, now: datetime, reason: FailureReason | None, **more: UUID | str | None
    ) -> None:
        """Check the table, append the Event with what else it says, stamp the row."""
        if target not in self.TRANSITIONS[self.state]:
            raise InvalidTransition(
                f"{type(self).__name__} {self.id} is {self.state} and cannot become {target}."
            )
        change = {"before": self.state, "after": target, "reason": reason, "at": now}
        _session_of(self).add(Event(subject=self.SUBJECT, subject_id=self.id, **change, **more))
        self.state, self.state_since = target, now


def _session_of(row: object) -> Session:
    session = object_session(row)
    assert session is not None, "only rows of an open transaction change state"
    return session
