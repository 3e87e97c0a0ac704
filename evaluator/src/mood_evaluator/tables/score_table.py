"""Reads score tables: a CSV file with the columns task, alg_name, value and case, one row per value."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mood_evaluator.errors import InvalidInput, InvalidTable
from mood_evaluator.rows import frame_of, html_table

COLUMNS = ("task", "alg_name", "value", "case")
LARGEST = 1e100
"""Of a value, in size: sums of larger ones leave float64."""
_MISSING = {"", "na", "nan", "<na>"}  # the last as pandas writes it
Row = Mapping[str, Any]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """The values of one ranking; an algorithm without a value for a case has NaN there.

    >>> table = ScoreTable("brain", ("A", "B"), ("1", "2"), [[0.9, 0.8], [0.7, math.nan]])
    >>> table.to_frame()
        task alg_name  value case
    0  brain        A    0.9    1
    1  brain        A    0.8    2
    2  brain        B    0.7    1
    3  brain        B    NaN    2
    """

    task: str
    algorithms: tuple[str, ...]
    cases: tuple[str, ...]
    values: Matrix  # (algorithms, cases)

    def __post_init__(self) -> None:
        """Take names and values as lists too; refuse what does not fit together."""
        names = ("algorithms", "cases")
        for name in names:
            object.__setattr__(self, name, tuple(getattr(self, name)))
        try:
            object.__setattr__(self, "values", np.asarray(self.values, np.float64))
        except (TypeError, ValueError) as error:
            raise InvalidTable(f"Task {self.task}: values are no matrix of numbers ({error}).") from error
        if self.values.shape != (len(self.algorithms), len(self.cases)) or np.isinf(self.values).any():
            raise InvalidTable(f"Task {self.task}: give a finite value, or NaN, for each algorithm and case.")
        if (np.abs(self.values) > LARGEST).any():
            raise InvalidTable(f"Task {self.task}: a value is beyond {LARGEST:g}. Give it in another unit.")
        if any(len(set(getattr(self, name))) < len(getattr(self, name)) for name in names):
            raise InvalidTable(f"Task {self.task}: an algorithm or a case is there twice. Keep one of them.")

    def to_frame(self) -> Any:
        """Return a pandas frame of the columns that `read_score_tables` reads."""
        return frame_of(
            [
                {"task": self.task, "alg_name": algorithm, "value": value, "case": case}
                for algorithm, row in zip(self.algorithms, self.values.tolist(), strict=True)
                for case, value in zip(self.cases, row, strict=True)
            ]
        )

    def _repr_html_(self) -> str:
        return html_table(
            [_summary(name, row) for name, row in zip(self.algorithms, self.values, strict=True)]
        )


def read_score_tables(source: Any) -> dict[str, ScoreTable]:
    """Return the tables by task, in the order of `source`: the path of a CSV file, or a pandas frame.

    Both have the columns task, alg_name, value and case, a row for each value. Raises InvalidTable, naming
    line and column.
    """
    values: dict[str, dict[tuple[str, str], float]] = {}
    is_frame = hasattr(source, "columns")
    if not is_frame and not isinstance(source, str | PathLike):
        raise InvalidInput(f"source is a {type(source).__name__}. Give the path of a CSV file, or a frame.")
    for place, row in _rows_of_frame(source) if is_frame else _rows_of_file(Path(source)):
        task, algorithm, case = (_text(row, name, place) for name in ("task", "alg_name", "case"))
        mine = values.setdefault(task, {})
        if (algorithm, case) in mine:
            raise InvalidTable(f"{place}: {algorithm} has case {case} twice. Keep one of the rows.")
        mine[algorithm, case] = _number(row["value"], place)
    if not values:
        raise InvalidTable(f"{_name(source)} has no rows. Write one row per algorithm and case.")
    return {task: _table(task, found) for task, found in values.items()}


def _name(source: Any) -> str:
    return "The frame" if hasattr(source, "columns") else str(source)


def _rows_of_file(path: Path) -> Iterator[tuple[str, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            _need_columns(path, reader.fieldnames or ())
            for row in reader:
                place = f"{path}, line {reader.line_num}"
                if None in row:
                    raise InvalidTable(
                        f"{place}: there are more cells than columns. Write decimals with a point, not a "
                        f"comma, and quote what holds commas."
                    )
                yield place, row
        except (csv.Error, UnicodeError) as error:
            raise InvalidTable(
                f"{path}, line {reader.line_num + 1}: {error}. Save the table as CSV in UTF-8."
            ) from error


def _rows_of_frame(frame: Any) -> Iterator[tuple[str, Row]]:
    _need_columns(frame, frame.columns)
    for number, row in enumerate(frame[list(COLUMNS)].to_dict("records")):
        yield f"The frame, row {number}", row


def _need_columns(source: Any, names: Iterable[Any]) -> None:
    found = list(names)
    for name in COLUMNS:
        if found.count(name) > 1:
            raise InvalidTable(f"{_name(source)}: column {name} is there twice. Keep the one that is meant.")
        if name not in found:
            header = ", ".join(map(repr, found))[:100]
            raise InvalidTable(
                f"{_name(source)}: column {name} is missing among {header or 'none'}. Needed are "
                f"{', '.join(COLUMNS)}, written so and separated by commas."
            )


def _text(row: Row, name: str, place: str) -> str:
    text = "" if _is_missing(row[name]) else str(row[name]).strip()
    if not text:
        raise InvalidTable(f"{place}: column {name} is empty. Only value may be left empty.")
    return text


def _number(value: Any, place: str) -> float:
    """Return the value, NaN if it is missing."""
    text = "" if value is None else str(value).strip()
    if text.lower() in _MISSING:
        return math.nan
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.inf
    if not abs(number) <= LARGEST or "_" in text:
        raise InvalidTable(
            f"{place}: value is {text[:40]!r}. Write a number such as 0.5, or nothing where it is missing."
        )
    return number


def _is_missing(value: Any) -> bool:
    """Whether a frame, or a line that is too short, has nothing there."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or str(value) == "<NA>"


def _table(task: str, found: Mapping[tuple[str, str], float]) -> ScoreTable:
    algorithms = _distinct(algorithm for algorithm, _ in found)
    cases = _distinct(case for _, case in found)
    rows = [[found.get((algorithm, case), math.nan) for case in cases] for algorithm in algorithms]
    return ScoreTable(task, algorithms, cases, np.array(rows))


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _summary(algorithm: str, values: Matrix) -> dict[str, Any]:
    known = values[~np.isnan(values)]
    low, middle, high = np.quantile(known, (0, 0.5, 1)).tolist() if known.size else (None, None, None)
    mean = float(known.mean()) if known.size else None
    row = {"algorithm": algorithm, "values": known.size, "mean": mean}
    return {**row, "median": middle, "lowest": low, "highest": high}
