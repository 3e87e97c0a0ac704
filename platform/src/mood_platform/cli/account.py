"""`mood register`, `login`, `logout`, `whoami`."""

from __future__ import annotations

from shlex import quote
from typing import Annotated

import typer

from mood_platform.accounts.names import checked_handle, checked_name
from mood_platform.cli.choices import ASKED
from mood_platform.cli.client import Client, checked, platform_address
from mood_platform.cli.console import AsJson, echo, emit, say
from mood_platform.cli.credentials import forget_token, save_token
from mood_platform.cli.problems import Problem, explain
from mood_platform.cli.team import found_team
from mood_platform.errors import PlatformError

Email = Annotated[str, typer.Option(prompt="E-mail", help=f"Your e-mail address. {ASKED}")]
Url = Annotated[str | None, typer.Option(help="The platform's address; remembered. Default: MOOD_URL.")]
Password = Annotated[str, typer.Option(prompt=True, hide_input=True, envvar="MOOD_PASSWORD", help=ASKED)]
NewPassword = Annotated[
    str,
    typer.Option(
        prompt=True,
        confirmation_prompt=True,
        hide_input=True,
        envvar="MOOD_PASSWORD",
        help=ASKED,
    ),
]


def register(
    email: Email,
    password: NewPassword,
    name: Annotated[str, typer.Option(prompt="Your name", help=f"As the organizers should read it. {ASKED}")],
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
    _check_team(team, handle)
    address = platform_address(url)
    Client(address, None).post("/users", {"email": email, "name": name, "password": password})
    _log_in(address, email, password)
    if team:
        _found_team(team, handle)
    say.print(f"Welcome, {name}. You are logged in to {address}.")


def login(email: Email, password: Password, url: Url = None) -> None:
    """Log in; the token is kept in a file that only you can read."""
    address = platform_address(url)
    path = _log_in(address, email, password)
    say.print(f"Logged in to {address}; the token is in {path}.")


def logout() -> None:
    """End this login; the token becomes worthless."""
    address = platform_address()
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


def _check_team(team: str | None, handle: str | None) -> None:
    """What can be known before there is an account."""
    if handle and not team:
        raise Problem("--handle is that of a team.", remedy="Add --team with its name.")
    if team:
        checked_name("team", team)
    if handle:
        checked_handle(handle)


def _found_team(name: str, handle: str | None) -> None:
    """The account exists by now, so registering again is no way out."""
    try:
        found_team(name, handle)
    except (Problem, PlatformError) as error:
        found = explain(error)
        again = f"mood team create {quote(name)}" + (f" --handle {handle}" if handle else "")
        found.text = f"Your account exists and you are logged in, but you have no team yet: {found.text}"
        found.remedy = f"{found.remedy} Do not register again; then: {again}".strip()
        raise found from error


def _log_in(url: str, email: str, password: str) -> str:
    answer = Client(url, None).post("/tokens", {"email": email, "password": password})
    return str(save_token(url, answer["token"]))
