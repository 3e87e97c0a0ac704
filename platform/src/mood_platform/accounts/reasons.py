"""Who reads the reason of an organizer's decision: one rule, which commands, API and docs repeat.

Whether a Submission stands is told to the team with its reason. What is decided about its Runs and its turns
is not: such a reason may name a node, a hidden case or another team. Why a case counts for nobody is printed
on the board. All reasons stay in the audit trail.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from mood_platform.characters import fault_of, is_blank
from mood_platform.errors import Invalid


class Reader(StrEnum):
    """Whoever reads a reason, organizers do too."""

    EVERYBODY = "everybody"
    TEAMS = "all teams"
    TEAM = "the team"
    ORGANIZERS = "organizers alone"

    @property
    def sentence(self) -> str:
        """What the person who writes a reason is told."""
        reads = "reads" if self in {Reader.EVERYBODY, Reader.TEAM} else "read"
        return f"{self.value.capitalize()} {reads} it; it is written down for good."


READER_OF: Mapping[str, Reader] = {
    "challenge.apply": Reader.TEAMS,
    "submission.exclude": Reader.TEAM,
    "submission.include": Reader.TEAM,
    "entry.admit": Reader.TEAM,
    "entry.refuse": Reader.TEAM,
    "submission.rerun": Reader.ORGANIZERS,
    "submission.prioritize": Reader.ORGANIZERS,
    "submission.unprioritize": Reader.ORGANIZERS,
    "run.cancel": Reader.ORGANIZERS,
    "run.void": Reader.ORGANIZERS,
    "run.unvoid": Reader.ORGANIZERS,
    "run.resume": Reader.ORGANIZERS,
    "run.decide": Reader.ORGANIZERS,
    "node.quarantine": Reader.ORGANIZERS,
    "node.release": Reader.ORGANIZERS,
    "hold.place": Reader.TEAM,
    "hold.lift": Reader.ORGANIZERS,
    "challenge.rescore": Reader.ORGANIZERS,
    "case.drop": Reader.EVERYBODY,
    "case.undrop": Reader.ORGANIZERS,
    "user.remove_organizer": Reader.ORGANIZERS,
    "team.remove_reference": Reader.ORGANIZERS,
}
"""By the action's name in the audit trail."""


def require_reason(action: str, reason: str) -> str:
    """The reason as it is stored."""
    clean = checked_words("reason", reason)
    if not clean:
        raise Invalid("Field reason: it is empty.", remedy=f"Write why. {READER_OF[action].sentence}")
    return clean


def checked_words(field: str, words: str) -> str:
    """What a person writes in one or more lines, in composed form; refused where a reader could not see it.

    Empty where there is nothing to see.
    """
    clean = unicodedata.normalize("NFC", words.replace("\r\n", "\n")).strip()
    if is_blank(clean):
        return ""
    if fault := fault_of(clean):
        raise Invalid(
            f"Field {field}: {fault}.",
            remedy="Write plain text, also in lines, without control characters and marks of direction.",
        )
    return clean
