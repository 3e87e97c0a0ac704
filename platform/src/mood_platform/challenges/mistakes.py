"""All mistakes of a document of people's making, collected while it is read and told at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mood_platform.errors import Invalid


@dataclass(frozen=True, slots=True)
class Mistake:
    place: str
    """Field or line, such as `limits.memory`."""
    problem: str
    remedy: str
    new_rule: bool = False
    """Earlier versions took it: an edition that is stored is read in spite of it, with the nearest value."""

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Those of one file."""

    file: str
    found: list[Mistake] = field(default_factory=list)

    def add(self, place: str, problem: str, remedy: str, *, new_rule: bool = False) -> None:
        self.found.append(Mistake(place, problem, remedy, new_rule))

    def forgive_new_rules(self) -> None:
        """What is stored was sound by the rules of its day."""
        self.found[:] = [one for one in self.found if not one.new_rule]

    def are_in(self, places: Iterable[str]) -> bool:
        return not {one.place for one in self.found}.isdisjoint(places)

    def require_none(self) -> None:
        """One mistake reads as a sentence; several are listed, a line each."""
        if len(self.found) == 1:
            [one] = self.found
            raise Invalid(f"{self.file}, {one.place}: {one.problem}.", remedy=one.remedy)
        if self.found:
            lines = "\n".join(f"  {one}" for one in self.found)
            raise Invalid(
                f"{self.file} has {len(self.found)} mistakes:\n{lines}\n",
                remedy="Nothing was changed. Correct them, then try again.",
            )
