"""The commands that make test sets of a recipe: build, recipes, new-secret."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from mood_evaluator.test_set import Dataset
from mood_test_sets.cli.options import SecretOption
from mood_test_sets.cli.terminal import console, progress_bar
from mood_test_sets.cohort_folder import load_cohort
from mood_test_sets.errors import WeakSecret
from mood_test_sets.making.build import Built, build
from mood_test_sets.making.from_cohort import assign
from mood_test_sets.making.plans import SetPlan
from mood_test_sets.making.recipe import known_recipes, load_recipe, plan
from mood_test_sets.streams import PUBLIC, Streams, create_secret, read_secret

__all__ = ["build_command", "new_secret_command", "recipes_command"]


def build_command(
    recipe: Annotated[str, typer.Argument(help="A name that `recipes` lists, or a YAML file of your own.")],
    out: Annotated[Path, typer.Argument(help="Folder that gets one folder per test set.")],
    size: Annotated[
        int | None, typer.Option(min=32, max=512, help="Voxels along each side; else the recipe's.")
    ] = None,
    dataset: Annotated[list[Dataset] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    train: Annotated[int | None, typer.Option(min=1, help="Training cases per dataset.")] = None,
    share: Annotated[
        float, typer.Option(min=0.001, max=100, help="Of the recipe's numbers, such as 0.1 for a tenth.")
    ] = 1.0,
    bases: Annotated[int, typer.Option(min=1, help="Subjects of a sweep, for intervals.")] = 1,
    scans: Annotated[
        Path | None, typer.Option(help="A cohort that `prepare` made; else scans are grown.")
    ] = None,
    secret: SecretOption = None,
    not_hidden: Annotated[
        bool, typer.Option("--not-hidden", help="Build without a secret: anyone can rebuild the labels.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at a time.")] = 2,
) -> None:
    """Make the test sets of a recipe, grown from the scans that ship with the package or from your own.

    An interrupted build goes on where it was. Hidden purposes need --secret; see new-secret.
    """
    chosen = load_recipe(recipe)
    streams = read_secret(secret) if secret else PUBLIC
    if chosen.hidden and not (streams.hidden or chosen.demonstration or not_hidden):
        names = ", ".join(chosen.hidden)
        remedy = "Use --secret FILE (see new-secret), or --not-hidden for a demonstration."
        raise WeakSecret(f"{names} of the recipe {chosen.name} would not be hidden. {remedy}")
    cohort = load_cohort(scans) if scans else None
    datasets = (cohort.dataset,) if cohort else tuple(dataset or Dataset)
    plans = plan(chosen, datasets=datasets, train=train, share=share, bases=bases)
    if cohort is not None:
        plans, size = assign(plans, cohort), size or cohort.side
    built = _build_with_progress(plans, out, streams, size=size or chosen.size, recipe=chosen.name, jobs=jobs)
    for one in built:
        state = "kept" if one.kept else "built"
        console.print(f"{state} {one.folder}: {len(one.test_set.cases)} cases", markup=False, soft_wrap=True)
    if not streams.hidden:
        console.print(
            "Marked not_hidden: anyone can rebuild these labels. Use --secret for a real challenge."
        )


def _build_with_progress(
    plans: tuple[SetPlan, ...], out: Path, streams: Streams, *, size: int, recipe: str, jobs: int
) -> list[Built]:
    with progress_bar() as progress:
        bars = {one.name: progress.add_task(one.name, total=len(one.cases)) for one in plans}
        built = build(
            plans,
            out,
            streams=streams,
            side=size,
            recipe=recipe,
            jobs=jobs,
            on_case=lambda name: progress.advance(bars[name]),
        )
        for one in built:
            progress.update(bars[one.test_set.name], completed=len(one.test_set.cases))
    return built


def recipes_command() -> None:
    """List the recipes that ship with the package."""
    table = Table("recipe", "what it makes", "size", "needs a secret for")
    for one in known_recipes():
        needed = "" if one.demonstration else ", ".join(one.hidden)
        table.add_row(one.name, one.about, str(one.size), needed)
    Console(highlight=False, width=None if console.is_terminal else 140).print(table)


def new_secret_command(file: Path) -> None:
    """Write a new secret of 256 random bits. Keep it as long as the test set is in use."""
    create_secret(file)
    console.print(f"{file} written. Whoever has it can rebuild the labels.", soft_wrap=True)
