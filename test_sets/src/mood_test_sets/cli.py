"""The command `mood-test-sets`: build, import, export, check and look at test sets."""

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from mood_evaluator.errors import EvaluatorError
from mood_evaluator.test_set import Dataset, TestSet, load_test_set
from mood_test_sets.build import Built, build
from mood_test_sets.checking import find_problems
from mood_test_sets.errors import TestSetError
from mood_test_sets.exchange import Description, export_mood, import_folder, import_mood
from mood_test_sets.picture import draw_sheet, encode_png, in_order
from mood_test_sets.recipes import Recipe, SetPlan, plan
from mood_test_sets.streams import PUBLIC, Streams, create_secret, read_secret

__all__ = ["app", "main"]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()
errors = Console(stderr=True, highlight=False)

SecretOption = Annotated[
    Path | None, typer.Option("--secret", help="File with at least 128 random bits; see new-secret.")
]
DatasetOption = Annotated[Dataset, typer.Option(help="Anatomy and modality of the scans.")]
PurposeOption = Annotated[str, typer.Option(help="toy, test, …; the labels of toy are public.")]
BatchOption = Annotated[int, typer.Option(min=1, help="Cases per batch of the pixel task, at most.")]


@app.callback()
def declare_debug(
    *, debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False
) -> None:
    """Cohorts grown from real scans, anomalies, manifests, secrets."""


@app.command("build")
def build_command(
    recipe: Recipe,
    out: Annotated[Path, typer.Argument(help="Folder that gets one folder per test set.")],
    size: Annotated[int, typer.Option(min=32, max=512, help="Voxels along each side.")] = 64,
    train: Annotated[int | None, typer.Option(min=1, help="Training cases per dataset.")] = None,
    secret: SecretOption = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at a time.")] = 2,
) -> None:
    """Grow training, toy and test sets of both datasets from the scans that ship with the package."""
    streams = read_secret(secret) if secret else PUBLIC
    built = _build_with_progress(plan(recipe, train=train), out, streams, size=size, recipe=recipe, jobs=jobs)
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
    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
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


@app.command("import-mood")
def import_mood_command(
    source: Annotated[Path, typer.Argument(help="Folder with toy/ and toy_label/.")],
    out: Path,
    dataset: DatasetOption,
    purpose: PurposeOption = "toy",
    batch_size: BatchOption = 20,
    secret: SecretOption = None,
) -> None:
    """Import a folder in MOOD's own layout."""
    description = Description(
        name=out.name,
        dataset=dataset,
        purpose=purpose,
        origin="artificial",
        batch_size=batch_size,
        public=purpose == "toy",
    )
    _report(import_mood(source, out, description=description, streams=_import_key(secret)), out)


@app.command("import-folder")
def import_folder_command(
    images: Path,
    labels: Annotated[Path, typer.Argument(help="Per image a mask of its name, or NAME.txt with 0 or 1.")],
    out: Path,
    dataset: DatasetOption,
    purpose: PurposeOption = "test",
    origin: Annotated[str, typer.Option(help="Of the anomalies: natural or artificial.")] = "natural",
    batch_size: BatchOption = 20,
    secret: SecretOption = None,
) -> None:
    """Import any folder of NIfTI images with masks, or with 0 or 1 in a text file."""
    description = Description(
        name=out.name,
        dataset=dataset,
        purpose=purpose,
        origin=origin,
        batch_size=batch_size,
        public=purpose == "toy",
    )
    _report(import_folder(images, labels, out, description=description, streams=_import_key(secret)), out)


def _import_key(secret: Path | None) -> Streams:
    """Ids of imported cases are random; with a secret they are the same at the next import."""
    return read_secret(secret) if secret else Streams(key=secrets.token_bytes(32), hidden=True)


def _report(test_set: TestSet, folder: Path) -> None:
    abnormal = sum(case.abnormal for case in test_set.cases)
    console.print(
        f"imported {folder}: {len(test_set.cases)} cases, {abnormal} of them abnormal", soft_wrap=True
    )


@app.command("export-mood")
def export_mood_command(test_set: Path, out: Path) -> None:
    """Write a test set in MOOD's own layout."""
    console.print(f"exported {export_mood(test_set, out)} cases to {out}", soft_wrap=True)


@app.command("check")
def check_command(folder: Path) -> None:
    """Compare a test set with its manifest: hashes, shapes, labels, batches. Exit code 1 if it differs."""
    problems = find_problems(folder)
    for problem in problems:
        errors.print(problem, markup=False, soft_wrap=True)
    console.print(
        f"{folder}: {len(problems)} problems" if problems else f"{folder}: in order", soft_wrap=True
    )
    if problems:
        raise typer.Exit(1)


@app.command("new-secret")
def new_secret_command(file: Path) -> None:
    """Write a new secret of 256 random bits. Keep it as long as the test set is in use."""
    create_secret(file)
    console.print(f"{file} written. Whoever has it can rebuild the labels.", soft_wrap=True)


@app.command("show")
def show_command(folder: Path) -> None:
    """List the cases of a test set."""
    test_set = load_test_set(folder)
    hidden = "not hidden" if test_set.not_hidden else "hidden"
    table = Table("id", "category", "subcategory", "difficulty", "tasks", "shape")
    table.title = (
        f"{test_set.name}: {test_set.purpose}, {test_set.dataset}, {hidden}, recipe {test_set.recipe}"
    )
    for case in in_order(test_set.cases):
        kind = case.category or case.scope or "normal"
        level, shape = str(case.difficulty or ""), " x ".join(map(str, case.shape))
        table.add_row(case.id, kind, case.subcategory or "", level, " ".join(case.tasks), shape)
    console.print(table)


@app.command("picture")
def picture_command(
    folder: Path, out: Path, columns: Annotated[int, typer.Option(min=1, help="Cases per row.")] = 2
) -> None:
    """Draw slices of every case with the border of its mask into a PNG, in the order of `show`."""
    out.write_bytes(encode_png(draw_sheet(folder, columns=columns)))
    console.print(f"{out} written", soft_wrap=True)


def main(arguments: list[str] | None = None) -> None:
    """An error is a sentence on stderr and exit code 2; with --debug it is a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        app(given)
    except (TestSetError, EvaluatorError, OSError) as problem:
        if "--debug" in given:
            raise
        errors.print(str(problem), style="red", markup=False, soft_wrap=True)
        sys.exit(2)
