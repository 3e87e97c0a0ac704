"""What participants.tsv of BIDS says of its people: who is ill, who a control, and of whom it is silent."""

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mood_test_sets.archives.naming import LESION, printable, walk
from mood_test_sets.archives.people import fold
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect, Note

__all__ = ["Line", "Table", "judge", "read_participants"]

ILLNESS = re.compile(
    r"diag|\bdx|_dx|disease|patholog|tumou?r|lesion|cancer|disorder|illness|^(?:is_?)?patient$"
)
GROUP = re.compile(r"group|status|condition|health|cohort|population|subject_?type|patient_?type")
COMPARED = re.compile(
    r"(?:(?:study|research|clinical|subject|participant|patient|case)[_ ]?)?"
    r"(?:group|status|condition|cohort|population|type)s?|health\w*"
)  # columns of all that people are told apart by: who is a control there is one
HARMLESS = re.compile(
    r"participant_id|species|strain|age\w*|sex|gender|hand\w*|site\w*|scanner\w*|session\w*|race|ethnicity|height|weight"
    r"|(?:right|left)_?hand\w*|consent\w*|includ\w*|smok\w*|english\w*|native\w*|\w*_available|qc\w*"
)
NORMAL = {"normal"}  # in columns of illness alone: a normal weight is no health
CONTROLS = {
    "control",
    "controls",
    "healthy",
    "healthy control",
    "hc",
    "ctl",
    "ctrl",
    "con",
    "cn",
    "nc",
    "hv",
    "healthy controls",
    "healthy volunteer",
    "healthy volunteers",
    "normal control",
    "typically developing",
}
UNSAID = {"", "n/a", "na", "nan", "unknown", "none", "no", "negative", "0", "-", "false", "n"}
ANSWERS = {"yes", "y", "true", "positive", "present", "0"}  # a column of 1 alone counts something
YES = {"yes", "y", "true", "1", "positive", "present"}
PATIENTS = re.compile(rf"{LESION.pattern}|patient|case|disease|disorder|blastom|(?:oma|itis|osis|pathy)s?\b")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """What is said of one person."""

    ill: str | None = None
    control: bool = False
    open: bool = False  # a yes that nobody understands: no control

    def __or__(self, other: "Line") -> "Line":
        """An illness counts more than a control, whichever comes last."""
        return Line(self.ill or other.ill, self.control or other.control, self.open or other.open)

    @property
    def healthy(self) -> bool:
        return self.control and self.ill is None and not self.open


@dataclass(frozen=True, slots=True)
class Table:
    file: str  # relative to the archive
    folder: str  # its people are below this
    lines: Mapping[str, Line]
    unread: Sequence[str]  # columns that may tell who is ill, and were not understood

    def covers(self, scan: str) -> bool:
        return not self.folder or scan.startswith(f"{self.folder}/")

    def find(self, ids: Iterable[str]) -> Line | None:
        """By the very id; where there is none an illness also by one that is written a little otherwise."""
        own = {_key(one) for one in ids}
        if found := [line for who, line in self.lines.items() if who in own]:
            return _all_of(found)
        loose = {_loose(one) for one in own}
        said = _all_of(line for who, line in self.lines.items() if _loose(who) in loose)
        return Line(said.ill) if said.ill else None


def judge(tables: Sequence[Table], scans: Mapping[str, set[str]]) -> dict[str, Note | None]:
    """Of scans (name to what their people are called): why one may be ill, or None of a control.

    Who stands in no table may be one of those patients of a table whose scans were not found.
    """
    lost = {one.file: _patients_without(one, scans) for one in tables}
    found: dict[str, Note | None] = {}
    for name, ids in scans.items():
        own = [one for one in tables if one.covers(name)]
        said = [line for one in own if (line := one.find(ids)) is not None]
        line = _all_of(said)
        if line.ill is not None or line.healthy:
            found[name] = _ill(line.ill) if line.ill is not None else None
        elif not said and (table := next((one for one in own if lost[one.file]), None)):
            found[name] = _may_be(table.file, lost[table.file])
    return found


def _ill(said: str) -> Note:
    what = f"participants.tsv calls its person {said!r}, and no mask shows where."
    return Note(Defect.ILL, what, "Add NAME_mask.nii.gz, or say what a reader saw with --findings.")


def _may_be(file: str, lost: Sequence[str]) -> Note:
    which = f"{len(lost)} patients without a scan (such as {lost[0]})"
    what = f"{file} lists {which}, and not its person, who may be one of them."
    remedy = "Write participant_id as people are called in paths, or say --subjects or --findings."
    return Note(Defect.ILL, what, remedy)


