"""Numbers that options take: whatever else is given is refused in words."""

from collections.abc import Callable

import typer


def number_where(holds: Callable[[float], bool], what: str) -> Callable[[object], float]:
    """Return a parser of numbers that `holds` takes; NaN is none of them."""

    def parse(given: object) -> float:  # the text, or the default
        try:
            number = float(str(given))
        except ValueError:
            number = float("nan")
        if not holds(number):
            raise typer.BadParameter(f"{str(given)!r} is not {what}")
        return number

    return parse
