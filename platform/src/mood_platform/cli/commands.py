"""How every command reads its words: an option once, and what nobody is here to be asked is wrong use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand

from mood_platform.cli.console import say
from mood_platform.cli.problems import Problem

Function = TypeVar("Function", bound=Callable[..., Any])
INTERRUPTED = 130
"""What a shell says of a command that Ctrl-C ended."""


class Command(TyperCommand):
    """An option given twice is refused unless it is a list; a question without an answer ends in words."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for one in _questions(self.params):
            one.required = False  # it may be left out: then it is asked for

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        _refuse_repeated(given)
        try:
            return super().parse_args(ctx, args)
        except typer.Abort as unanswered:
            if isinstance(unanswered.__context__, KeyboardInterrupt):
                raise typer.Exit(INTERRUPTED) from None
            left = [one for one in _questions(self.params) if one.name not in ctx.params]
            raise _nobody_to_ask(left) from None


class Commands(typer.Typer):
    """A family of commands, all of which read their words so."""

    def command(self, *arguments: Any, **options: Any) -> Callable[[Function], Function]:
        return super().command(*arguments, **{"cls": Command, **options})


def _questions(params: Sequence[Any]) -> list[Any]:
    return [one for one in params if getattr(one, "prompt", None)]


def _refuse_repeated(given: Sequence[Any]) -> None:
    for one, times in Counter(given).items():
        takes_one = one.param_type_name == "option" and not (one.is_flag or one.multiple)
        if times > 1 and takes_one:
            raise Problem(f"{one.opts[0]} is given {times} times.", remedy="Give it once.")


def _nobody_to_ask(missing: Sequence[Any]) -> Problem:
    say.print("")
    names = " and ".join(one.opts[0] for one in missing)
    verb = "is" if len(missing) == 1 else "are"
    return Problem(
        f"{names} {verb} missing, and nobody is here to be asked.", remedy="Give it with the command."
    )
