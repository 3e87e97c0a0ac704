"""Who acts in a command that works on the server's own database, where nobody is logged in."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

By = Annotated[str, typer.Option(help="Your account's address; default: your name on this machine.")]


def actor_of(by: str) -> str:
    """What the audit trail says: the address that was given, else the user of this machine."""
    from mood_platform.accounts.names import checked_name

    return checked_name("by", by) if by else f"{getpass.getuser()} on the server"
