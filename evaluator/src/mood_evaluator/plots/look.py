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
    """Colours, and the width of a figure in inches; panels of a narrow one stand below each other.

    `order`: teams by the style that each keeps in all plots of this look (default: by its place in a plot).
    """

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
    order: tuple[str, ...] = ()

    @property
    def narrow(self) -> bool:
        return self.width < 5

    def at(self, width: float) -> "Look":
        """Return the same look for figures of another width in inches."""
        return replace(self, width=width)

    def styling(self, order: Sequence[str]) -> "Look":
        """Return the same look in which each team of `order` has one style in all plots."""
        return replace(self, order=tuple(order))


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
    """Return line styles: the first five teams have a colour and a marker each, the others are grey.

    Where the look has an order these are the first five that are in it, each by its place there; the sixth to
    tenth of the order have the colours again, hollow and dashed.
    """
    order = look.order or tuple(teams)
    known = [team for team in teams if team in order][: len(MARKERS)]
    grey = {"color": look.quiet, "marker": None, "linewidth": 0.6, "alpha": 0.55, "zorder": 2}
    grey |= {"markersize": 4, "label": None}
    return {team: _style(team, order.index(team), look) if team in known else grey for team in teams}


def _style(team: str, slot: int, look: Look) -> dict[str, Any]:
    colour, again = look.teams[slot % len(MARKERS)], slot >= len(MARKERS)
    style = {"color": colour, "marker": MARKERS[slot % len(MARKERS)], "linewidth": 1.6, "alpha": 1.0}
    style |= {"zorder": 3, "markersize": 4, "label": team}
    return style | {"linestyle": "--", "markerfacecolor": look.paper} if again else style
