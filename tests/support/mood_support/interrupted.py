"""Sessions between which something else happens: what a decision made on two looks would miss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from mood_platform.db.engine import Sessions


class InterruptedSessions(sessionmaker[Session]):
    """As `behind`; just before the session number `at` (the first is 1) is opened, `act` happens, once."""

    def __init__(self, behind: Sessions, *, at: int, act: Callable[[], object]) -> None:
        super().__init__(**behind.kw)
        self.opened = 0
        self._at, self._act = at, act

    def __call__(self, **changes: Any) -> Session:
        self.opened += 1
        if self.opened == self._at:
            self._act()
        return super().__call__(**changes)
