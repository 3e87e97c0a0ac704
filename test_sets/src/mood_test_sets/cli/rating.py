"""The commands of difficulty by human raters: rate sheet, rate read."""

from pathlib import Path
from typing import Annotated

import typer

from mood_test_sets.cli.options import CasesOption
from mood_test_sets.cli.terminal import console, progress_bar
from mood_test_sets.rating.answers import apply_ratings
from mood_test_sets.rating.sheets import write_sheet

__all__ = ["rate_app"]


rate_app = typer.Typer(
    no_args_is_help=True, help="Difficulty by human raters: blinded sheets, and their answers."
)


@rate_app.command("sheet")
def sheet_command(
    folder: Path,
    out: Annotated[Path, typer.Argument(help="Folder for sheet.html, answers.csv and key.json.")],
    rater: Annotated[str, typer.Option(help="Whose sheet it is.")],
    cases: CasesOption = None,
    seed: Annotated[int, typer.Option(help="Of the order.")] = 0,
) -> None:
    """Write a blinded sheet: the abnormal cases in random order, without outline, category or id."""
    with progress_bar() as bar:
        task = bar.add_task("drawing", total=None)
        count = write_sheet(
            folder,
            out,
            rater=rater,
            cases=cases,
            seed=seed,
            on_case=lambda done, total: bar.update(task, completed=done, total=total),
        )
    console.print(
        f"{out}: {count} scans. Give away sheet.html and answers.csv, and keep key.json.", soft_wrap=True
    )


@rate_app.command("read")
def read_command(
    folder: Path,
    out: Annotated[Path, typer.Argument(help="The new version of the test set.")],
    sheet: Annotated[list[Path], typer.Option(help="Folder with answers.csv and key.json; one per rater.")],
) -> None:
    """Make the median rating the difficulty, in a new version of the test set."""
    rated = apply_ratings(folder, out, [(one / "answers.csv", one / "key.json") for one in sheet])
    agreed = "" if rated.agreement is None else f", Kendall's W {rated.agreement:.2f}"
    console.print(
        f"{out}: {rated.cases} cases rated by {rated.raters}{agreed}, digest {rated.digest}", soft_wrap=True
    )
