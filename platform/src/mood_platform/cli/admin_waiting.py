"""`mood admin status`, `nodes`, `node`, `resume`, `decide`: what waits for an organizer, and the answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from mood_platform.cli.choices import ForOrganizers, RunId, find_run_id
from mood_platform.cli.client import Client, at
from mood_platform.cli.commands import Commands
from mood_platform.cli.console import AsJson, emit, say, show_table

NodeName = Annotated[str, typer.Argument(metavar="NAME", help="A node: `mood admin nodes` lists them.")]
Whose = Annotated[
    str,
    typer.Argument(
        metavar="team|ours",
        help="team: its open cases count as crashed. ours: they run again.",
    ),
]

node = Commands(no_args_is_help=True, help="Take a node out, or let it run cases again.")


def status(as_json: AsJson = False) -> None:
    """What waits for you: decisions, runs with parked cases, quarantined nodes."""
    found = dict(Client.member().get("/admin/status"))
    if as_json:
        emit(found)
        return
    if not any(found.values()):
        say.print("Nothing waits for you.")
    _show_runs("To decide: `mood admin decide`, `resume` or `cancel`", found["decisions"])
    _show_runs("Parked: tried again when its node is well, or by `mood admin resume`", found["parked"])
    if found["quarantined"]:
        title = "Quarantined nodes: `mood admin nodes`"
        show_table(("node",), [(name,) for name in found["quarantined"]], title=title)


def nodes(as_json: AsJson = False) -> None:
    """List the nodes: how each one is, its faults in a row, and what it failed that is parked."""
    views = list(Client.member().items("/admin/nodes"))
    if as_json:
        emit(views)
        return
    columns = ("node", "machine", "health", "since", "seen", "faults>", "parked>", "why")
    rows = [
        (
            one["name"],
            one["machine"],
            one["health"],
            one["since"],
            one["seen_at"],
            one["faults"],
            one["parked"],
            one["quarantine_why"] or one["unfit"] or one["test_problem"],
        )
        for one in views
    ]
    show_table(columns, rows)


@node.command()
def quarantine(name: NodeName, reason: ForOrganizers) -> None:
    """Give a node no case until it is released; the one that runs there ends by itself."""
    Client.member().post(at("admin", "nodes", name, "quarantine"), {"reason": reason})
    say.print("Quarantined.")


@node.command()
def release(name: NodeName, reason: ForOrganizers) -> None:
    """Let a node run cases again, once its self-test has passed."""
    Client.member().post(at("admin", "nodes", name, "release"), {"reason": reason})
    say.print("Released: its self-test comes first.")


def resume(
    run: RunId, reason: Annotated[str, typer.Option(help="Written down; organizers alone read it.")] = ""
) -> None:
    """Try the parked cases of a run again, as if they had never failed."""
    client = Client.member()
    done = client.post(at("admin", "runs", find_run_id(client, run), "resume"), {"reason": reason})
    say.print(f"Parked cases tried again: {done['cases']}.")


def decide(run: RunId, whose: Whose, reason: ForOrganizers) -> None:
    """Say whose fault it was that nodes failed over the image of a held run."""
    client = Client.member()
    place = at("admin", "runs", find_run_id(client, run), "decide")
    done = client.post(place, {"whose": whose, "reason": reason})
    say.print(f"Decided for {done['cases']} parked cases.")


def _show_runs(title: str, runs: Iterable[Mapping[str, Any]]) -> None:
    rows = [
        (
            f"{one['team']}#{one['number']}/{one['run_number']}",
            one["stage"],
            one["parked"],
            one["since"],
            one["held_why"],
        )
        for one in runs
    ]
    if rows:
        show_table(("run", "stage", "parked>", "since", "held because"), rows, title=title)
