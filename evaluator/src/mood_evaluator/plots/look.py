"""How plots look: the colours of the platform's pages in light and dark, told apart by colour-blind readers.

Colours of teams are those of Okabe & Ito (2008), brightened where the paper is dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

MARKERS = ("o", "s", "^", "D", "v")
TINY, SMALL, TEXT = 6.5, 7.5, 8.5  # points


@dataclass(frozen=True, slots=True)
class Look:
    """Colours, and the width of a figure in inches; panels of a narrow one stand below each other."""

    ink: str
    quiet: str
    paper: str
    soft: str
    line: str
    accent: str
    range: str
    teams: tuple[str, str, str, str, str]
    heat: str = "cividis"
    width: float = 7.2

    @property
    def narrow(self) -> bool:
        return self.width < 5

    def at(self, width: float) -> "Look":
        """Return the same look for figures of another width in inches."""
        return replace(self, width=width)


LIGHT = Look(
    ink="#14202b", quiet="#55636f", paper="#ffffff", soft="#f3f6f8", line="#dbe2e7",
    accent="#0072b2", range="#79b8dc",
    teams=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#14202b"),
)  # fmt: skip
DARK = Look(
    ink="#e6ebf0", quiet="#a3b0bb", paper="#11161c", soft="#1a2129", line="#303a45",
    accent="#56b4e9", range="#2f6f96",
    teams=("#56b4e9", "#ff9b63", "#4fc9a0", "#cc79a7", "#e6ebf0"),
)  # fmt: skip


def team_styles(teams: Sequence[str], look: Look = LIGHT) -> dict[str, dict[str, Any]]:
    """Return line styles: the first five teams have a colour and a marker each, the others are grey."""
    styles: dict[str, dict[str, Any]] = {}
    for place, team in enumerate(teams):
        known = place < len(MARKERS)
        styles[team] = {
            "color": look.teams[place] if known else look.quiet,
            "marker": MARKERS[place] if known else None,
            "linewidth": 1.6 if known else 0.6,
            "alpha": 1.0 if known else 0.55,
            "zorder": 3 if known else 2,
            "markersize": 4,
            "label": team if known else None,
        }
    return styles
