"""The retention block of challenge.yaml: how long what an edition leaves is kept, kind by kind."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Self

from mood_platform.challenges.document import Section

_RULE = re.compile(r"(\d{1,5})([dy])( after publication)?")
_DAYS = {"d": 1, "y": 365}
LONGEST_DAYS = 36_500
"""A hundred years: every end has a place in the calendar."""
PUBLISHED = frozenset({"predictions", "logs", "images"})
"""Kinds that belong to a board, so that its publication can be the beginning."""
NOT_YET = {
    "accounts": "accounts are not removed by this version",
    "case_views": "this version shows no hidden case to anybody",
    "addresses_in_logs": "this version writes no addresses into logs that it could remove",
}
REMEDY = "Write a number of days or years, such as 90d or 10y"


@dataclass(frozen=True, slots=True)
class Rule:
    """`90d`, `10y`, `30d after publication`."""

    text: str
    days: int
    after_publication: bool

    @classmethod
    def parse(cls, text: str) -> Self | None:
        found = _RULE.fullmatch(text)
        if found is None:
            return None
        return cls(text, int(found[1]) * _DAYS[found[2]], found[3] is not None)

    def ends(self, since: datetime) -> datetime:
        """When what began at `since` is removed."""
        return since + timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """A kind without a rule is kept."""

    predictions: Rule | None = None
    logs: Rule | None = None
    images: Rule | None = None
    mails: Rule | None = None
    """Of the whole platform, as audit is: the longest rule among its editions holds."""
    audit: Rule | None = None

    @classmethod
    def read(cls, section: Section) -> Self:
        kinds = [field.name for field in fields(cls)]
        for kind, why in NOT_YET.items():
            section.refuse(kind, why)
        section.allow(*kinds, *NOT_YET)
        return cls(**{kind: _rule(section, kind) for kind in kinds if kind in section.values})

    def to_json(self) -> dict[str, str]:
        rules = {field.name: getattr(self, field.name) for field in fields(self)}
        return {kind: rule.text for kind, rule in rules.items() if rule is not None}


def _rule(section: Section, kind: str) -> Rule | None:
    remedy = f"{REMEDY}, or 30d after publication." if kind in PUBLISHED else f"{REMEDY}."
    value = section.values[kind]
    rule = Rule.parse(value) if isinstance(value, str) else None
    if rule is None or (rule.after_publication and kind not in PUBLISHED):
        section.fail(kind, f"it is {value!r}", remedy)
        return None
    if rule.days > LONGEST_DAYS:
        section.fail(kind, f"it is {value!r}", f"Give at most {LONGEST_DAYS // 365}y.", new_rule=True)
    return replace(rule, days=min(rule.days, LONGEST_DAYS))
