"""Gathers what offline.py found into docs/study/orderings.json and draws a picture of each comparison."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Canvas

from mood_evaluator.plots import LIGHT
from mood_studies.study.orderings.experiments import EXPERIMENTS
from mood_studies.study.orderings.sets import PLACE
from mood_studies.study.page.figures import SMALL, TEXT, panels, save
from mood_studies.study.page.orderings_section import FILE, MEASURES
from mood_studies.study.page.parts import Json
from mood_studies.study.page.sentences import counted


def gather(results: Path) -> dict[str, Any]:
    """Return all experiments that have ended, with their words, in the order of the thesis."""
    found = {}
    for experiment in EXPERIMENTS:
        path = results / f"{experiment.key}.json"
        if path.exists():
            words = {
                name: getattr(experiment, name) for name in ("title", "source", "measure", "test", "also")
            }
            found[experiment.key] = {**words, **json.loads(path.read_text())}
    return found


def draw_experiment(part: Json) -> Canvas:
    """A dot for each line of the table, with the interval over seeds and scans."""
    rows, measure = part["rows"], part["measure"]
    sign = -1 if measure == "mse" else 1
    shown = sum(one["reproduced"] for one in part["orderings"])
    title = f"{part['title']}: {shown} of {counted(len(part['orderings']), 'ordering')} reproduced"
    figure, ((axes,),) = panels(1, 1, 1.1 + 0.26 * len(rows), title)
    for place, row in enumerate(rows):
        value = row[measure]
        axes.hlines(place, sign * value["low"], sign * value["high"], color=LIGHT.accent, linewidth=1.6)
        axes.plot(sign * value["mean"], place, "o", color=LIGHT.accent, markersize=5)
    if measure in part["body"]:
        axes.axvline(
            part["body"][measure], color=LIGHT.quiet, linestyle=":", linewidth=1.2, label="the body alone"
        )
        figure.legend(loc="outside lower center", fontsize=SMALL, frameon=False)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=TEXT)
    axes.set_xlabel(f"{MEASURES[measure]}; line: 95 % interval over seeds and scans", fontsize=SMALL)
    axes.invert_yaxis()
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=PLACE / "results", help="what offline.py wrote")
    parser.add_argument("--docs", type=Path, default=Path("docs/study"))
    options = parser.parse_args()
    document = gather(options.results)
    options.docs.mkdir(parents=True, exist_ok=True)
    (options.docs / FILE).write_text(json.dumps(document, indent=1) + "\n")
    for key, part in document.items():
        save(draw_experiment(part), options.docs / f"ordering-{key}.png")


if __name__ == "__main__":
    main()
