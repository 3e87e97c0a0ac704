"""`mood admin retention`, `storage`, `holds`, `hold`, `unhold`: what is kept, how much, how long."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from mood_platform.cli.choices import ForOrganizers, ForTeam, find_run_id
from mood_platform.cli.client import Client
from mood_platform.cli.console import BLANK, AsJson, echo, emit, say, show_table, size

On = Annotated[
    str,
    typer.Argument(
        metavar="RUN|TEAM|CHALLENGE",
        help="A Run (handle#3/2 or its id), a team's handle, a challenge's slug.",
    ),
]


def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="What would be removed now; nothing is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what the daily rounds removed, or with --dry-run what one would remove now."""
    client = Client.member()
    if dry_run:
        found = dict(client.get("/admin/retention/next"))
        emit(found) if as_json else _show_plan(found)
        return
    rounds = list(client.items("/admin/retention"))
    emit(rounds) if as_json else _show_rounds(rounds)


def storage(as_json: AsJson = False) -> None:
    """Show the ledger of bytes: images, toy cases and hidden cases of each team, and the free disk."""
    found = dict(Client.member().get("/admin/storage"))
    if as_json:
        emit(found)
        return
    kinds = ("images", "toy", "hidden", "total")
    rows = [(one["team"], *(size(one[kind]) for kind in kinds)) for one in found["items"]]
    show_table(("team", *(f"{kind}>" for kind in kinds)), rows)
    say.print(
        f"Free on the disk: {size(found['free'])}; nothing is taken in below {size(found['keep_free'])}."
    )


def holds(as_json: AsJson = False) -> None:
    """List what is kept beyond its time: on what, until when, who, why."""
    views = list(Client.member().items("/admin/holds"))
    if as_json:
        emit(views)
        return
    rows = [(one["on"], one["until"], one["placed_by"], one["reason"]) for one in views]
    show_table(("on", "until", "who", "why"), rows)


def hold(
    on: On,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day on which it ends (UTC).")],
    reason: ForTeam,
) -> None:
    """Keep what a run, a team or a challenge left, images included, until a day."""
    client = Client.member()
    body = {"on": _subject(client, on), "until": until.replace(tzinfo=UTC).isoformat(), "reason": reason}
    made = client.post("/admin/holds", body)
    say.print(f"{made['on']} is kept until {made['until']}.")


def unhold(on: On, reason: ForOrganizers) -> None:
    """End the holds on a run, a team or a challenge now."""
    client = Client.member()
    done = client.post("/admin/holds/lift", {"on": _subject(client, on), "reason": reason})
    say.print(f"Holds ended: {done['lifted']}.")


def _subject(client: Client, on: str) -> str:
    """As the platform takes it: a Run by its id."""
    return f"run:{find_run_id(client, on)}" if "#" in on else on


def _show_plan(found: dict[str, Any]) -> None:
    begins = "" if found["removes"] else f" Nothing is removed before {found['begins_at']}."
    echo(f"At {found['at']} a round would remove this.{begins}")
    for kind in ("predictions", "logs"):
        part = found[kind]
        echo(f"{kind}: {part['objects']} of {part['runs']} runs, {size(part['bytes'])}")
    for what in ("removed", "told"):
        for one in found["images"][what]:
            word = (
                "image to remove"
                if what == "removed"
                else f"image whose team is told, for {one['leaves_at']}"
            )
            echo(f"{word}: {one['team']} {one['name']}, {size(one['bytes'])}")
    for kind in ("mails", "audit"):
        before = found[kind]["before"]
        echo(f"{kind}: kept" if before is None else f"{kind}: from before {before}")
    if found["holds"]:
        echo(f"holds: {found['holds']} (mood admin holds)")
    _tell_unread(found)


def _show_rounds(rounds: list[dict[str, Any]]) -> None:
    rows = [
        (
            one["at"],
            "removed" if one["removes"] else "reported",
            *(f"{one['document'][kind]['objects']}" for kind in ("predictions", "logs")),
            len(one["document"]["images"]["removed"]),
            len(one["document"]["images"]["told"]),
            one["document"]["mails"].get("files", BLANK),
            one["document"]["audit"]["events"],
            size(sum(one["document"][kind]["bytes"] for kind in ("predictions", "logs"))),
        )
        for one in rounds
    ]
    columns = ("when", "", "predictions>", "logs>", "images>", "told>", "mails>", "audit>", "bytes>")
    show_table(columns, rows)
    for kind, words in MISFITS.items():
        for one in rounds[:1]:
            found = one["document"]["misfits"][kind]
            if found["count"]:
                say.print(f"{found['count']} {words}: {', '.join(found['named'][:5])}", style="yellow")
    for one in rounds[:1]:
        _tell_unread(one["document"])


def _tell_unread(document: dict[str, Any]) -> None:
    """Rounds of earlier versions say nothing about it."""
    for slug, why in document.get("unread", {}).items():
        say.print(f"Nothing of {slug} is removed, its rules cannot be read: {why}", style="yellow")


MISFITS = {
    "objects": "objects that no row names",
    "rows": "rows whose object is gone",
    "late": "objects that an earlier round had not come to",
}
