"""Sections of docs/study.md about what the ranking hides: Table 4.3 and Fig. 4.2 to 4.8 for our methods."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mood_studies.study.page.parts import Json, bullet, page_of, picture, table, text
from mood_studies.study.page.sentences import (
    ANATOMY,
    EVERYTHING,
    categories_say,
    difficulty_matters,
    difficulty_says,
    false_alarms_say,
    listed,
    number,
    percent,
    proxy_agrees,
    span,
    sweep_gain,
)
from mood_studies.study.scale import DATASETS

THESIS_PROXY = {
    ("sample", "brain"): 0.357,
    ("sample", "abdom"): 0.642,
    ("pixel", "brain"): 0.5,
    ("pixel", "abdom"): 1.0,
}
"""Table 4.3."""
GAINS = {
    "radius": "the larger half of the radii scores higher than the smaller half",
    "intensity": "both the darkest and the brightest quarter score higher than the middle",
}
FEW = 20  # scans of a kind, below which no rate of false alarms is given
KINDS = {"sample": "Fig. 4.5", "pixel": "Fig. 4.8"}


def proxy(document: Json, _: Path) -> str:
    rows = document["proxy"]
    heads = (
        "task, dataset",
        "tau-b, thesis",
        "tau-b, here",
        "95 %",
        "teams",
        "same winner",
        "best three shared",
    )
    if not rows:
        return ""
    return page_of(
        "## Do simple toy-ish scans predict the ranking? (Table 4.3)",
        text(
            f"{proxy_agrees(rows)}. Kendall's tau-b is 1 for the same order of teams and -1 for the "
            "reverse. The baselines that are there to be beaten make agreement easier, where both sets "
            "put them last."
        ),
        table(heads, [_proxy_row(row) for row in rows]),
        text(f"The intervals redraw the scans of both sets. {_widest(rows)}"),
        picture("proxy", "AP on toy-ish scans over AP on the test set"),
    )


def _proxy_row(row: Json) -> tuple[object, ...]:
    bounds = None if row["low"] is None else (row["low"], row["high"])
    winner = "yes" if row["same_winner"] else "no"
    taus = (f"{THESIS_PROXY[row['task'], row['dataset']]:.3f}", number(row["tau"]), span(bounds))
    name = f"{row['task']}, {ANATOMY[row['dataset']]}"
    return (name, *taus, len(row["teams"]), winner, row["shared_of_three"])


def _widest(rows: Sequence[Json]) -> str:
    known = [row for row in rows if row["low"] is not None]
    if not known:
        return ""
    row = max(known, key=lambda row: row["high"] - row["low"])
    bounds = span((row["low"], row["high"]), 2)
    which = f"{row['task']}, {ANATOMY[row['dataset']]}"
    return f"The widest, {bounds} ({which}), shows how little so few scans tell."


def sweeps(document: Json, _: Path) -> str:
    rows = document["sweeps"]
    if not rows:
        return ""
    subjects = rows[0]["subjects"]
    said = [
        "{}: {} for {} of {} teams".format(ANATOMY[row["dataset"]], GAINS[row["varied"]], *sweep_gain(row))
        for row in rows
    ]
    return page_of(
        "## Size and contrast (Fig. 4.4)",
        text(
            f"One sphere at one place in {subjects} subject{'s' * (subjects > 1)} of each dataset, that "
            "grows, or changes from black to white."
        ),
        "\n".join(map(bullet, said)),
        text(
            "AP rises with size also because a larger sphere makes more voxels abnormal; the dotted line "
            "of a constant guess shows by how much. So few subjects are an example, not an estimate."
        ),
        picture("sweeps", "AP over the radius and the intensity of a sphere"),
    )


def kinds(document: Json, folder: Path) -> str:
    found = document["kinds"]
    if not found:
        return ""
    return page_of(
        "## Kinds of anomalies (Fig. 4.5 to 4.8)",
        text(_who_is_median(document)),
        *(categories(task, part) for task, part in found.items()),
        difficulty(found),
        false_alarms(found["sample"], folder) if "sample" in found else "",
    )


def _who_is_median(document: Json) -> str:
    here = [row["title"] for row in document["times"] if row["title"] in document["trivial"]]
    left_out = f" {listed(here)} are there to be beaten and count in no median." if here else ""
    return (
        f"Scores of the median team on the scans of the test sets.{left_out} Sample task: a kind's scans "
        "against all normal ones, weighted to 50 : 50. Pixel task: the voxels of the kind's scans."
    )


def categories(task: str, found: Json) -> str:
    counts = [row["cases"] for part in found.values() for row in part["subcategory"]] or [0]
    here = span((min(counts), max(counts)), 0) if min(counts) < max(counts) else str(counts[0])
    few = f"Scans of a subcategory: {here}; read no single bar."
    return page_of(
        f"### {task.capitalize()} task, categories ({KINDS[task]})",
        text(f"{categories_say(found)}. {few}"),
        picture(f"categories-{task}", f"AP per kind of anomaly, {task} task"),
    )


def difficulty(found: Json) -> str:
    said = [
        f"{task.capitalize()} task: {words}."
        for task, part in found.items()
        if (words := difficulty_says(part))
    ]
    return page_of(
        "### Levels of difficulty (Fig. 4.6)",
        text(
            f"{difficulty_matters(found)}. {' '.join(said)} Levels come from the size of the "
            "change, not from people's judgement as in the thesis."
        ),
        picture("difficulty", "AP per level of difficulty"),
    )


def false_alarms(found: Json, folder: Path) -> str:
    datasets = [dataset for dataset in DATASETS if dataset in found]
    teams = sorted({team for part in found.values() for team in part["fpr_of_teams"]})
    rows = [(team, *(percent(found[d]["fpr_of_teams"].get(team)) for d in datasets)) for team in teams]
    known = any(rate is not None for part in found.values() for rate in part["fpr_of_teams"].values())
    drawn = (folder / "false-alarms.png").exists()
    return page_of(
        "### False alarms when 95 % are found (Fig. 4.7)",
        text(
            f"{false_alarms_say(found)}. Only groups of at least {FEW} abnormal scans have a rate. "
            + (f"For {EVERYTHING}:" if known else "")
        ),
        table(("team", *(f"FPR, {ANATOMY[dataset]}" for dataset in datasets)), rows) if known else "",
        picture("false-alarms", "False alarms per kind of anomaly") if drawn else "",
    )


def heat_maps(_: Json, folder: Path) -> str:
    shown = [
        picture(f"heat-maps-{dataset}", f"Pixel scores of the best teams on the {ANATOMY[dataset]}")
        for dataset in DATASETS
        if (folder / f"heat-maps-{dataset}.png").exists()
    ]
    if not shown:
        return ""
    return page_of(
        "## Heat maps (Fig. 4.2, 4.3)",
        text(
            "Scores run from the lowest (black) to the highest (yellow) of each slice, so that brightness "
            "cannot be compared between pictures."
        ),
        *shown,
    )
