"""Writes a report: one HTML file that needs nothing else, a PDF, and the numbers as CSV."""

import csv
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl

from mood_evaluator.report.blocks import Report
from mood_evaluator.report.html import SETTINGS, as_html
from mood_evaluator.report.pdf import write_pdf
from mood_evaluator.test_set import Task
from mood_evaluator.whole_file import whole_file


def write_report(report: Report, folder: Path, *, on_figure: Callable[[], None] | None = None) -> Path:
    """Write `report.html`, `report.pdf` and `csv/`; return the path of the first.

    What has no numbers has no CSV, and none of an earlier report stays. `on_figure` is called whenever a
    figure has been drawn, twice for each.
    """
    step = on_figure or (lambda: None)
    (folder / "csv").mkdir(parents=True, exist_ok=True)
    for task in Task:
        for old in (folder / "csv").glob(f"{task}-*.csv"):  # of a report that was here before
            old.unlink()
    for item in report.items:
        path = folder / "csv" / f"{item.task}-{item.name}.csv"
        with whole_file(path) as place, place.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(key for row in item.rows for key in row)))
            writer.writeheader()
            writer.writerows(item.rows)
    page = folder / "report.html"
    with mpl.rc_context(SETTINGS):
        with whole_file(page) as place:
            place.write_text(as_html(report, step), encoding="utf-8")
        with whole_file(folder / "report.pdf") as place:
            write_pdf(report, place, step)
    return page
