"""`mood image list`, `mood image remove`: what a team's images keep, and how it makes room."""

from __future__ import annotations

from typing import Annotated

import typer

from mood_platform.cli.client import Client, View, at
from mood_platform.cli.commands import Commands
from mood_platform.cli.console import BLANK, AsJson, echo, emit, say, show_table, size
from mood_platform.cli.problems import Exit, Problem

app = Commands(no_args_is_help=True, help="See what your team's images keep, and make room.")


@app.command("list")
def list_images(as_json: AsJson = False) -> None:
    """List your team's images, newest first, with the bytes that each keeps unpacked."""
    client = Client.member()
    views = list(client.items("/images"))
    if as_json:
        emit(views)
        return
    rows = [
        (
            one["id"],
            one["name"],
            _state(one),
            size(one["kept_bytes"]) if _kept(one) else BLANK,
            one["leaves_at"],
        )
        for one in views
    ]
    show_table(("id", "name", "state", "keeps>", "is removed at"), rows)
    say.print(storage_line(client.get("/storage")))


@app.command()
def remove(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="An id of `mood image list`, or its beginning.")
    ],
) -> None:
    """Remove an image that no challenge submission needs, with what its toy cases left; reports stay."""
    client = Client.member()
    found = [one for one in client.items("/images") if one["id"].startswith(identity)]
    if len(found) != 1:
        raise Problem(
            f"{len(found)} images begin with {identity!r}.",
            remedy="`mood image list` shows their ids.",
            code=Exit.WRONG_USE,
        )
    client.delete(at("images", found[0]["id"]))
    echo(f"Removed {found[0]['name']}.")
    say.print(storage_line(client.get("/storage")))


def storage_line(storage: View) -> str:
    parts = f"images {size(storage['images'])}, toy cases {size(storage['toy'])}"
    return f"Your team keeps {size(storage['used'])} of {size(storage['limit'])}: {parts}."


def _kept(view: View) -> bool:
    return view["state"] == "accepted" and not view["removed_at"]


def _state(view: View) -> str:
    return f"removed {view['removed_at']}" if view["removed_at"] else str(view["state"])
