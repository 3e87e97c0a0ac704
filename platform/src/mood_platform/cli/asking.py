"""Questions in the middle of a command: what is declined, or asked of nobody, is wrong use."""

from __future__ import annotations

import typer

from mood_platform.cli.problems import Problem


def confirm(question: str, *, declined: str) -> None:
    """Go on after a yes; `declined` is what a no, or nobody's answer, leaves undone."""
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        raise Problem(f"{declined} Nobody is here to confirm.", remedy="Say --yes to do it.") from None
    if not agreed:
        raise Problem(declined)


def ask(question: str, *, option: str, declined: str) -> str:
    """The answer; where nobody gives one, `option` can."""
    try:
        return str(typer.prompt(question, err=True))
    except typer.Abort:
        raise Problem(f"{declined} {option} is missing.", remedy=f"Say why with {option}.") from None
