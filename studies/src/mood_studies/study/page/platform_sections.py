"""Sections of docs/study.md: how the study was made, its leaderboards, seconds per case and toy scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mood_studies.study.page.analysis_sections import heat_maps, kinds, proxy, sweeps
from mood_studies.study.page.parts import Json, bullet, page_of, picture, table, text, told_from
from mood_studies.study.page.sentences import (
    ANATOMY,
    counted,
    in_dataset_order,
    listed,
    number,
    percent,
    span,
    times_say,
    who_leads,
)
from mood_studies.study.scale import DATASETS, TASKS

NUMBERS = "platform.json"
NOTHING = "–"  # noqa: RUF001 - stands where there is no number
THESIS_BOARDS = {
    "FPI": (0.962, 0.874, 0.449, 0.394),
    "DAE + spheres (Canon)": (0.845, 0.871, 0.416, 0.288),
    "VQVAE + PixelSNAIL (Marimont)": (0.873, 0.874, 0.273, 0.217),
    "Deep perceptual AE (Tuluptceva)": (0.840, 0.861, 0.211, 0.221),
    "Inpainting U-Net (NUDT)": (0.792, 0.876, 0.201, 0.239),
    "PCA residual (Saase)": (0.800, 0.770, 0.204, 0.014),
}
"""Tables 4.1 and 4.2: sample brain, sample abdomen, pixel brain, pixel abdomen."""


def made(document: Json, _: Path) -> str:
    how = document["made"]
    machines = listed([f"{one['cores']} cores of {one['cpu']}" for one in how["machines"]])
    hours = sum(how["seconds"].values()) / 3600
    steps = [(step, f"{seconds / 60:.1f}") for step, seconds in how["seconds"].items()]
    limits, commands = how["limits"], ", then ".join(f"`{command}`" for command in how["commands"])
    heads = ("test set", *(head for task in TASKS for head in (f"scans, {task}", "abnormal")), "real people")
    return page_of(
        "## How it was made",
        text(
            f"{commands}: {len(how['methods'])} methods, {hours:.1f} hours on {machines}. What "
            "was there before, weights for example, is not in these hours. Each method was "
            "trained once, with one seed; nothing was chosen by looking at these test sets."
        ),
        table(("step", "minutes"), steps),
        table(heads, [_set_row(one) for one in how["test_sets"]]),
        text(
            f"Limits per case: {limits['seconds']:g} s, {limits['cpus']:g} CPU, "
            f"{limits['memory'] / 2**30:g} GiB of memory, {limits['gpus']} GPUs."
        ),
        text(
            f"The scored runs stay in `demo-data/study/{how['scale']}/scored/`: `mood-evaluate report` "
            "makes a report of them with every table and plot there is."
        ),
        "\n".join(bullet(f"**{method} failed**: {why}") for method, why in how["failed"].items()),
    )


def _set_row(one: Json) -> tuple[object, ...]:
    counts = [count for task in TASKS for count in one["cases"].get(task, (NOTHING, NOTHING))]
    return (f"`{one['name']}`", *counts, one["subjects"])


def caveats(document: Json, _: Path) -> str:
    how = document["made"]
    people = sum(one["subjects"] for one in how["test_sets"] if one["name"].startswith("test-"))
    scans = [
        f"{board['datasets'][dataset]['abnormal']} ({task}, {ANATOMY[dataset]})"
        for task, board in document["boards"].items()
        for dataset in in_dataset_order(board["datasets"])
    ]
    grown = f"""All scans are grown from {people} real people: their variety is deformation, contrast and
        noise. A ranking here says nothing about patients. The sets were built without a secret, so anybody
        can rebuild the labels."""
    small = f"""The test sets are small: {listed(scans)} abnormal scans. The intervals below are wide for that
        reason. They cover the draw of scans, and neither the training's seed nor the recipe."""
    once = """Each method was trained once, within the budget of one profile. A low place may mean that the
        budget was too small. Without more seeds no order of two methods counts as shown, significant or
        not."""
    coarse = f"Scans have {how['side']} voxels along each side; those of MOOD have 256 and 512."
    said = (grown, small, once, coarse)
    return page_of("## What cannot be concluded", "\n".join(map(bullet, said)))


def training(document: Json, _: Path) -> str:
    rows = [
        (row["title"], row["section"], row["profile"], f"{row['seconds']:.0f}", f"{row['megabytes']:.1f}")
        for row in document["training"]
    ]
    heads = ("method", "thesis", "profile", "seconds of training, both datasets", "weights, MB")
    return page_of("## The methods", table(heads, rows))


def leaderboards(document: Json, _: Path) -> str:
    boards = document["boards"]
    parts = [board_text(task, board) for task, board in boards.items()]
    return page_of("## Leaderboards", *parts, beside_the_thesis(boards))


