"""The commands for test sets from elsewhere, and in use: import, correct, export-mood, check."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mood_evaluator.test_set import Dataset, Manifest
from mood_test_sets.cli.findings_table import make_table
from mood_test_sets.cli.options import SecretOption
from mood_test_sets.cli.terminal import console, errors, progress_bar
from mood_test_sets.findings import Finding, to_json
from mood_test_sets.gallery.contact_sheet import write_contact_sheet
from mood_test_sets.importing.correcting import correct_set
from mood_test_sets.importing.export import export_mood
from mood_test_sets.importing.folder import Description, import_set
from mood_test_sets.importing.layout import find_layout
from mood_test_sets.manifest_check import find_problems
from mood_test_sets.streams import Streams, read_secret

__all__ = ["check_command", "correct_command", "export_mood_command", "import_command"]

DatasetOption = Annotated[Dataset, typer.Option(help="Anatomy and modality of the scans.")]
PurposeOption = Annotated[str, typer.Option(help="toy, test, …; the labels of toy are public.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the findings as one JSON document.")]
BatchOption = Annotated[int, typer.Option(min=1, help="Cases per batch of the pixel task, at most.")]


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
        write_contact_sheet(out, picture)
    _say_imported(imported.test_set, out, picture)


def _import_key(secret: Path | None) -> Streams:
    """Ids of imported cases are random; with a secret they are the same at the next import."""
    return read_secret(secret) if secret else Streams(key=secrets.token_bytes(32), hidden=True)


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


def _show_findings(
    findings: Sequence[Finding], test_set: Manifest | None, folder: Path, *, as_json: bool, scans: int
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


def _say_imported(test_set: Manifest, folder: Path, picture: Path | None) -> None:
    abnormal = sum(case.abnormal for case in test_set.cases)
    count = f"{len(test_set.cases)} cases, {abnormal} of them abnormal"
    errors.print(f"wrote {folder}: {count}, digest {test_set.digest}", soft_wrap=True)
    look = f"{picture} written" if picture else f"mood-test-sets picture {folder} sheet.png"
    errors.print(f"Look at every case before you use it: {look}", soft_wrap=True)


def export_mood_command(test_set: Path, out: Path) -> None:
    """Write a test set in MOOD's own layout."""
    console.print(f"exported {export_mood(test_set, out)} cases to {out}", soft_wrap=True)


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
