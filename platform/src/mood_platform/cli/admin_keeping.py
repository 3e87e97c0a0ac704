"""`mood admin retention`, `storage`, `holds`, `hold`, `unhold`: what is kept, how much, how long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from mood_platform.cli.choices import ForOrganizers, ForTeam, find_run_id
from mood_platform.cli.client import Client
from mood_platform.cli.console import AsJson, echo, emit, say, show_table, size
from mood_platform.documents.retention import ImageDue, Named, RetentionReport

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
        emit(found) if as_json else _show_plan(_read(found))
        return
    rounds = list(client.items("/admin/retention"))
    emit(rounds) if as_json else _show_rounds([_read(one["document"]) for one in rounds])


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


def _read(document: object) -> RetentionReport:
    return RetentionReport.from_json(document, place="the round of retention")


def _show_plan(found: RetentionReport) -> None:
    begins = "" if found.removes else f" Nothing is removed before {found.begins_at}."
    echo(f"At {found.at} a round would remove this.{begins}")
    for kind, due in found.leftovers.items():
        echo(f"{kind}: {due.objects} of {due.runs} runs, {size(due.bytes)}")
    for one in found.images.removed:
        echo(f"image to remove: {_image(one)}")
    for one in found.images.told:
        echo(f"image whose team is told, for {one.leaves_at}: {_image(one)}")
    for rule, before in (("mails", found.mails.before), ("audit", found.audit.before)):
        echo(f"{rule}: kept" if before is None else f"{rule}: from before {before}")
    if found.holds:
        echo(f"holds: {found.holds} (mood admin holds)")
    _tell_unread(found)


def _image(one: ImageDue) -> str:
    return f"{one.team} {one.name}, {size(one.bytes)}"


def _show_rounds(rounds: Sequence[RetentionReport]) -> None:
    rows = [
        (
            one.at,
            "removed" if one.removes else "reported",
            one.predictions.objects,
            one.logs.objects,
            len(one.images.removed),
            len(one.images.told),
            one.mails.files,
            one.audit.events,
            size(one.predictions.bytes + one.logs.bytes),
        )
        for one in rounds
    ]
    columns = ("when", "", "predictions>", "logs>", "images>", "told>", "mails>", "audit>", "bytes>")
    show_table(columns, rows)
    for newest in rounds[:1]:
        _tell_misfits(newest)
        _tell_unread(newest)


def _tell_misfits(newest: RetentionReport) -> None:
    for kind, words in MISFITS.items():
        found: Named | None = getattr(newest.misfits, kind, None)
        if found is not None and found.count:
            say.print(f"{found.count} {words}: {', '.join(found.named[:5])}", style="yellow")


def _tell_unread(found: RetentionReport) -> None:
    """Rounds of earlier versions say nothing about it."""
    for slug, why in found.unread.items():
        say.print(f"Nothing of {slug} is removed, its rules cannot be read: {why}", style="yellow")


MISFITS = {
    "objects": "objects that no row names",
    "rows": "rows whose object is gone",
    "late": "objects that an earlier round had not come to",
}