def board_text(task: str, board: Json) -> str:
    found = {dataset: board["datasets"][dataset] for dataset in DATASETS if dataset in board["datasets"]}
    heads = ["team", "rank", "95 %"]
    for dataset in found:
        heads += [f"AP, {ANATOMY[dataset]}", "95 %", "rank", "95 %"]
    guess = [f"{number(part['chance']['constant'])} ({ANATOMY[d]})" for d, part in found.items()]
    unbeaten = [f"{len(part['pairs']['unbeaten'])} ({ANATOMY[d]})" for d, part in found.items()]
    moved = sum(part["moved"] for part in found.values())
    batches = f"The second batching changes the order of {moved} pairs." if task == "pixel" else ""
    return page_of(
        f"### {task.capitalize()} task",
        text(
            f"{who_leads(board)} (paired bootstrap of scans, {board.get('adjusted_by', 'Holm')} over all "
            f"pairs, 5 %). A constant guess "
            f"scores {listed(guess)}. Teams that no other beats significantly: {listed(unbeaten)}. "
            f"{batches}"
        ),
        picture(f"leaderboard-{task}", f"Scores of the {task} task with their intervals"),
        table(heads, [_board_row(row, list(found)) for row in board["rows"]]),
        f"The platform published this as: *{board['disclaimer']}*." if board["disclaimer"] else "",
    )


def _board_row(row: Json, datasets: Sequence[str]) -> list[str]:
    cells = [row["name"], str(row["rank"] or NOTHING), span(row["rank_interval"], 0)]
    for dataset in datasets:
        cell = row["datasets"][dataset]
        cells += [number(cell["score"]), span(cell["interval"])]
        cells += [str(cell["rank"] or NOTHING), span(cell["rank_interval"], 0)]
    return cells


def beside_the_thesis(boards: Json) -> str:
    """The entries of MOOD 2020, in the thesis and here; nothing where no such method took part."""
    rows = [
        (name, *(cell for pair in zip(map(number, published), own, strict=True) for cell in pair))
        for name, published in THESIS_BOARDS.items()
        if len(own := _scores_of(name, boards)) == len(published)
    ]
    columns = [f"{task}, {ANATOMY[dataset]}" for task in TASKS for dataset in DATASETS]
    heads = (
        "entry of MOOD 2020",
        *(f"{column}: {where}" for column in columns for where in ("thesis", "here")),
    )
    if not rows:
        return ""
    return page_of(
        "### Beside the thesis",
        text(
            "The thesis scored the authors' own containers on hidden real scans; here implementations "
            "made from their descriptions met grown scans. The columns share a method's name and no scan, "
            f"so only orders could be compared, and {counted(len(rows), 'entry')} with one seed each "
            "cannot show one."
        ),
        table(heads, rows),
    )


def _scores_of(name: str, boards: Json) -> list[str]:
    return [
        number(row["datasets"][dataset]["score"])
        for task in TASKS
        for dataset in DATASETS
        for row in boards.get(task, {"rows": []})["rows"]
        if row["name"] == name and dataset in row["datasets"]
    ]


def times(document: Json, _: Path) -> str:
    rows = [_time_row(row) for row in sorted(document["times"], key=lambda row: row["median"])]
    heads = ("method", "with", "cases", "not scored", "median, s", "95 % below", "longest", "median of limit",
             "longest of limit")  # fmt: skip
    return page_of(
        "## Seconds per case",
        text(
            "From a container's start to its end, in all stages, with one CPU each and other containers "
            f"beside it. {times_say(document['times'])}."
        ),
        table(heads, rows),
    )


def _time_row(row: Json) -> tuple[object, ...]:
    seconds = [row[name] for name in ("median", "p95", "longest")]
    shares = [percent(row[name] / row["limit"]) for name in ("median", "longest")]
    runtime = "PyTorch" if row["torch"] else "NumPy"
    return (
        row["title"],
        runtime,
        row["cases"],
        row["not_succeeded"],
        *(f"{s:.1f}" for s in seconds),
        *shares,
    )


def toy(document: Json, _: Path) -> str:
    scores = {(row["title"], row["task"], row["test_set"]): row["ap"] for row in document["toy"]}
    columns = [(task, dataset) for task in TASKS for dataset in DATASETS]
    rows = [
        (title, *(number(scores.get((title, task, f"toy-{dataset}"))) for task, dataset in columns))
        for title in dict.fromkeys(row["title"] for row in document["toy"])
    ]
    cases = listed([str(count) for count in sorted({row["cases"] for row in document["toy"]})])
    return page_of(
        "## Toy stage",
        text(
            f"AP on the public toy scans, {cases} for each dataset. They show that a container works, and "
            "predict no rank."
        ),
        table(("team", *(f"{task}, {ANATOMY[dataset]}" for task, dataset in columns)), rows),
    )


PARTS = (made, caveats, training, leaderboards, proxy, sweeps, kinds, heat_maps, times, toy)
SECTIONS = [told_from(NUMBERS, part) for part in PARTS]
