"""`mood status`, `report`, `leaderboard`, `cancel`, `withdraw`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from mood_evaluator import Dataset
from mood_platform.cli.case_table import ap_of, show_cases, show_warnings
from mood_platform.cli.choices import ChallengeSlug, Reference, find_challenge, find_submission, parse_task
from mood_platform.cli.client import Client, at
from mood_platform.cli.console import BLANK, AsJson, echo, emit, number, say, show_table
from mood_platform.cli.following import follow, percent_done, title
from mood_platform.cli.image import storage_line
from mood_platform.cli.problems import Problem
from mood_platform.leaderboards.caveats import caveats_of


def status(
    reference: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="An id or number; all without.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Wait until nothing changes any more.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show your team's submissions, or one of them in full."""
    client = Client.member()
    if reference is None:
        views = list(client.items("/submissions"))
        if watch:
            views = follow(client, [view["id"] for view in views if not view["over"]])
        if as_json:
            emit(views)
        else:
            show_list(views)
            say.print(storage_line(client.get("/storage")))
        return
    view = find_submission(client, reference)
    if watch:
        [view] = follow(client, [view["id"]])
    emit(view) if as_json else _show_one(view)


def report(
    reference: Reference,
    output: Annotated[Path | None, typer.Option("-o", help="Folder for report.json and the logs.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the report of the toy cases: outcome, time, score and log of each."""
    client = Client.member()
    document = client.get(at("submissions", find_submission(client, reference)["id"], "report"))
    if output is not None:
        _save_report(document, output)
    emit(document) if as_json else show_report(document)


def leaderboard(
    task: Annotated[str, typer.Argument(help="sample or pixel.")],
    challenge: ChallengeSlug = None,
    version: Annotated[int | None, typer.Option(help="An older version; default: the newest.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the published leaderboard of a Task."""
    chosen = parse_task(task)
    client = Client.visitor()
    slug = find_challenge(client, challenge)["slug"]
    view = client.get(at("leaderboards", slug, chosen), version=version)
    emit(view) if as_json else show_leaderboard(view)


def cancel(reference: Reference) -> None:
    """Take a submission back before it has started; it does not count."""
    _act(reference, "cancel")


def withdraw(reference: Reference) -> None:
    """Withdraw a submission; it stays counted, and the one before it stands for your team."""
    _act(reference, "withdraw")


def _act(reference: str, action: str) -> None:
    client = Client.member()
    view = client.post(at("submissions", find_submission(client, reference)["id"], action))
    say.print(f"{title(view)}: {view['sentence']}")


def show_list(views: list[dict[str, Any]]) -> None:
    """The edition is named where there is more than one."""
    columns = ["number", "name", "challenge", "task", "stage", "status", "submitted_at"]
    if len({one["challenge"] for one in views}) < 2:
        columns.remove("challenge")
    rows = [[f"#{one[name]}" if name == "number" else one[name] for name in columns] for one in views]
    titles = {"number": "", "submitted_at": "submitted"}
    show_table([titles.get(name, name) for name in columns], rows)
    for line in leaving([one["image"] for one in views]):
        say.print(line, style="yellow")


def leaving(images: list[dict[str, Any]]) -> list[str]:
    """A line for each image that is about to be removed."""
    days = {one["id"]: (one["name"], one["leaves_at"]) for one in images if one["leaves_at"]}
    return [
        f"The image {name} is removed at {day}; keep a copy if you need it." for name, day in days.values()
    ]


def _show_one(view: dict[str, Any]) -> None:
    echo(f"{title(view)}  {view['name']}\n{view['sentence']}\n{view['next']}")
    if not view["over"]:
        echo(f"{percent_done(view)} % done")
    for failure in view["run"]["failures"]:
        band = f" ({failure['band']} of the hidden cases)" if failure["band"] else ""
        echo(f"- {failure['text']}{band}")
    if view["run"]["slowest"] and not view["run"]["few_told"]:
        echo("A reason that fewer than 5 % of the hidden cases met is told once the edition has closed.")
    for kind in ("predictions", "logs"):
        if (removed := view["run"][f"{kind}_removed_at"]) is not None:
            echo(f"Its {kind} were removed at {removed} by the rules; scores and reports stay.")
    for hold in view["holds"]:
        echo(f"Kept until {hold['until']}: {hold['reason']}")
    for line in leaving([view["image"]]):
        echo(line)
    if view["run"]["slowest"]:
        echo(f"Slowest case: {view['run']['slowest']} of the time limit")
    echo(view["links"]["page"])


def show_report(document: dict[str, Any]) -> None:
    """A table a Dataset, then what looks wrong."""
    echo(document["head"])
    for dataset in (dataset for dataset in Dataset if dataset in document["datasets"]):
        part = document["datasets"][dataset]
        show_cases(part["cases"], title=f"{dataset}: {ap_of(part)}", notes="notes")
    show_warnings(document["warnings"])


def _save_report(document: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    for dataset, part in document["datasets"].items():
        for case in part["cases"]:
            name = f"{dataset}-{case['case']}.log"
            if not Path(name).name == name:
                raise Problem(f"The platform sent a case name that is no file name: {case['case']!r}.")
            (folder / name).write_text(case.get("log") or "")
    say.print(f"Report and logs are in {folder}.")


def show_leaderboard(view: dict[str, Any]) -> None:
    show_board(view["document"], version=view["version"])
    echo(f"published {view['published_at']}, digest {view['digest']}")


def show_board(document: dict[str, Any], *, version: int | str) -> None:
    """Its rows and what has to be said with them."""
    columns = ["rank>", "team"]
    datasets = [str(dataset) for dataset in Dataset if dataset in document["datasets"]]
    score = "sensitivity" if document.get("ranked_by") else "AP"
    for dataset in datasets:
        columns += [f"{dataset} {score}>", "95 %"]
    title_text = f"{document['challenge']['title']}: {document['task']} task, version {version}"
    rows = [_leaderboard_row(row, datasets, document["rows"]) for row in document["rows"]]
    show_table((*columns, "mean rank>", "rank 95 %", "keeps place>"), rows, title=title_text)
    for sentence in (*_tell_significance(document), *caveats_of(document)):
        echo(sentence)


def _leaderboard_row(row: dict[str, Any], datasets: list[str], rows: list[dict[str, Any]]) -> list[str]:
    tied = row["rank"] is not None and sum(one["rank"] == row["rank"] for one in rows) > 1
    cells = [
        f"{row['rank']}{'=' if tied else ''}" if row["rank"] is not None else row["standing"],
        row["name"],
    ]
    for dataset in datasets:
        cell = row["datasets"].get(dataset) or {}
        cells += [number(cell.get("score"), 4), _cell_interval(cell)]
    keeps = row["keeps_place"]
    return [
        *cells,
        number(row["mean_rank"], 2),
        _interval(row["rank_interval"], "{:g}"),
        BLANK if keeps is None else f"{100 * keeps:.0f} %",
    ]


def _cell_interval(cell: dict[str, Any]) -> str:
    """With marks where the interval does not hold its score, or is made from rounded ones."""
    marks = {
        "not the score": cell.get("interval_holds_score") is False,
        "rounded": cell.get("interval_rounded", False),
    }
    told = ", ".join(mark for mark, holds in marks.items() if holds)
    shown = _interval(cell.get("interval"), "{:.4f}")
    return f"{shown} ({told})" if told else shown


def _tell_significance(document: dict[str, Any]) -> Iterator[str]:
    """How many pairs of teams truly differ; which ones is in the JSON and on the page."""
    for dataset, part in document.get("significance", {}).items():
        certain = sum(p <= part["level"] for *_, p in part["pairs"])
        yield f"{dataset}: {certain} of {len(part['pairs'])} differences between two teams are significant."


def _interval(bounds: list[float] | None, form: str) -> str:
    return " to ".join(form.format(bound) for bound in bounds) if bounds else BLANK
