"""`mood admin draft`, `publish`, `rescore`, `rescorings`: leaderboards, and what they are made of."""

from __future__ import annotations

import time
from typing import Annotated, Any, Protocol

import typer

from mood_platform.cli.asking import confirm
from mood_platform.cli.changes_table import show_changes
from mood_platform.cli.choices import ASKED, ChallengeSlug, Tasks, find_challenge, parse_task, parse_tasks
from mood_platform.cli.client import Client, View, at, patiently
from mood_platform.cli.console import AsJson, emit, say, show_table, steps_bar
from mood_platform.cli.drop_table import show_proposal
from mood_platform.cli.following import EVERY_SECONDS
from mood_platform.cli.results import show_board
from mood_platform.documents.draft import Draft

LONGEST_WAIT = 600
"""Looks, a second apart, at whether all intervals are made."""
TaskName = Annotated[str, typer.Argument(metavar="TASK", help="sample or pixel.")]


class Drafts(Protocol):
    """Of a client, what asks for a draft."""

    def get(self, place: str, /) -> Any: ...


def draft(task: TaskName, challenge: ChallengeSlug = None, as_json: AsJson = False) -> None:
    """Show what publishing now would say, what it would change, and what it would leave out."""
    client = Client.member()
    chosen = parse_task(task)
    slug = find_challenge(client, challenge)["slug"]
    place = at("admin", "leaderboards", slug, chosen, "draft")
    if as_json:
        emit(client.get(place))
        return
    made = read_draft(client, place)
    if made.rows:
        show_board(made, version="draft")
    else:
        say.print(f"Nothing to publish for the {chosen} task of {slug}: no team has a result there yet.")
    if made.changes:
        show_changes(made.changes)
    _show_waiting(made)
    if made.drop is not None:
        show_proposal(made.drop)
    for warning in made.warnings:
        say.print(warning, style="yellow")


def read_draft(client: Drafts, place: str) -> Draft:
    return Draft.from_json(client.get(place), place="the draft")


def _show_waiting(made: Draft) -> None:
    for one in made.pending:
        what = "cases of it are parked" if one.parked else "still running"
        say.print(f"{what}: {one.team}#{one.submission}")
        for case in one.parked_cases:
            say.print(f"  {case.dataset} case {case.case}: may be dropped for everybody")
    if (rescoring := made.rescoring_pending) is not None:
        say.print(f"rescoring {rescoring.number}: {rescoring.told}")
    for entry in made.replicates_pending:
        problem = f": {entry.problem}" if entry.problem else ""
        say.print(f"intervals are being made: {entry.team}#{entry.submission}{problem}")


def publish(
    task: TaskName,
    challenge: ChallengeSlug = None,
    note: Annotated[str, typer.Option(help="A sentence shown with this version.")] = "",
    before_close: Annotated[
        bool, typer.Option("--before-close", help="Publish although teams can still submit.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish the leaderboard of a Task as a new version that never changes."""
    client = Client.member()
    chosen = parse_task(task)
    slug = find_challenge(client, challenge)["slug"]
    place = at("admin", "leaderboards", slug, chosen)
    await_intervals(client, f"{place}/draft")
    if not yes:
        draft(task, challenge)
        confirm("Publish this?", declined="Nothing was published.")
    body = {"note": note, "before_close": before_close}
    view = client.post(f"{place}/publish", body)
    emit(view) if as_json else say.print(f"Published version {view['version']}, digest {view['digest']}.")


def await_intervals(client: Drafts, place: str, *, rest: float = EVERY_SECONDS) -> None:
    """As long as the platform makes them without a problem; what stays is told when publishing is refused."""
    told = False
    for _ in range(LONGEST_WAIT):
        waiting = patiently(lambda: read_draft(client, place)).replicates_pending
        if not waiting or any(one.problem for one in waiting):
            return
        if not told:
            say.print(f"The intervals of {len(waiting)} entries are being made; this is waited for.")
            told = True
        time.sleep(rest)


def rescore(
    reason: Annotated[
        str,
        typer.Option(prompt="What was corrected", help=f"Written down for good. {ASKED}"),
    ],
    task: Tasks = None,
    challenge: ChallengeSlug = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Wait until it is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score all Runs again on the newest test sets, from kept predictions: no container runs."""
    client = Client.member()
    slug = find_challenge(client, challenge)["slug"]
    place = at("admin", "challenges", slug, "rescorings")
    views = [client.post(place, {"task": one, "reason": reason}) for one in parse_tasks(task)]
    if watch:
        views = _follow(client, place, views)
    emit(views) if as_json else _show(views)


def rescorings(
    challenge: ChallengeSlug = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Wait until none is live.")] = False,
    as_json: AsJson = False,
) -> None:
    """List rescorings, newest first, with what could not be scored and why."""
    client = Client.member()
    place = at("admin", "challenges", find_challenge(client, challenge)["slug"], "rescorings")
    views = list(client.items(place))
    if watch:
        views = _follow(client, place, views)
    emit(views) if as_json else _show(views)


def _follow(client: Client, place: str, views: list[View]) -> list[View]:
    """A bar each, until all are over; their last views."""
    wanted = [_key(view) for view in views]
    with steps_bar() as bar:
        bars = {
            _key(view): bar.add_task(_name(view), total=view["runs"]) for view in views if not view["over"]
        }
        while True:
            found = {_key(view): view for view in patiently(lambda: list(client.items(place)))}
            for key, task in bars.items():
                bar.update(task, completed=found[key]["runs"] - found[key]["waiting"])
            if all(found[key]["over"] for key in wanted):
                return [found[key] for key in wanted]
            time.sleep(EVERY_SECONDS)


def _key(view: View) -> tuple[str, int]:
    return view["task"], view["number"]


def _name(view: View) -> str:
    return f"{view['task']} rescoring {view['number']}"


def _show(views: list[View]) -> None:
    columns = (
        "task",
        "number>",
        "use",
        "when",
        "who",
        "evaluator",
        "scoring version>",
        "runs>",
        "scored>",
        "waiting>",
        "failed>",
        "why",
    )
    rows = [
        (
            view["task"],
            view["number"],
            "on boards" if view["decided"] else "proposed",
            *(
                view[name]
                for name in (
                    "created_at",
                    "actor",
                    "evaluator",
                    "scoring_version",
                    "runs",
                    "scored",
                )
            ),
            view["waiting"],
            len(view["failed"]),
            view["reason"],
        )
        for view in views
    ]
    show_table(columns, rows)
    for view in views:
        for dataset, cases in view["dropped"].items():
            say.print(f"{_name(view)}: without {dataset} {', '.join(cases)}")
        for one in view["failed"]:
            say.print(
                f"{_name(view)}: {one['team']}#{one['submission']}: {one['problem']}",
                style="yellow",
            )
