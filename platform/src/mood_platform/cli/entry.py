"""`mood enter` for teams; `mood admin entries`, `admit`, `refuse` for organizers."""

from __future__ import annotations

from typing import Annotated

import typer

from mood_platform.cli.choices import (
    ChallengeSlug,
    ForTeam,
    OpenChallenge,
    find_challenge,
    find_open_challenge,
)
from mood_platform.cli.client import Client, View, at
from mood_platform.cli.console import AsJson, emit, say, show_table

Handle = Annotated[str, typer.Argument(metavar="TEAM", help="The team's handle.")]


def enter(challenge: OpenChallenge = None) -> None:
    """Ask for your team's part in an edition; where it is open to everybody you have it at once."""
    client = Client.member()
    edition = find_open_challenge(client, challenge)
    slug = edition["slug"]
    entry = client.post(at("challenges", slug, "entry"))
    reason = f": {entry['reason']}" if entry["reason"] else ""
    say.print(f"{slug}: your team {_SENTENCES[entry['state']]}{reason}.")
    if entry["state"] == "asked" and edition["open"]:
        say.print("The toy stage is open to you meanwhile.")


_SENTENCES = {
    "asked": "has asked; the organizers decide",
    "admitted": "is admitted",
    "refused": "was not admitted",
}


def entries(challenge: ChallengeSlug = None, as_json: AsJson = False) -> None:
    """List the teams that asked to take part; those that wait for you first."""
    client = Client.member()
    views = list(
        client.items(at("admin", "challenges", find_challenge(client, challenge)["slug"], "entries"))
    )
    if as_json:
        emit(views)
        return
    rows = [
        (one["team"]["handle"], one["team"]["name"], one["state"], one["asked_at"], one["reason"])
        for one in views
    ]
    show_table(("team", "name", "state", "asked", "why"), rows)


def admit(team: Handle, reason: ForTeam, challenge: ChallengeSlug = None) -> None:
    """Let a team submit to the hidden stages of an edition."""
    _decide("admit", team, reason, challenge)


def refuse(team: Handle, reason: ForTeam, challenge: ChallengeSlug = None) -> None:
    """Let it not, from now on; what it has submitted stands."""
    _decide("refuse", team, reason, challenge)


def _decide(what: str, team: str, reason: str, challenge: str | None) -> None:
    client = Client.member()
    slug = find_challenge(client, challenge)["slug"]
    place = at("admin", "challenges", slug, "entries", team, what)
    view: View = client.post(place, {"reason": reason})
    say.print(f"{slug}: team {view['team']['handle']} is {view['state']}.")
