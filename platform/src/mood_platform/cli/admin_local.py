"""`mood admin` commands that work on the machine itself, with the server's settings file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TaskID

from mood_platform.cli.choices import ForOrganizers
from mood_platform.cli.console import say, steps_bar
from mood_platform.cli.local_world import local_world
from mood_platform.cli.machine import DEFAULT_HOME, Home
from mood_platform.cli.problems import Problem
from mood_platform.cli.server_actor import By, actor_of

if TYPE_CHECKING:
    from mood_platform.models import TestSet


def import_test_sets(
    folders: Annotated[list[Path], typer.Argument(help="Folders with a test_set.json each.")],
    by: By = "",
    home: Home = DEFAULT_HOME,
) -> None:
    """Install test sets: every hash is checked; installing the same one again changes nothing."""
    from mood_platform.challenges.service import install_test_set
    from mood_platform.challenges.versions import version_before

    for folder in folders:
        with local_world(home) as (tx, store), steps_bar() as bar:
            task = bar.add_task(f"installing {folder.name}", total=None)
            row = install_test_set(
                tx,
                folder=folder,
                store=store,
                progress=partial(_advance, bar, task),
                actor=actor_of(by),
            )
            say.print(f"{row.name}: installed, digest {row.digest}")
            before = version_before(tx, test_set=row)
            if before is not None:
                _tell_change(before, row)


def _tell_change(before: TestSet, after: TestSet) -> None:
    """Against the version before; what has run is scored on the new one only when someone says so."""
    from mood_evaluator import Manifest
    from mood_platform.challenges.versions import change_between
    from mood_platform.clock import rfc3339

    change = change_between(Manifest.from_json(before.manifest), Manifest.from_json(after.manifest))
    say.print(f"A new version of the one installed at {rfc3339(before.installed_at)}:")
    for way, ids in change.told:
        say.print(f"  cases {way}: {', '.join(ids)}")
    say.print("New runs use it; score those that exist with: mood admin rescore")


def _advance(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)


def make_organizer(
    email: Annotated[str, typer.Argument(help="A registered account.")],
    by: By = "",
    home: Home = DEFAULT_HOME,
) -> None:
    """Make a registered account an organizer."""
    from mood_platform.accounts import service

    with local_world(home) as (tx, _):
        service.make_organizer(tx, email=email, actor=actor_of(by))
    say.print(f"{email} is an organizer now.")


def remove_organizer(
    email: Annotated[str, typer.Argument(help="An organizer's account.")],
    reason: ForOrganizers,
    by: By = "",
    home: Home = DEFAULT_HOME,
) -> None:
    """Take an organizer's right back; the account stays."""
    from mood_platform.accounts import service

    with local_world(home) as (tx, _):
        service.remove_organizer(tx, email=email, reason=reason, actor=actor_of(by))
    say.print(f"{email} is no organizer any more.")


def make_reference(
    team: Annotated[str, typer.Argument(help="The team's handle.")],
    by: By = "",
    home: Home = DEFAULT_HOME,
) -> None:
    """List a team's entries at their score, without a rank."""
    from mood_platform.accounts import service

    with local_world(home) as (tx, _):
        service.make_reference(tx, team=team, actor=actor_of(by))
    say.print(f"Team {team} is a reference now.")


def remove_reference(
    team: Annotated[str, typer.Argument(help="The team's handle.")],
    reason: ForOrganizers,
    by: By = "",
    home: Home = DEFAULT_HOME,
) -> None:
    """Rank a team's entries again, from the next leaderboard version on."""
    from mood_platform.accounts import service

    with local_world(home) as (tx, _):
        service.remove_reference(tx, team=team, reason=reason, actor=actor_of(by))
    say.print(f"Team {team} is no reference any more.")


def export(
    folder: Annotated[Path, typer.Argument(help="Where the tables go; hidden scores are in them.")],
    challenge: Annotated[str | None, typer.Option(help="Its slug; not needed when there is one.")] = None,
    scored_runs: Annotated[
        bool, typer.Option("--scored-runs", help="Also a file a Team and test set, for mood-evaluate.")
    ] = False,
    by: By = "",
    home: Home = DEFAULT_HOME,
) -> None:
    """Write submissions, runs, case runs and leaderboards as CSV and JSON.

    With --scored-runs: mood-evaluate report FOLDER/scored-runs/*.zip --out report
    """
    from mood_platform.challenges.queries import find_challenge, list_challenges
    from mood_platform.leaderboards.export import export as write_tables

    with local_world(home) as (tx, store):
        slugs = [challenge] if challenge else [row.slug for row in list_challenges(tx)]
        if len(slugs) != 1:
            raise Problem(
                f"There are {len(slugs)} challenges: {', '.join(slugs)}.", remedy="Choose with --challenge."
            )
        edition = find_challenge(tx, slug=slugs[0])
        written = write_tables(
            tx,
            challenge=edition,
            folder=folder,
            store=store,
            scored_runs=scored_runs,
            actor=actor_of(by),
        )
    say.print(f"{len(written)} files written below {folder}.")