def _patients_without(table: Table, scans: Mapping[str, set[str]]) -> list[str]:
    here = {_loose(_key(who)) for name, ids in scans.items() if table.covers(name) for who in ids}
    return sorted(who for who, line in table.lines.items() if line.ill and _loose(who) not in here)


def _key(who: str) -> str:
    return fold(who).removeprefix("sub-")


def _loose(who: str) -> str:
    """`01`, `1` and `0-1` may be one person."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]+", "", who))


def _all_of(lines: Iterable[Line]) -> Line:
    found = Line()
    for line in lines:
        found |= line
    return found


def read_participants(root: Path, scans: Iterable[str]) -> list[Table]:
    """Those of inner folders first; one below which no scan lies speaks of those beside its folder.

    Raises ImportRefused where a table names nobody.
    """
    scans = list(scans)
    found = [
        _read_table(file, printable(file.relative_to(root)), scans)
        for file in walk(root)
        if file.name.casefold() == "participants.tsv" and file.exists()
    ]
    return sorted(found, key=lambda one: -len(one.folder))


def _read_table(file: Path, name: str, scans: Sequence[str]) -> Table:
    rows = list(_rows(file))
    if rows and "participant_id" not in rows[0]:
        raise ImportRefused(f"{name} has no column participant_id. Call the one that names people so.")
    lines: dict[str, Line] = {}
    says = _reader(rows)
    for row in rows:
        who = _key(row.get("participant_id", ""))
        lines[who] = lines.get(who, Line()) | says(row)
    folder, _, _ = name.rpartition("/")
    while folder and not any(scan.startswith(f"{folder}/") for scan in scans):
        folder, _, _ = folder.rpartition("/")
    return Table(name, folder, lines, _unread_columns(rows))


def _rows(file: Path) -> Iterator[Row]:
    """No cell holds a tab or a line, so quotes are signs as others."""
    header, *lines = [*file.read_text(encoding="utf-8-sig", errors="replace").splitlines(), ""]
    columns = [_cell(one).casefold() for one in header.split("\t")]
    for line in filter(str.strip, lines):
        yield dict(zip(columns, map(_cell, line.split("\t")), strict=False))


def _cell(text: str) -> str:
    return text.strip(' "')


def _reader(rows: Sequence[Row]) -> Callable[[Row], Line]:
    compared, answered = _compared(rows), _answered(rows)

    def says(row: Row) -> Line:
        told = [(said, _is_ill(column, said, compared)) for column, said in row.items()]
        ill = next((said for said, is_ill in told if is_ill), None)
        unread = any(row.get(column, "").casefold() in YES for column in answered)
        return Line(ill, control=any(is_ill is False for _, is_ill in told), open=unread)

    return says


def _is_control(column: str, value: str) -> bool:
    said = value.casefold()
    ill = bool(ILLNESS.search(column))
    return (said in CONTROLS and (ill or bool(COMPARED.fullmatch(column)))) or (said in NORMAL and ill)


def _compared(rows: Sequence[Row]) -> set[str]:
    """Columns with controls."""
    return {column for row in rows for column, said in row.items() if _is_control(column, said)}


def _answered(rows: Sequence[Row]) -> set[str]:
    """Columns of yes and no that are not understood, such as epilepsy."""
    held: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for column, said in row.items():
            held[column].add(said.casefold())
    known = {one for one in held if HARMLESS.fullmatch(one) or GROUP.search(one) or ILLNESS.search(one)}
    return {one for one in held.keys() - known if held[one] <= YES | UNSAID and held[one] & ANSWERS}


def _is_ill(column: str, value: str, compared: Container[str]) -> bool | None:
    """Beside controls, or in a column of illnesses, every word is one; else those that sound so."""
    said = value.casefold()
    if said in UNSAID or not (GROUP.search(column) or ILLNESS.search(column)):
        return None
    if _is_control(column, value):
        return False
    return True if column in compared or ILLNESS.search(column) or PATIENTS.search(said) else None


def _unread_columns(rows: Sequence[Row]) -> list[str]:
    columns = list(dict.fromkeys(column for row in rows for column in row if column))
    compared = _compared(rows)
    told = {
        column for row in rows for column, said in row.items() if _is_ill(column, said, compared) is not None
    }
    return [one for one in columns if one not in told and not HARMLESS.fullmatch(one)]
