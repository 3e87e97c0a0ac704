"""The command `mood`: puts the commands together and ends every error with a sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from mood_platform.cli import account, admin, entry, image, machine, results, starter, submit, team, trial
from mood_platform.cli.commands import Commands
from mood_platform.cli.console import echo, say
from mood_platform.cli.problems import explain

HELP = """Take part in a MOOD challenge, organize one, or run the platform.

A first afternoon: [bold]mood init[/bold] for a submission to change, [bold]mood register[/bold],
[bold]docker build[/bold] and [bold]mood test IMAGE[/bold] until it passes,
[bold]mood submit IMAGE --stage toy --watch[/bold] as often as you like, then
[bold]mood submit IMAGE --stage challenge --name "my method"[/bold].

Exit codes: 0 fine, 1 your image failed, 2 wrong use, 3 network or platform, 4 not allowed or limit reached.
Environment: MOOD_URL, MOOD_TOKEN, MOOD_HOME, NO_COLOR.
"""
ANYWHERE = ("--debug", "--quiet", "-q")
"""Options of `mood` itself that may stand behind the command too."""

app = Commands(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help=HELP,
    pretty_exceptions_enable=False,
    add_completion=True,
)
COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "Participants": {
        "init": starter.init,
        "test": trial.try_image,
        "submit": submit.submit,
        "status": results.status,
        "report": results.report,
        "leaderboard": results.leaderboard,
        "cancel": results.cancel,
        "withdraw": results.withdraw,
        "enter": entry.enter,
    },
    "Account": {
        "register": account.register,
        "login": account.login,
        "logout": account.logout,
        "whoami": account.whoami,
    },
    "Organizers and operators": {
        "base-image": machine.base_image,
        "up": machine.up,
        "down": machine.down,
    },
}
for panel, commands in COMMANDS.items():
    for name, command in commands.items():
        app.command(name, rich_help_panel=panel)(command)
app.add_typer(team.app, name="team", rich_help_panel="Account")
app.add_typer(image.app, name="image", rich_help_panel="Participants")
app.add_typer(admin.app, name="admin", rich_help_panel="Organizers and operators")


def _print_version(wanted: bool) -> None:
    if wanted:
        echo(f"mood {version('mood-platform')}")
        raise typer.Exit


@app.callback()
def options(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only data and errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,  # noqa: ARG001 - main() reads it
    show_version: Annotated[  # noqa: ARG001 - its callback ends the command
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    say.quiet = quiet


def main(arguments: Sequence[str] | None = None) -> None:
    words = list(sys.argv[1:] if arguments is None else arguments)
    mine = [word for word in words if word in ANYWHERE]
    try:
        app([*mine, *(word for word in words if word not in ANYWHERE)])
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if "--debug" in words:
            raise
        problem = explain(error)
        say.quiet = False
        say.print("mood: ", style="bold red", end="")
        say.print(f"{problem.text} {problem.remedy}".strip())
        sys.exit(problem.code)
