"""`mood admin`: what organizers do over the API, with their own token."""

from __future__ import annotations

from typing import Annotated

import typer

from mood_platform.cli import admin_boards, admin_local
from mood_platform.cli.client import Client
from mood_platform.cli.console import AsJson, emit, say, show_table

app = typer.Typer(no_args_is_help=True, help="For organizers: review, rerun, exclude, publish; and set up.")
Id = Annotated[
    str, typer.Argument(metavar="ID", help="A submission's id: `mood admin submissions` lists them.")
]
Reason = Annotated[str, typer.Option(prompt="Why", help="Written down for good; teams read it.")]
ON_THIS_MACHINE = "On the server"

app.command()(admin_boards.draft)
app.command()(admin_boards.publish)
app.command()(admin_boards.rescore)
app.command()(admin_boards.rescorings)
app.command("import", rich_help_panel=ON_THIS_MACHINE)(admin_local.import_test_sets)
app.command(rich_help_panel=ON_THIS_MACHINE)(admin_local.apply)
app.command(rich_help_panel=ON_THIS_MACHINE)(admin_local.make_organizer)
app.command(rich_help_panel=ON_THIS_MACHINE)(admin_local.make_reference)
app.command(rich_help_panel=ON_THIS_MACHINE)(admin_local.export)


@app.command()
def submissions(as_json: AsJson = False) -> None:
    """List all teams' submissions."""
    views = list(Client.member().items("/admin/submissions"))
    if as_json:
        emit(views)
        return
    rows = [
        (
            one["id"],
            f"{one['team']['slug']} #{one['number']}",
            one["task"],
            one["stage"],
            one["state"],
            ", ".join(f"{run['stage']} {run['number']} {run['state']}" for run in one["runs"]),
        )
        for one in views
    ]
    show_table(("id", "team", "task", "stage", "state", "runs"), rows)


@app.command()
def show(identity: Id) -> None:
    """Everything about one submission, case by case, as JSON."""
    emit(Client.member().get(f"/admin/submissions/{identity}"))


@app.command()
def analyse(
    identity: Id, test_sets: Annotated[list[str], typer.Argument(help="Names of installed test sets.")]
) -> None:
    """Run a submission on further test sets: last in the queue, never counted."""
    emit(Client.member().post(f"/admin/submissions/{identity}/analyse", {"test_sets": test_sets}))


@app.command()
def rerun(identity: Id, reason: Reason) -> None:
    """Start a new Run of a submission; order and quota stay as they are."""
    emit(Client.member().post(f"/admin/submissions/{identity}/rerun", {"reason": reason}))


@app.command()
def exclude(identity: Id, reason: Reason) -> None:
    """Take a submission out of the ranking; its team reads the reason."""
    Client.member().post(f"/admin/submissions/{identity}/exclude", {"reason": reason})
    say.print("Excluded.")


@app.command()
def cancel(run: Annotated[str, typer.Argument(metavar="RUN", help="A Run's id.")], reason: Reason) -> None:
    """End a live Run, such as one that is stuck; it costs the team no attempt."""
    Client.member().post(f"/admin/runs/{run}/cancel", {"reason": reason})
    say.print("Cancelled.")


@app.command()
def void(run: Annotated[str, typer.Argument(metavar="RUN", help="A Run's id.")], reason: Reason) -> None:
    """Void a scored Run, so that a later one counts."""
    Client.member().post(f"/admin/runs/{run}/void", {"reason": reason})
    say.print("Voided.")


@app.command()
def audit(as_json: AsJson = False) -> None:
    """Who did what, and why; newest first."""
    events = list(Client.member().items("/admin/audit"))
    if as_json:
        emit(events)
        return
    rows = [(one["at"], one["actor"], one["action"], one["subject"], one["reason"]) for one in events]
    show_table(("when", "who", "what", "on", "why"), rows)
