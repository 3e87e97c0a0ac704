"""`mood team create`, `invite`, `join`: several people submit for one team."""

from __future__ import annotations

from typing import Annotated

import typer

from mood_platform.cli.client import Client
from mood_platform.cli.commands import Commands
from mood_platform.cli.console import echo, say

app = Commands(no_args_is_help=True, help="Found a team, invite people into yours, or join one.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="In any script; readers see it.")],
    handle: Annotated[
        str | None, typer.Option(help="Short name of a-z, 0-9 and -, used in ids and commands; else random.")
    ] = None,
) -> None:
    """Found a team and join it: submissions belong to teams."""
    found_team(name, handle)


def found_team(name: str, handle: str | None) -> None:
    team = Client.member().post("/teams", {"name": name, "handle": handle})
    say.print(f"You are in team {team['name']}; its handle is {team['handle']}.")


@app.command()
def invite() -> None:
    """Print a code with which one person can join your team."""
    made = Client.member().post("/teams/invitations")
    say.print(f"For one person, until {made['expires_at']}. They register, then run: mood team join CODE")
    echo(made["code"])


@app.command()
def join(code: Annotated[str, typer.Argument(metavar="CODE", help="What a member gave you.")]) -> None:
    """Join the team of the member who gave you the code."""
    team = Client.member().post("/teams/join", {"code": code})
    say.print(f"You are in team {team['name']}; its quota and submissions are yours too.")
