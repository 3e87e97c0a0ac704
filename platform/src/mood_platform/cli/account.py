"""`mood register`, `login`, `logout`, `whoami`."""

from __future__ import annotations

from typing import Annotated

import typer

from mood_platform.cli.client import Client, checked
from mood_platform.cli.console import AsJson, echo, emit, say
from mood_platform.cli.credentials import forget_token, platform_url, save_token
from mood_platform.cli.problems import Problem
from mood_platform.cli.team import found_team

Email = Annotated[str, typer.Option(prompt="E-mail", help="Your e-mail address.")]
Url = Annotated[str | None, typer.Option(help="The platform's address; remembered. Default: MOOD_URL.")]
Password = Annotated[
    str, typer.Option(prompt=True, hide_input=True, envvar="MOOD_PASSWORD", help="Asked for when not given.")
]
NewPassword = Annotated[
    str,
    typer.Option(
        prompt=True,
        confirmation_prompt=True,
        hide_input=True,
        envvar="MOOD_PASSWORD",
        help="Asked for when not given.",
    ),
]


def register(
    email: Email,
    password: NewPassword,
    name: Annotated[str, typer.Option(prompt="Your name", help="As the organizers should read it.")],
    team: Annotated[
        str | None, typer.Option(help="Found a team of this name; submissions belong to teams.")
    ] = None,
    handle: Annotated[
        str | None,
        typer.Option(help="The team's short name of a-z, 0-9 and -, used in ids and commands; else random."),
    ] = None,
    url: Url = None,
) -> None:
    """Create an account (and a team), and log in."""
    if handle and not team:
        raise Problem("--handle is that of a team.", remedy="Add --team with its name.")
    address = (url or platform_url()).rstrip("/")
    Client(address, None).post("/users", {"email": email, "name": name, "password": password})
    _log_in(address, email, password)
    if team:
        found_team(team, handle)
    say.print(f"Welcome, {name}. You are logged in to {address}.")


def login(email: Email, password: Password, url: Url = None) -> None:
    """Log in; the token is kept in a file that only you can read."""
    address = (url or platform_url()).rstrip("/")
    path = _log_in(address, email, password)
    say.print(f"Logged in to {address}; the token is in {path}.")


def logout() -> None:
    """End this login; the token becomes worthless."""
    address = platform_url()
    checked(Client.member().http.delete("/tokens/current"))
    forget_token(address)
    say.print(f"Logged out of {address}.")


def whoami(as_json: AsJson = False) -> None:
    """Show which account and team the token belongs to."""
    client = Client.member()
    me = client.get("/me")
    if as_json:
        emit(me)
        return
    team = me.get("team")
    standing = "an organizer" if me.get("organizer") else f"team {team['name']}" if team else "no team yet"
    echo(f"{me['name']} <{me['email']}>, {standing}, at {client.url}")


def _log_in(url: str, email: str, password: str) -> str:
    answer = Client(url, None).post("/tokens", {"email": email, "password": password})
    return str(save_token(url, answer["token"]))
