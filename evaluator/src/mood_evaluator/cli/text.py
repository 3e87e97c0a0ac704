"""Tables in plain text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def aligned(head: tuple[str, ...], rows: Sequence[Any]) -> list[str]:
    """Return lines of equal width, the first column to the left, the others to the right."""
    table = [head, *[tuple(shown(str(cell)) for cell in row) for row in rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return [
        "  " + row[0].ljust(widths[0]) + "".join(f"  {cell:>{widths[n]}}" for n, cell in enumerate(row) if n)
        for row in table
    ]


def shown(text: str) -> str:
    """Return text with what a terminal would obey, or not show, escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def stability_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rank intervals of each task."""
    for task, part in found.items():
        tau = part["kendall_tau_b"]
        width = max(len(shown(row["algorithm"])) for row in part["algorithms"])
        yield f"{task}: {part['draws']} draws"
        yield f"  {'':{width}}  rank  median     95 %     wins"
        for row in part["algorithms"]:
            low, high = row["interval"]
            name = shown(row["algorithm"])
            yield (
                f"  {name:{width}}  {row['rank']:>4}  {row['median']:>6g}  {low:>4g} - {high:<4g}"
                f"  {row['wins']:>5.1%}"
            )
        text = "undefined: all are tied" if tau["mean"] is None else f"mean {tau['mean']:.3f}"
        yield f"  Kendall's tau-b with the full ranking: {text}"
