"""Tables that people fill in: CSV with a line of column names."""

import csv
from pathlib import Path

from mood_test_sets.errors import ImportRefused

__all__ = ["read_rows"]


def read_rows(file: Path, *columns: str) -> list[dict[str, str]]:
    """Cells without blanks around them, "" where a line is short. Raises ImportRefused."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream, restkey=""))
    except UnicodeDecodeError:
        raise ImportRefused(f"{file} is not written in UTF-8. Save it as CSV in UTF-8.") from None
    except csv.Error as reason:
        raise ImportRefused(f"{file} is no table ({reason}). Save it as CSV in UTF-8.") from None
    except OSError as reason:
        raise ImportRefused(f"{file} cannot be read ({reason.strerror}). Name another table.") from None
    if rows and not set(columns) <= set(rows[0]):
        if ";" in "".join(rows[0]):
            raise ImportRefused(f"{file} parts its columns by semicolons. Save it with commas.")
        raise ImportRefused(f"{file} has no columns {' and '.join(columns)}. Add a line with their names.")
    return [{key: (value or "").strip() for key, value in row.items() if key} for row in rows]
