"""What readers found, in tables; where two disagree, a person settles it (consensus, thesis 4.1.1)."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mood_test_sets.archives.naming import ENDING
from mood_test_sets.archives.tables import read_rows
from mood_test_sets.errors import ImportRefused

__all__ = ["Consensus", "Reading", "find_consensus", "read_table", "write_consensus"]

SCOPES = ("local", "global")
YES, NO = {"1", "yes", "true"}, {"0", "no", "false"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader says of one scan."""

    finding: bool | None  # None where the cell is blank: not read
    scope: str = "global"
    category: str | None = None
    subcategory: str | None = None
    grade: str | None = None  # C1 clearly noticeable to C3 unobtrusive
    note: str = ""  # point and radius in mm, comment


@dataclass(frozen=True, slots=True)
class Consensus:
    settled: Mapping[str, Reading]
    unsettled: Sequence[str]
    agreement: float | None  # share of the scans that all readers read
    kappa: float | None  # Cohen's, of the first two readers


def read_table(file: Path) -> dict[str, Reading]:
    """Columns scan and finding (0, 1); perhaps scope, category, subcategory, grade, x, y, z, radius, comment.

    Raises ImportRefused.
    """
    rows = read_rows(file, "scan", "finding")
    found: dict[str, Reading] = {}
    for line, row in enumerate(rows, start=2):
        place = f"{file}, line {line}"
        reading = _read_row(row, place)
        scan = ENDING.sub("", row["scan"])
        before = found.get(scan)
        if before is None or before.finding is None or (reading.finding and not before.finding):
            found[scan] = reading
    return found


def _read_row(row: Mapping[str, str], place: str) -> Reading:
    said = row["finding"].lower()
    if said not in YES | NO | {""}:
        raise ImportRefused(f"{place}: finding is {row['finding']!r}. Write 0 or 1.")
    scope = row.get("scope") or "global"
    if scope not in SCOPES:
        raise ImportRefused(f"{place}: scope is {scope!r}. Write local or global.")
    note = " ".join(f"{name}={row[name]}" for name in ("x", "y", "z", "radius", "comment") if row.get(name))
    empty = {name: row.get(name) or None for name in ("category", "subcategory", "grade")}
    return Reading(said in YES if said else None, scope, note=note, **empty)


def find_consensus(tables: Sequence[Mapping[str, Reading]], settled: Mapping[str, Reading]) -> Consensus:
    """A scan is settled if all who read it agree, or by hand; the first reader who found it describes it.

    A blank cell settles nothing. What is settled of a scan that no reader has counts too.
    """
    scans = sorted({scan for table in (*tables, settled) for scan in table})
    agreed: dict[str, Reading] = {}
    open_ones = []
    for scan in scans:
        readings = [table[scan] for table in tables if scan in table and table[scan].finding is not None]
        said = {one.finding for one in readings}
        last = settled.get(scan, Reading(None))
        if last.finding is not None:
            agreed[scan] = next((one for one in readings if one.finding), last) if last.finding else last
        elif len(said) == 1:
            agreed[scan] = readings[0]
        else:
            open_ones.append(scan)
    both = [[table[scan].finding for table in tables[:2] if scan in table] for scan in scans]
    pairs = [(one[0], one[1]) for one in both if len(one) == 2 and one[0] is not None and one[1] is not None]
    share = sum(a == b for a, b in pairs) / len(pairs) if pairs else None
    return Consensus(agreed, open_ones, share, _kappa(pairs))


def _kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    if not pairs:
        return None
    n = len(pairs)
    same = sum(a == b for a, b in pairs) / n
    first, second = (sum(pair[i] for pair in pairs) / n for i in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    return None if chance == 1 else (same - chance) / (1 - chance)


def write_consensus(file: Path, tables: Sequence[Mapping[str, Reading]], unsettled: Sequence[str]) -> None:
    """What is left to settle: fill the column finding with 0 or 1 and hand the file in with --consensus."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["scan", *(f"reader {n}" for n in range(1, len(tables) + 1)), "finding"])
        for scan in unsettled:
            read = [table[scan].finding if scan in table else None for table in tables]
            said = ["" if one is None else str(int(one)) for one in read]
            writer.writerow([scan, *said, ""])
