"""The commands that look at test sets: show, inspect, picture, gallery, audit."""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from mood_evaluator.test_set import ManifestCase, load_test_set
from mood_test_sets.audit.report import Comparison, Verdict, audit
from mood_test_sets.cli.options import CasesOption
from mood_test_sets.cli.terminal import console, progress_bar
from mood_test_sets.errors import ImportRefused
from mood_test_sets.gallery.choosing import in_order
from mood_test_sets.gallery.contact_sheet import write_contact_sheet
from mood_test_sets.gallery.page import write_gallery
from mood_test_sets.reading.scan_file import read_scan_file

__all__ = ["audit_command", "gallery_command", "inspect_command", "picture_command", "show_command"]

EXIT_CODES = {Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.FEW: 3}


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
    table.columns[0].no_wrap = True
    Console(highlight=False, width=None if console.is_terminal else 140).print(table)


def picture_command(
    folder: Path, out: Path, columns: Annotated[int, typer.Option(min=1, help="Cases per row.")] = 2
) -> None:
    """Draw slices of every case with the border of its mask into a PNG, in the order of `show`."""
    write_contact_sheet(folder, out, columns=columns)
    console.print(f"{out} written", soft_wrap=True)


def inspect_command(
    folder: Path, case: Annotated[str, typer.Argument(help="An id, or its first characters.")]
) -> None:
    """All that is known of one case: manifest, header, values."""
    found = _find(folder, case)
    table = Table(show_header=False, title=found.id)
    for name, value in found.to_json().items():
        table.add_row(name, value if isinstance(value, str) else json.dumps(value))
    scan = read_scan_file(folder / found.image)
    table.add_row("spacing", " x ".join(f"{side:.3g}" for side in scan.spacing) + " mm")
    inside = scan.values[scan.values > 0]
    shares = np.quantile(inside, (0, 0.25, 0.5, 0.75, 1)) if inside.size else np.zeros(5)
    table.add_row("values above 0", "quartiles " + ", ".join(f"{value:.3f}" for value in shares))
    table.add_row("share of zeros", f"{1 - inside.size / scan.values.size:.3f}")
    if found.label:
        marked = read_scan_file(folder / found.label).values > 0
        table.add_row("marked voxels", f"{int(marked.sum())}, mean value {scan.values[marked].mean():.3f}")
    Console(highlight=False, width=None if console.is_terminal else 140).print(table)


def _find(folder: Path, case: str) -> ManifestCase:
    matching = [one for one in load_test_set(folder).cases if one.id.startswith(case)]
    if len(matching) != 1:
        what = f"{len(matching)} cases of {folder} begin with {case!r}."
        raise ImportRefused(f"{what} `mood-test-sets show` lists the ids.")
    return matching[0]


def gallery_command(folder: Path, out: Path, cases: CasesOption = None) -> None:
    """Write one HTML file to look through: slices, outlines, histograms, category and difficulty."""
    with progress_bar() as bar:
        task = bar.add_task("drawing", total=None)
        shown = write_gallery(
            folder,
            out,
            cases=cases,
            on_case=lambda done, total: bar.update(task, completed=done, total=total),
        )
    console.print(f"{out} written, {shown} cases", soft_wrap=True)


def audit_command(
    folder: Path,
    seed: Annotated[int, typer.Option(help="Of permutations, folds and borrowed masks.")] = 0,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Test whether anything besides the content tells abnormal from normal cases.

    Exit code 0 if nothing does, 1 if something does, 3 if there are too few cases to say.
    """
    with progress_bar() as bar:
        task = bar.add_task("measuring", total=None)
        found = audit(
            folder, seed=seed, on_case=lambda done, total: bar.update(task, completed=done, total=total)
        )
    if as_json:
        typer.echo(json.dumps([one.to_json() for one in found], indent=1))
    else:
        for one in found:
            _show_comparison(one)
    verdicts = {one.verdict for one in found}
    worst = next(v for v in (Verdict.FAILED, Verdict.FEW, Verdict.PASSED) if v in verdicts)
    raise typer.Exit(EXIT_CODES[worst])


def _show_comparison(one: Comparison) -> None:
    wide = Console(highlight=False, width=None if console.is_terminal else 110)
    table = Table("feature", "p (family-wise)", title=f"{one.name}: {one.normal} and {one.abnormal} cases")
    for p, name in sorted(zip(one.p_values, one.features, strict=True))[:8]:
        table.add_row(name, f"{p:.4f}")
    wide.print(table)
    wide.print(
        f"{len(one.constant)} features are equal in all cases, {len(one.features)} vary; p = {one.p:.4f}"
    )
    for name, auroc in one.aurocs.items():
        wide.print(
            f"{name} classifier: AUROC {auroc.value:.3f}, 95 % interval {auroc.low:.3f} to {auroc.high:.3f}"
        )
    style = {Verdict.PASSED: "green", Verdict.FAILED: "red", Verdict.FEW: "yellow"}[one.verdict]
    wide.print(f"{one.name}: {one.verdict}", style=style)
