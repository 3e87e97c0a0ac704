"""Writes a report: one HTML file that needs nothing else, a PDF, and the numbers as CSV."""

import base64
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure as Canvas
from matplotlib.transforms import Bbox

from mood_evaluator.report.build import Part
from mood_evaluator.report.figure import Figure, Table
from mood_evaluator.version import __version__

_PAGE = (8.27, 11.69)  # A4, inches
_LINES = 46  # of a table on a page
_SVG: Any = {"svg.hashsalt": "mood", "svg.fonttype": "none", "font.size": 8}  # equal reports are equal bytes


def write_report(
    parts: Sequence[Part], folder: Path, *, title: str, on_figure: Callable[[], None] | None = None
) -> Path:
    """Write `report.html`, `report.pdf` and `csv/`; return the path of the first.

    `on_figure` is called whenever a figure has been drawn, for both files at once.
    """
    step = on_figure or (lambda: None)
    (folder / "csv").mkdir(parents=True, exist_ok=True)
    for part in parts:
        for item in part.items:
            _write_csv(folder / "csv" / f"{part.task}-{item.name}.csv", item)
    path = folder / "report.html"
    with mpl.rc_context(_SVG):
        pictures = _write_pdf(parts, folder / "report.pdf", title, step)
        path.write_text(_as_html(parts, pictures, title), encoding="utf-8")
    return path


def _as_html(parts: Sequence[Part], pictures: Mapping[str, str], title: str) -> str:
    environment = Environment(
        loader=PackageLoader("mood_evaluator.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["number"] = as_text
    template = environment.get_template("report.html")
    return template.render(parts=parts, pictures=pictures, title=title, evaluator=__version__)


def _as_picture(drawn: Canvas) -> str:
    """Return a data address of the drawing."""
    content = io.BytesIO()
    drawn.savefig(content, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(content.getvalue()).decode()


def as_text(value: Any) -> str:
    """Return a number as people read it; nothing for None."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) >= 1000 or value.is_integer() else f"{value:.3f}"
    return str(value)


def _write_csv(path: Path, item: Table | Figure) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        if item.rows:
            writer = csv.DictWriter(file, list(item.rows[0]))
            writer.writeheader()
            writer.writerows(item.rows)


def _write_pdf(parts: Sequence[Part], path: Path, title: str, step: Callable[[], None]) -> dict[str, str]:
    """Write all tables and figures; return the figures as data addresses, by task and name."""
    pictures = {}
    with PdfPages(path, metadata={"Title": title, "CreationDate": None}) as pages:
        for part in parts:
            for table in part.tables:
                for start in range(0, len(table.rows), _LINES):
                    pages.savefig(_table_page(table, start, f"{title}: {part.task} task"))
            for figure in part.figures:
                drawn = figure.draw()
                pictures[f"{part.task}-{figure.name}"] = _as_picture(drawn)
                drawn.suptitle(f"{figure.title}\n{figure.caption}", fontsize=8, wrap=True)
                pages.savefig(drawn)
                step()
    return pictures


def _table_page(table: Table, start: int, heading: str) -> Canvas:
    page = Canvas(figsize=_PAGE)
    page.text(0.07, 0.96, heading, fontsize=9, color="#555555")
    page.text(0.07, 0.935, table.title, fontsize=13)
    page.text(0.07, 0.917, table.caption, fontsize=8)
    rows = table.rows[start : start + _LINES]
    names = list(rows[0])
    axes = page.add_axes((0.07, 0.9 - 0.0185 * (len(rows) + 1), 0.86, 0.0185 * (len(rows) + 1)))
    axes.set_axis_off()
    cells = [[as_text(row[name]) for name in names] for row in rows]
    drawn = axes.table(cells, colLabels=names, bbox=Bbox.unit(), edges="horizontal", cellLoc="right")
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(max(4.0, min(8.0, 60 / len(names))))
    return page
