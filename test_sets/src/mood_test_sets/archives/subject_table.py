"""The table of --subjects: whose scans and folders are, where names and headers do not say it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mood_test_sets.archives.naming import ENDING
from mood_test_sets.archives.people import fold
from mood_test_sets.archives.tables import read_rows
from mood_test_sets.errors import ImportRefused

__all__ = ["read_subjects", "subjects_of"]


def read_subjects(file: Path | None) -> dict[str, str]:
    """A table with the columns scan and subject; the scan as `Source.name`, or a folder of one person.

    Raises ImportRefused.
    """
    if file is None:
        return {}
    rows = read_rows(file, "scan", "subject")
    if open_ones := [row["scan"] for row in rows if not row["subject"]]:
        raise ImportRefused(f"{file} names no subject of {open_ones[0]}. Write one, or remove the line.")
    found: dict[str, str] = {}
    for row in rows:
        name = _plain(row["scan"])
        if fold(found.setdefault(name, row["subject"])) != fold(row["subject"]):
            both = f"{found[name]!r} and {row['subject']!r}"
            raise ImportRefused(f"{file} names two subjects of {row['scan']}: {both}. Remove one line.")
    return found


def _plain(name: str) -> str:
    return fold(ENDING.sub("", name.replace("\\", "/").strip("/").removeprefix("./")))


def subjects_of(lines: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The subject of each of `names` that a line names, or the nearest folder above it.

    Raises ImportRefused for a line that names nothing.
    """
    said = {_plain(name): subject for name, subject in lines.items()}
    found, used = {}, set()
    for name in names:
        parts = fold(name).split("/")
        above = ("/".join(parts[:end]) for end in range(len(parts), 0, -1))
        if line := next((one for one in above if one in said), None):
            found[name] = said[line]
            used.add(line)
    if missing := sorted(said.keys() - used):
        what = f"--subjects: {len(missing)} lines are of no scan and no folder (such as {missing[0]})."
        raise ImportRefused(f"{what} Scans are named by their path without ending; correct or remove them.")
    return found
