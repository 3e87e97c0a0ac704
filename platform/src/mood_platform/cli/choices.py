"""Options that several commands share, read into what they mean."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mood_evaluator import Dataset, Task
from mood_platform.accounts.reasons import Reader
from mood_platform.cli.client import Client
from mood_platform.cli.console import say
from mood_platform.cli.problems import Problem

Tasks = Annotated[str, typer.Option("--task", help="sample, pixel, or both: sample,pixel.")]
Reference = Annotated[
    str, typer.Argument(metavar="ID", help="A submission's id, or its number in your team: 12.")
]
ForTeam = Annotated[str, typer.Option(prompt="Why", help=Reader.TEAM.sentence)]
ForOrganizers = Annotated[str, typer.Option(prompt="Why", help=Reader.ORGANIZERS.sentence)]
OpenChallenge = Annotated[
    str | None, typer.Option("--challenge", help="Its slug; not needed when one edition is open.")
]
ChallengeSlug = Annotated[str | None, typer.Option(help="Its slug; not needed when there is one.")]


def parse_tasks(text: str) -> list[Task]:
    return [_parse(Task, word, option="--task") for word in text.split(",")]


def parse_datasets(text: str) -> list[Dataset]:
    return [_parse(Dataset, word, option="--dataset") for word in text.split(",")]


def _parse(kind: Any, word: str, *, option: str) -> Any:
    try:
        return kind(word.strip())
    except ValueError:
        raise Problem(f"{option} {word!r} is not known.", remedy=f"Use {' or '.join(kind)}.") from None


def find_challenge(client: Client, slug: str | None) -> dict[str, Any]:
    """The challenge named, or the only one there is."""
    if slug:
        return dict(client.get(f"/challenges/{slug}"))
    found = list(client.items("/challenges"))
    if len(found) != 1:
        names = ", ".join(one["slug"] for one in found) or "none"
        raise Problem(f"There are {len(found)} challenges ({names}).", remedy="Choose one with --challenge.")
    return found[0]


def find_open_challenge(client: Client, slug: str | None) -> dict[str, Any]:
    """The challenge named; else the only one that is open, or the only one there is."""
    if slug:
        return dict(client.get(f"/challenges/{slug}"))
    found = list(client.items("/challenges"))
    opened = [one for one in found if one["open"]]
    if len(opened) != 1:
        return find_challenge(client, None)
    if len(found) > 1:
        say.print(f"The challenge is {opened[0]['slug']}, the only one that is open.")
    return opened[0]


def find_submission(client: Client, reference: str) -> dict[str, Any]:
    """By id, or by its number inside the team (`12` or `#12`)."""
    number = reference.removeprefix("#")
    if not number.isdecimal():
        return dict(client.get(f"/submissions/{reference}"))
    for one in client.items("/submissions"):
        if one["number"] == int(number):
            return dict(client.get(f"/submissions/{one['id']}"))
    raise Problem(f"Your team has no submission #{number}.", remedy="`mood status` lists them.")


def find_id(client: Client, reference: str) -> str:
    """Of any team's submission, for organizers: `handle#3` as lists print it, or the id itself."""
    team, sign, number = reference.partition("#")
    if not sign:
        return reference
    if not number.isdecimal():
        raise Problem(f"{reference!r} is no submission.", remedy="Write handle#3, or its id.")
    found = list(client.items("/admin/submissions", team=team, number=int(number)))
    if not found:
        raise Problem(f"There is no submission {reference}.", remedy="`mood admin submissions` lists them.")
    return str(found[0]["id"])
