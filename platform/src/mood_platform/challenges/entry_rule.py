"""Who may enter an edition: `entry` of challenge.yaml. Hidden sets for everybody need a written reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from mood_platform.challenges.document import Section
from mood_platform.models import TestSet

ACCEPT = "i_accept_unbounded_teams"
REMEDY = f"Write entry: {{open: false}} and admit teams, or give a reason as {ACCEPT}; it is published."


@dataclass(frozen=True, slots=True)
class EntryRule:
    open: bool = True
    """Every team is admitted at once; else organizers decide."""
    unbounded: str = ""
    """Why hidden test sets may be looked at by any number of teams; published."""

    @classmethod
    def read(cls, section: Section) -> Self:
        section.allow("open", ACCEPT)
        unbounded = ""
        if ACCEPT in section.values:
            unbounded = section.line(ACCEPT, longest=500)
        return cls(open=section.flag("open"), unbounded=unbounded)

    def to_json(self) -> dict[str, object]:
        return {"open": self.open} | ({ACCEPT: self.unbounded} if self.unbounded else {})

    def problem(self, hidden: Iterable[TestSet]) -> str | None:
        """Each team gets its quota of looks at hidden labels, and anybody may found one more team."""
        names = ", ".join(sorted({one.name for one in hidden if not one.manifest.get("not_hidden")}))
        if not self.open or not names or self.unbounded:
            return None
        return f"everybody is admitted, and {names} is hidden: any number of teams may look"


EVERYBODY = EntryRule()
"""Of editions from before there was a choice, and where the file says nothing."""
