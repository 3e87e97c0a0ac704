"""`mood admin`: what organizers do over the API, with their own token."""

from __future__ import annotations

from typing import Annotated

import typer

from mood_platform.cli import (
    admin_apply,
    admin_boards,
    admin_drops,
    admin_keeping,
    admin_local,
    admin_waiting,
    entry,
)
from mood_platform.cli.choices import ForOrganizers, ForTeam, RunId, find_id, find_run_id
from mood_platform.cli.client import Client, View, at
from mood_platform.cli.commands import Commands
from mood_platform.cli.console import AsJson, emit, say, show_table

app = Commands(no_args_is_help=True, help="For organizers: review, rerun, exclude, publish; and set up.")
Id = Annotated[
    str,
    typer.Argument(metavar="ID", help="handle#3, as `mood admin submissions` lists it; or its id."),
]
ON_THIS_MACHINE = "On the server"

app.command()(admin_waiting.status)
app.command()(admin_waiting.nodes)
app.add_typer(admin_waiting.node, name="node")
app.command()(admin_waiting.resume)
app.command()(admin_waiting.decide)
app.command()(admin_boards.draft)
app.command()(admin_boards.publish)
app.command("drop-case")(admin_drops.drop_case)
app.command("undrop-case")(admin_drops.undrop_case)
app.command()(admin_boards.rescore)
app.command()(admin_boards.rescorings)
app.command()(admin_keeping.retention)
app.command()(admin_keeping.storage)
app.command()(admin_keeping.holds)
app.command()(admin_keeping.hold)
app.command()(admin_keeping.unhold)
app.command()(entry.entries)
app.command()(entry.admit)
app.command()(entry.refuse)
app.command("import", rich_help_panel=ON_THIS_MACHINE)(admin_local.import_test_sets)
app.command()(admin_apply.example)
app.command(rich_help_panel=ON_THIS_MACHINE)(admin_apply.apply)
app.command(rich_help_panel=ON_THIS_MACHINE)(admin_local.make_organizer)
app.command(rich_help_panel=ON_THIS_MACHINE)(admin_local.remove_organizer)
app.command(rich_help_panel=ON_THIS_MACHINE)(admin_local.make_reference)
app.command(rich_help_panel=ON_THIS_MACHINE)(admin_local.remove_reference)
app.command(rich_help_panel=ON_THIS_MACHINE)(admin_local.export)


@app.command()
def submissions(
    challenge: Annotated[str | None, typer.Option(help="Only of this edition.")] = None,
    team: Annotated[str | None, typer.Option(help="Only of the team with this handle.")] = None,
    as_json: AsJson = False,
) -> None:
    """List all teams' submissions."""
    views = list(Client.member().items("/admin/submissions", challenge=challenge, team=team))
    if as_json:
        emit(views)
        return
    rows = [
        (
            f"{one['team']['handle']}#{one['number']}",
            one["challenge"],
            one["task"],
            one["stage"],
            one["state"],
            one["submitted_at"],
            ", ".join(f"/{run['number']} {run['stage']} {_standing(run)}" for run in one["runs"]),
        )
        for one in views
    ]
    show_table(("submission", "challenge", "task", "stage", "state", "submitted", "runs"), rows)


def _standing(run: View) -> str:
    return "void" if run["voided_at"] else str(run["state"])


@app.command()
def show(
    identity: Id,
    *,
    history: Annotated[
        bool, typer.Option("--history", help="Only what happened to it, step by step, as a table.")
    ] = False,
) -> None:
    """Everything about one submission, case by case, as JSON; its history too."""
    client = Client.member()
    view = client.get(_place(client, identity))
    for run in view["runs"]:
        run["name"] = f"{view['team']['handle']}#{view['number']}/{run['number']}"
    if history:
        _show_history(view)
    else:
        emit(view)


def _show_history(view: View) -> None:
    """Of the submission and of its runs, oldest first."""
    events = [("", event) for event in view["history"]]
    events += [(f"/{run['number']}", event) for run in view["runs"] for event in run["history"]]
    rows = [
        (one["at"], run, one["what"], one["before"], one["after"], one["reason"], one["node"])
        for run, one in sorted(events, key=lambda pair: str(pair[1]["at"]))
    ]
    show_table(("when", "run", "what", "from", "to", "why", "node"), rows)


@app.command()
def analyse(
    identity: Id, test_sets: Annotated[list[str], typer.Argument(help="Names of installed test sets.")]
) -> None:
    """Run a submission on further test sets: last in the queue, never counted."""
    client = Client.member()
    emit(client.post(_place(client, identity, "analyse"), {"test_sets": test_sets}))


@app.command()
def rerun(identity: Id, reason: ForOrganizers) -> None:
    """Start a new Run of a submission; order and quota stay as they are."""
    client = Client.member()
    emit(client.post(_place(client, identity, "rerun"), {"reason": reason}))


@app.command()
def exclude(identity: Id, reason: ForTeam) -> None:
    """Take a submission out of the ranking, and end its run in hand; `include` takes it back."""
    client = Client.member()
    client.post(_place(client, identity, "exclude"), {"reason": reason})
    say.print("Excluded.")


@app.command()
def include(identity: Id, reason: ForTeam) -> None:
    """Take an exclusion back; a run that it ended starts anew."""
    client = Client.member()
    client.post(_place(client, identity, "include"), {"reason": reason})
    say.print("Included again.")


@app.command()
def priority(
    identity: Id,
    reason: ForOrganizers,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="It takes its turn like all others again.")] = False,
) -> None:
    """Let a submission go first: its cases come before those of all others."""
    step = "unprioritize" if undo else "prioritize"
    client = Client.member()
    client.post(_place(client, identity, step), {"reason": reason})
    say.print("It takes its turn again." if undo else "It gets the next free slots.")


@app.command()
def cancel(run: RunId, reason: ForOrganizers) -> None:
    """End a live Run, such as one that is stuck; it costs the team no attempt."""
    _act_on_run(run, "cancel", reason)
    say.print("Cancelled.")


@app.command()
def void(run: RunId, reason: ForOrganizers) -> None:
    """Void a scored Run, so that a later one counts; `unvoid` takes it back."""
    _act_on_run(run, "void", reason)
    say.print("Voided.")


@app.command()
def unvoid(run: RunId, reason: ForOrganizers) -> None:
    """Let a voided Run count again."""
    _act_on_run(run, "unvoid", reason)
    say.print("It counts again.")


@app.command()
def audit(as_json: AsJson = False) -> None:
    """Who did what, and why; newest first."""
    events = list(Client.member().items("/admin/audit"))
    if as_json:
        emit(events)
        return
    rows = [(one["at"], one["actor"], one["action"], one["subject"], one["reason"]) for one in events]
    show_table(("when", "who", "what", "on", "why"), rows)


def _place(client: Client, identity: str, *action: str) -> str:
    return at("admin", "submissions", find_id(client, identity), *action)


def _act_on_run(run: str, action: str, reason: str) -> None:
    client = Client.member()
    client.post(at("admin", "runs", find_run_id(client, run), action), {"reason": reason})
