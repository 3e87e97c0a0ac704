"""Options that several commands share, read into what they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from mood_evaluator import Dataset, Task
from mood_platform.accounts.reasons import Reader
from mood_platform.cli.client import Client, View, at
from mood_platform.cli.console import say
from mood_platform.cli.problems import Problem

Tasks = Annotated[
    list[str] | None,
    typer.Option("--task", help="sample or pixel; both without, as sample,pixel, or given twice."),
]
Datasets = Annotated[
    list[str] | None,
    typer.Option("--dataset", help="brain or abdom; both without, as brain,abdom, or given twice."),
]
Reference = Annotated[
    str, typer.Argument(metavar="ID", help="A submission's number in your team (12 or handle#12), or its id.")
]
RunId = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="handle#3/2, the second Run of handle#3, whose newest is handle#3; or its id."
    ),
]
ASKED = "Asked for when not given."
ForTeam = Annotated[str, typer.Option(prompt="Why", help=f"{Reader.TEAM.sentence} {ASKED}")]
ForOrganizers = Annotated[str, typer.Option(prompt="Why", help=f"{Reader.ORGANIZERS.sentence} {ASKED}")]
OpenChallenge = Annotated[
    str | None, typer.Option("--challenge", help="Its slug; not needed when one edition is open.")
]
ChallengeSlug = Annotated[str | None, typer.Option(help="Its slug; not needed when there is one.")]
NUMBER = "[1-9][0-9]{0,8}"
NAME = re.compile(rf"(?P<team>[a-z0-9-]+)#(?P<number>{NUMBER})(?:/(?P<run>{NUMBER}))?")
OWN = re.compile(rf"(?:(?P<team>[a-z0-9-]+)?#)?(?P<number>{NUMBER})")


def parse_tasks(given: Sequence[str] | None) -> list[Task]:
    """Each once, in the order given; all where nothing is."""
    return _parse_all(Task, given, option="--task")


def parse_datasets(given: Sequence[str] | None) -> list[Dataset]:
    """Each once, in the order given; all where nothing is."""
    return _parse_all(Dataset, given, option="--dataset")


def parse_task(word: str) -> Task:
    """Of a command about one Task."""
    return Task(_parse(Task, word, option="Task"))


def _parse_all(kind: Any, given: Sequence[str] | None, *, option: str) -> list[Any]:
    words = ",".join(given).split(",") if given else [str(one) for one in kind]
    return list(dict.fromkeys(_parse(kind, word, option=option) for word in words))


def _parse(kind: Any, word: str, *, option: str) -> Any:
    try:
        return kind(word.strip())
    except ValueError:
        raise Problem(f"{option} {word!r} is not known.", remedy=f"Use {' or '.join(kind)}.") from None


def find_challenge(client: Client, slug: str | None) -> View:
    """The challenge named, or the only one there is."""
    if slug:
        return dict(client.get(at("challenges", slug)))
    found = list(client.items("/challenges"))
    if len(found) != 1:
        names = ", ".join(one["slug"] for one in found) or "none"
        raise Problem(f"There are {len(found)} challenges ({names}).", remedy="Choose one with --challenge.")
    return found[0]


def find_open_challenge(client: Client, slug: str | None) -> View:
    """The challenge named; else the only one that is open, or the only one there is."""
    if slug:
        return dict(client.get(at("challenges", slug)))
    found = list(client.items("/challenges"))
    candidates = [one for one in found if one["open"]] or found
    if len(candidates) == 1:
        if len(found) > 1:
            say.print(f"The challenge is {candidates[0]['slug']}, the only one that is open.")
        return dict(candidates[0])
    raise _ambiguous(candidates)


def _ambiguous(candidates: Sequence[View]) -> Problem:
    """Open ones are offered alone; where none is, the others say why they are not."""
    if not candidates:
        return Problem("There is no challenge yet.", remedy="Come back when one is announced.")
    if candidates[0]["open"]:
        names = ", ".join(one["slug"] for one in candidates)
        text = f"{len(candidates)} challenges are open ({names})."
        return Problem(text, remedy="Choose one with --challenge.")
    names = ", ".join(f"{one['slug']}: {one['phase']}" for one in candidates)
    return Problem(f"No challenge is open ({names}).", remedy="Name the one that is meant with --challenge.")


def find_submission(client: Client, reference: str) -> View:
    """Of the own Team: by its number (`12`, `#12` or `handle#12`), or by its id."""
    if (identity := _as_id(reference)) is not None:
        return dict(client.get(at("submissions", identity)))
    name = OWN.fullmatch(reference)
    if name is None:
        raise Problem(
            f"{reference!r} names no submission.",
            remedy="Write its number, such as 12, or its id: `mood status` lists them.",
        )
    for one in client.items("/submissions"):
        if one["number"] == int(name["number"]) and name["team"] in (None, one["team"]["handle"]):
            return dict(client.get(at("submissions", one["id"])))
    raise Problem(f"Your team has no submission {reference}.", remedy="`mood status` lists them.")


def find_id(client: Client, reference: str) -> str:
    """Of any Team's Submission, for organizers: `handle#3` as lists print it, or the id itself."""
    bare = reference.removeprefix("submission:")
    name = NAME.fullmatch(bare)
    if (identity := _as_id(bare)) is not None:
        return identity
    if name is None or name["run"]:
        raise Problem(
            f"{reference!r} names no submission.",
            remedy="Write handle#3 as `mood admin submissions` lists them, or its id.",
        )
    return str(_find_named(client, name)["id"])


def find_run_id(client: Client, reference: str) -> str:
    """Of any Team's Run: `handle#3` is the newest of `handle#3` but for analyses, `handle#3/2` its second."""
    bare = reference.removeprefix("run:")
    name = NAME.fullmatch(bare)
    if (identity := _as_id(bare)) is not None:
        return identity
    if name is None:
        raise Problem(
            f"{reference!r} names no run.",
            remedy="Write handle#3 for the newest run of handle#3, handle#3/2 for its second, or an id: "
            "`mood admin submissions` lists them.",
        )
    runs = [run for run in _find_named(client, name)["runs"] if _is_meant(run, name["run"])]
    if not runs:
        raise Problem(f"There is no run {reference}.", remedy="`mood admin submissions` lists them.")
    return str(runs[-1]["id"])


def _is_meant(run: View, number: str | None) -> bool:
    return bool(run["stage"] != "analysis" if number is None else run["number"] == int(number))


def _find_named(client: Client, name: re.Match[str]) -> View:
    query = {"team": name["team"], "number": int(name["number"])}
    found = list(client.items("/admin/submissions", **query))
    if not found:
        text = f"There is no submission {name['team']}#{name['number']}."
        raise Problem(text, remedy="`mood admin submissions` lists them.")
    return found[0]


def _as_id(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
