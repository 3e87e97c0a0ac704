"""The command `mood-test-sets`: build, import, export, check and look at test sets."""

import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from mood_evaluator.cli.ending import Commands, DebugOption, run_commands, version_option
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.test_set import Dataset, TestSet
from mood_test_sets.cli.findings_table import make_table
from mood_test_sets.cli.looking import progress_bar, register
from mood_test_sets.cli.preparing import prepare_command
from mood_test_sets.cohort_folder import load_cohort
from mood_test_sets.errors import TestSetError, WeakSecret
from mood_test_sets.findings import Finding, to_json
from mood_test_sets.gallery.contact_sheet import draw_sheet, encode_png
from mood_test_sets.importing.correcting import correct_set
from mood_test_sets.importing.export import export_mood
from mood_test_sets.importing.folder import Description, find_layout, import_set
from mood_test_sets.making.build import Built, build
from mood_test_sets.making.from_cohort import assign
from mood_test_sets.making.plans import SetPlan
from mood_test_sets.making.recipe import known_recipes, load_recipe, plan
from mood_test_sets.manifest_check import find_problems
from mood_test_sets.streams import PUBLIC, Streams, create_secret, read_secret

__all__ = ["app", "main"]

app = Commands(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()
errors = Console(stderr=True, highlight=False)
register(app)
app.command("prepare")(prepare_command)

SecretOption = Annotated[
    Path | None, typer.Option("--secret", help="File with at least 128 random bits; see new-secret.")
]
DatasetOption = Annotated[Dataset, typer.Option(help="Anatomy and modality of the scans.")]
PurposeOption = Annotated[str, typer.Option(help="toy, test, …; the labels of toy are public.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the findings as one JSON document.")]
BatchOption = Annotated[int, typer.Option(min=1, help="Cases per batch of the pixel task, at most.")]


@app.callback()
def declare_debug(
    *,
    debug: Annotated[bool, DebugOption] = False,
    show_version: Annotated[bool, version_option("mood-test-sets", "mood-test-sets")] = False,
) -> None:
    """Cohorts grown from real scans, anomalies, manifests, secrets.

    Exit codes: 0 done, 1 findings that must be looked at, 2 wrong use or input, 70 a fault of ours.
    """


@app.command("build")
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


@app.command("recipes")
def recipes_command() -> None:
    """List the recipes that ship with the package."""
    table = Table("recipe", "what it makes", "size", "needs a secret for")
    for one in known_recipes():
        needed = "" if one.demonstration else ", ".join(one.hidden)
        table.add_row(one.name, one.about, str(one.size), needed)
    Console(highlight=False, width=None if console.is_terminal else 140).print(table)


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


@app.command("import")
def import_command(
    folder: Annotated[Path, typer.Argument(help="With images/ and labels/, or toy/ and toy_label/.")],
    out: Annotated[Path, typer.Argument(help="The new test set; its name unless --name says otherwise.")],
    dataset: DatasetOption,
    purpose: PurposeOption = "test",
    origin: Annotated[str, typer.Option(help="Of the anomalies: natural or artificial.")] = "natural",
    batch_size: BatchOption = 20,
    name: Annotated[str | None, typer.Option(help="Name of the test set in challenge.yaml.")] = None,
    secret: SecretOption = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the imported cases into this PNG.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import NIfTI scans with masks, or with 0 or 1 in NAME.txt. Exit code 1 if something is wrong."""
    description = Description(
        name=name or out.name,
        dataset=dataset,
        purpose=purpose,
        origin=origin,
        batch_size=batch_size,
        public=purpose == "toy",
    )
    with progress_bar() as progress:
        task = progress.add_task("reading", total=None)
        imported = import_set(
            find_layout(folder),
            out,
            description=description,
            streams=_import_key(secret),
            on_scan=lambda done, total: progress.update(task, completed=done, total=total),
        )
    _show_findings(imported.findings, imported.test_set, folder, as_json=as_json, scans=imported.scans)
    if imported.test_set is None:
        raise typer.Exit(1)
    if picture is not None:
        picture.write_bytes(encode_png(draw_sheet(out)))
    _say_imported(imported.test_set, out, picture)


def _import_key(secret: Path | None) -> Streams:
    """Ids of imported cases are random; with a secret they are the same at the next import."""
    return read_secret(secret) if secret else Streams(key=secrets.token_bytes(32), hidden=True)


def _show_findings(
    findings: Sequence[Finding], test_set: TestSet | None, folder: Path, *, as_json: bool, scans: int
) -> None:
    """The table on standard error; with --json the report on standard output instead."""
    if as_json:
        digest = test_set.digest if test_set else None
        typer.echo(to_json(findings, folder=str(folder), cases=scans, digest=digest))
        return
    if findings:
        wide = Console(stderr=True, highlight=False, width=None if errors.is_terminal else 160)
        wide.print(make_table(findings))
    wrong = sum(one.is_error for one in findings)
    if test_set is None:
        errors.print(f"{wrong} errors in {folder}: nothing was written.", style="red", soft_wrap=True)


def _say_imported(test_set: TestSet, folder: Path, picture: Path | None) -> None:
    abnormal = sum(case.abnormal for case in test_set.cases)
    count = f"{len(test_set.cases)} cases, {abnormal} of them abnormal"
    errors.print(f"wrote {folder}: {count}, digest {test_set.digest}", soft_wrap=True)
    look = f"{picture} written" if picture else f"mood-test-sets picture {folder} sheet.png"
    errors.print(f"Look at every case before you use it: {look}", soft_wrap=True)


@app.command("correct")
def correct_command(
    folder: Annotated[Path, typer.Argument(help="The test set in use; it stays as it is.")],
    out: Annotated[Path, typer.Argument(help="The new version, of the same name inside.")],
    labels: Annotated[
        Path | None, typer.Option(help="Folder of corrected labels: ID.nii.gz, or ID.txt with 0 or 1.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A case to leave out; may be repeated.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new version with corrected labels or without some cases; scans and ids stay."""
    corrected = correct_set(folder, out, labels=labels, drop=drop or ())
    changed, dropped = len(corrected.changed), len(corrected.dropped)
    _show_findings(
        corrected.findings, corrected.test_set, labels or folder, as_json=as_json, scans=changed + dropped
    )
    if corrected.test_set is None:
        raise typer.Exit(1)
    errors.print(f"labels changed: {changed}, cases dropped: {dropped}", soft_wrap=True)
    _say_imported(corrected.test_set, out, None)


@app.command("export-mood")
def export_mood_command(test_set: Path, out: Path) -> None:
    """Write a test set in MOOD's own layout."""
    console.print(f"exported {export_mood(test_set, out)} cases to {out}", soft_wrap=True)


@app.command("check")
@app.command("verify")
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


def main(arguments: list[str] | None = None) -> None:
    """An error is a sentence and exit code 2, one that nobody foresaw 70; --debug adds a traceback."""
    known: dict[type[Exception], int] = {TestSetError: 2, EvaluatorError: 2, OSError: 2}
    sys.exit(run_commands(app, arguments, name="mood-test-sets", known=known))
