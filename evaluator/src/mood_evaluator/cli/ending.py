"""How a command ends: with an exit code that says what happened, and with a sentence where it went wrong.

Typer takes an end of file and a broken pipe for its own and leaves with 1. Here 1 has a meaning, so these
pass it by, or are told apart again.
"""

import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from importlib.metadata import version
from typing import Any, TypeVar

import typer

Function = TypeVar("Function", bound=Callable[..., Any])
UNFORESEEN = 70
"""A fault of the command itself (`EX_SOFTWARE`): nothing is said about what was scored or checked."""
_INTERRUPTED, _PIPE_CLOSED = 130, 141  # as shells tell SIGINT and SIGPIPE
_DEBUG = "--debug"
DebugOption = typer.Option(_DEBUG, envvar="MOOD_DEBUG", help="Show where an error comes from.")


class CommandFailed(Exception):
    """Carries what a command raised, its cause, past typer."""


class Commands(typer.Typer):
    """Commands whose errors reach `run_commands`; a returned number is their exit code."""

    def command(self, *arguments: Any, **options: Any) -> Callable[[Function], Function]:
        add = super().command(*arguments, **options)

        def declare(function: Function) -> Function:
            add(_past_typer(function))
            return function

        return declare


def _past_typer(function: Callable[..., Any]) -> Callable[..., None]:
    @wraps(function)
    def command(*arguments: Any, **options: Any) -> None:
        try:
            code = function(*arguments, **options)
        except KeyboardInterrupt:
            raise typer.Exit(_INTERRUPTED) from None
        except (BrokenPipeError, EOFError) as error:
            raise CommandFailed from error
        raise typer.Exit(code or 0)

    return command


def version_option(name: str, package: str) -> Any:
    """Return the option that prints the version of an installed package."""

    def show(wanted: bool) -> None:
        if wanted:
            typer.echo(f"{name} {version(package)}")
            raise typer.Exit

    return typer.Option("--version", callback=show, is_eager=True, help="Print the version.")


def run_commands(
    app: typer.Typer, arguments: Sequence[str] | None, *, name: str, known: dict[type[Exception], int]
) -> int:
    """Run a command and return its exit code; `known` errors are sentences already, with their codes."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _need_streams()
    debug = _DEBUG in words or bool(os.environ.get("MOOD_DEBUG"))
    try:
        code = _call(app, [word for word in words if word != _DEBUG], name)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has enough
        _drop_output()
        return _PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - whatever it is, it becomes a sentence and a code
        if debug:
            traceback.print_exception(error)
        return _tell(error, name, known)
    return code


def _call(app: typer.Typer, words: Sequence[str], name: str) -> int:
    """Return the exit code; raises what the command raised, and BrokenPipeError where typer leaves with 1."""
    try:
        app(words, prog_name=name)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        return ended.code if isinstance(ended.code, int) else 0
    except CommandFailed as failed:
        raise (failed.__cause__ or failed) from None
    return 0


def _need_streams() -> None:
    """Write to nowhere where a shell has closed an output, and escaped what its encoding lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let nothing more be written, at the end of the process either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # one that is no file
            os.dup2(nowhere, stream.fileno())


def _tell(error: BaseException, name: str, known: dict[type[Exception], int]) -> int:
    for kind, code in known.items():
        if isinstance(error, kind):
            return _say(f"{name}: {error}\n", code)
    words = " ".join(f"{type(error).__name__}: {error}".split())
    return _say(
        f"{name}: something unforeseen happened ({words}). Run it again with --debug to see where.\n",
        UNFORESEEN,
    )


def _say(words: str, code: int) -> int:
    """Write to stderr, if it can be written to."""
    with suppress(OSError):
        sys.stderr.write(words)
        sys.stderr.flush()
    return code
