"""The command `mood-test-sets`: its commands in the order of its help."""

import sys
from typing import Annotated

from mood_evaluator.cli.ending import Commands, DebugOption, run_commands, version_option
from mood_evaluator.errors import EvaluatorError
from mood_test_sets.cli import building, importing, looking, preparing, rating
from mood_test_sets.errors import TestSetError

__all__ = ["app", "main"]

app = Commands(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def declare_debug(
    *,
    debug: Annotated[bool, DebugOption] = False,
    show_version: Annotated[bool, version_option("mood-test-sets", "mood-test-sets")] = False,
) -> None:
    """Cohorts grown from real scans, anomalies, manifests, secrets.

    Exit codes: 0 done, 1 findings that must be looked at, 2 wrong use or input, 70 a fault of ours.
    """


app.command("show")(looking.show_command)
app.command("inspect")(looking.inspect_command)
app.command("picture")(looking.picture_command)
app.command("gallery")(looking.gallery_command)
app.command("audit")(looking.audit_command)
app.command("prepare")(preparing.prepare_command)
app.command("build")(building.build_command)
app.command("recipes")(building.recipes_command)
app.command("import")(importing.import_command)
app.command("correct")(importing.correct_command)
app.command("export-mood")(importing.export_mood_command)
app.command("verify")(importing.check_command)
app.command("check")(importing.check_command)
app.command("new-secret")(building.new_secret_command)
app.add_typer(rating.rate_app, name="rate")


def main(arguments: list[str] | None = None) -> None:
    """An error is a sentence and exit code 2, one that nobody foresaw 70; --debug adds a traceback."""
    known: dict[type[Exception], int] = {TestSetError: 2, EvaluatorError: 2, OSError: 2}
    sys.exit(run_commands(app, arguments, name="mood-test-sets", known=known))
