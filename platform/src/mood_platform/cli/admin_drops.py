"""`mood admin drop-case`, `undrop-case`: what we failed to run counts for no team, and again for all."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from mood_platform.accounts.reasons import READER_OF
from mood_platform.cli.admin_boards import LONGEST_WAIT, Drafts, TaskName, read_draft
from mood_platform.cli.asking import ask, confirm
from mood_platform.cli.choices import ChallengeSlug, ForOrganizers, find_challenge, parse_task
from mood_platform.cli.client import Client, at, patiently
from mood_platform.cli.console import AsJson, emit, say
from mood_platform.cli.drop_table import show_proposal
from mood_platform.cli.following import EVERY_SECONDS
from mood_platform.cli.problems import Problem
from mood_platform.documents.draft import DropProposal

ParkedCases = Annotated[
    list[str], typer.Argument(metavar="CASE", help="Ids of parked cases: `mood admin draft` lists them.")
]
DroppedCases = Annotated[
    list[str],
    typer.Argument(metavar="CASE", help="Ids of dropped cases: `mood admin rescorings` has them."),
]


def drop_case(
    task: TaskName,
    cases: ParkedCases,
    challenge: ChallengeSlug = None,
    reason: Annotated[
        str, typer.Option(help=f"Why, asked for at the end. {READER_OF['case.drop'].sentence}")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Drop parked cases for everybody: compares the boards with and without them, then asks."""
    client = Client.member()
    chosen = parse_task(task)
    place = at("admin", "leaderboards", find_challenge(client, challenge)["slug"], chosen)
    proposed = client.post(f"{place}/drops", {"cases": cases})
    drop = await_comparison(client, f"{place}/draft", number=proposed["number"])
    show_proposal(drop)
    if drop.problems:
        raise Problem("Nothing was dropped.", remedy="Remove the cause, and propose it once more.")
    if not yes:
        confirm("Drop this for everybody?", declined="Nothing was dropped.")
    why = reason or ask("Why (everybody reads it)", option="--reason", declined="Nothing was dropped.")
    view = client.post(f"{place}/drops/{drop.number}", {"reason": why})
    emit(view) if as_json else say.print("Dropped: runs that waited for it alone are scored now.")


def undrop_case(
    task: TaskName,
    cases: DroppedCases,
    reason: ForOrganizers,
    challenge: ChallengeSlug = None,
    as_json: AsJson = False,
) -> None:
    """Let dropped cases count again: all runs are scored with them, from kept predictions."""
    client = Client.member()
    chosen = parse_task(task)
    place = at("admin", "leaderboards", find_challenge(client, challenge)["slug"], chosen)
    view = client.post(f"{place}/undrop", {"cases": cases, "reason": reason})
    emit(view) if as_json else say.print(f"Rescoring {view['number']}: mood admin rescorings --watch.")


def await_comparison(client: Drafts, place: str, *, number: int, rest: float = EVERY_SECONDS) -> DropProposal:
    """The proposal of this number once both boards can be compared, or something keeps them from it."""
    for _ in range(LONGEST_WAIT):
        drop = patiently(lambda: read_draft(client, place)).drop
        if drop is None or drop.number != number:
            raise Problem(
                "Somebody proposed or scored something else meanwhile.", remedy="Look at the draft."
            )
        pending = [one for one in drop.replicates_pending if not one.problem]
        if drop.problems or not (drop.waiting or pending):
            return drop
        time.sleep(rest)
    raise Problem("The proposal is not scored yet.", remedy="Look again later: mood admin draft.")
