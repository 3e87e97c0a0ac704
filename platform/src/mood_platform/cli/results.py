"""`mood status`, `report`, `leaderboard`, `cancel`, `withdraw`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mood_platform.cli.case_table import ap_of, show_cases, show_warnings
from mood_platform.cli.changes_table import interval_of
from mood_platform.cli.choices import ChallengeSlug, Reference, find_challenge, find_submission, parse_task
from mood_platform.cli.client import Client, View, at
from mood_platform.cli.console import BLANK, AsJson, echo, emit, number, say, show_table
from mood_platform.cli.following import follow, percent_done, title
from mood_platform.cli.image import storage_line
from mood_platform.cli.problems import Problem
from mood_platform.documents.leaderboard import Board, LeaderboardCell, LeaderboardRow
from mood_platform.documents.toy_report import ToyReport


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
    emit(document) if as_json else show_report(_read_report(document))


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


def show_list(views: list[View]) -> None:
    """The edition is named where there is more than one."""
    columns = ["number", "name", "challenge", "task", "stage", "status", "submitted_at"]
    if len({one["challenge"] for one in views}) < 2:
        columns.remove("challenge")
    rows = [[f"#{one[name]}" if name == "number" else one[name] for name in columns] for one in views]
    titles = {"number": "", "submitted_at": "submitted"}
    show_table([titles.get(name, name) for name in columns], rows)
    for line in leaving([one["image"] for one in views]):
        say.print(line, style="yellow")


def leaving(images: list[View]) -> list[str]:
    """A line for each image that is about to be removed."""
    days = {one["id"]: (one["name"], one["leaves_at"]) for one in images if one["leaves_at"]}
    return [
        f"The image {name} is removed at {day}; keep a copy if you need it." for name, day in days.values()
    ]


def _show_one(view: View) -> None:
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


def show_report(report: ToyReport) -> None:
    """A table a Dataset, then what looks wrong."""
    echo(report.head)
    for dataset in sorted(report.datasets, key=lambda one: one.order):
        part = report.datasets[dataset]
        show_cases(part.cases, title=f"{dataset}: {ap_of(part)}", notes="notes")
    show_warnings(report.warnings)


def _save_report(document: Mapping[str, object], folder: Path) -> None:
    """As it came, and its logs."""
    report = _read_report(document)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    for dataset, part in report.datasets.items():
        for case in part.cases:
            name = f"{dataset}-{case.case}.log"
            if not Path(name).name == name:
                raise Problem(f"The platform sent a case name that is no file name: {case.case!r}.")
            (folder / name).write_text(case.log)
    say.print(f"Report and logs are in {folder}.")


def _read_report(document: object) -> ToyReport:
    return ToyReport.from_json(document, place="the report")


def show_leaderboard(view: Mapping[str, Any]) -> None:
    board = Board.from_json(view["document"], place="the leaderboard")
    show_board(board, version=view["version"])
    echo(f"published {view['published_at']}, digest {view['digest']}")


def show_board(board: Board, *, version: int | str) -> None:
    """Its rows and what has to be said with them."""
    columns = ["rank>", "team"]
    score = "sensitivity" if board.is_by_objects else "AP"
    for dataset in board.shown_datasets:
        columns += [f"{dataset} {score}>", "95 %"]
    title_text = f"{board.challenge.title}: {board.task} task, version {version}"
    rows = [_leaderboard_row(row, board) for row in board.rows]
    show_table((*columns, "mean rank>", "rank 95 %", "keeps place>"), rows, title=title_text)
    for sentence in (*_tell_significance(board), *board.sentences):
        echo(sentence)


def _leaderboard_row(row: LeaderboardRow, board: Board) -> list[str]:
    cells = [board.place(row), row.name]
    for dataset in board.shown_datasets:
        cell = row.datasets.get(dataset)
        cells += [number(cell.score, 4), _cell_interval(cell)] if cell else [BLANK, BLANK]
    return [
        *cells,
        number(row.mean_rank, 2),
        interval_of(row.rank_interval, "{:g}"),
        BLANK if row.keeps_place is None else f"{100 * row.keeps_place:.0f} %",
    ]


def _cell_interval(cell: LeaderboardCell) -> str:
    """With marks where the interval does not hold its score, or is made from rounded ones."""
    marks = {"not the score": cell.misses_score, "rounded": cell.is_rounded}
    told = ", ".join(mark for mark, holds in marks.items() if holds)
    shown = interval_of(cell.interval)
    return f"{shown} ({told})" if told else shown


def _tell_significance(board: Board) -> Iterator[str]:
    """How many pairs of teams truly differ; which ones is in the JSON and on the page."""
    for dataset, part in board.significance.items():
        differences = f"{len(part.certain)} of {len(part.pairs)} differences"
        yield f"{dataset}: {differences} between two teams are significant."
