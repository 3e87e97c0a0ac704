"""The report as one HTML page that asks nobody for anything; pictures in light, dark, wide and narrow."""

import base64
import io
import re
from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure as Canvas

from mood_evaluator.plots.look import DARK, LIGHT
from mood_evaluator.report.blocks import Block, Figure, Heading, Report, Table, Whisker, Words

SETTINGS: Any = {
    "svg.hashsalt": "mood",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.size": 8,
}  # equal reports are equal bytes
FONTS = (
    "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"  # of the platform's pages
)
_NARROW = 3.5  # inches
_DARK = dict(
    zip(
        (
            LIGHT.ink,
            LIGHT.quiet,
            LIGHT.paper,
            LIGHT.soft,
            LIGHT.line,
            LIGHT.accent,
            LIGHT.range,
            *LIGHT.teams,
        ),
        (DARK.ink, DARK.quiet, DARK.paper, DARK.soft, DARK.line, DARK.accent, DARK.range, *DARK.teams),
        strict=True,
    )
)
_WHISKER = 120  # units of its drawing


def as_html(report: Report, step: Callable[[], None]) -> str:
    """Return the page; `step` is called for every figure."""
    environment = Environment(
        loader=PackageLoader("mood_evaluator.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    pictures = {f"{figure.task}-{figure.name}": _pictures(figure, step) for figure in report.figures}
    environment.filters |= {"kind": _kind, "whisker": _place}
    return environment.get_template("report.html").render(report=report, pictures=pictures, width=_WHISKER)


def _kind(block: Block) -> str:
    return {Words: "words", Heading: "heading", Table: "table", Figure: "figure"}[type(block)]


def _place(whisker: Whisker | None) -> dict[str, float] | None:
    """Return where a whisker's parts are drawn."""
    if whisker is None:
        return None
    return {
        name: round(_WHISKER * value, 1)
        for name, value in zip(("score", "low", "high"), whisker, strict=True)
    }


def _pictures(figure: Figure, step: Callable[[], None]) -> dict[str, str]:
    """Return its drawings as data addresses; a dark one is the light one in other colours."""
    light, narrow = _drawn(figure.draw(LIGHT, None)), _drawn(figure.draw(LIGHT.at(_NARROW), None))
    step()
    found = {"light": light, "narrow": narrow, "dark": _in_dark(light), "narrow_dark": _in_dark(narrow)}
    return {
        name: "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()
        for name, text in found.items()
    }


def _in_dark(drawing: str) -> str:
    return re.sub("|".join(_DARK), lambda found: _DARK[found[0]], drawing)


def _drawn(drawn: Canvas) -> str:
    """Return the drawing as SVG, its words in the letters of the page."""
    content = io.StringIO()
    drawn.savefig(content, format="svg", metadata={"Date": None}, facecolor=drawn.get_facecolor())
    return re.sub("'DejaVu Sans'[^;\"]*sans-serif", FONTS, content.getvalue())
