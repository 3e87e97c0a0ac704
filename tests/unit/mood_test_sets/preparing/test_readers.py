"""Tables of readers, their agreement, and what is left to settle."""

from pathlib import Path

import pytest

from mood_test_sets.errors import ImportRefused
from mood_test_sets.preparing.readers import Reading, find_consensus, read_table, write_consensus

YES, NO = Reading(finding=True, scope="local"), Reading(finding=False)


def table(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "reader.csv"
    file.write_text(text)
    return file


def test_a_table_says_scope_category_grade_and_point(tmp_path: Path) -> None:
    file = table(
        tmp_path, "scan,finding,scope,category,grade,x,radius\na,1,local,pathology,C1,12,4\nb,0,,,,,\n"
    )
    found = read_table(file)
    assert found["a"] == Reading(True, "local", "pathology", None, "C1", "x=12 radius=4")
    assert not found["b"].finding


def test_a_finding_outweighs_an_empty_line_of_the_same_scan(tmp_path: Path) -> None:
    assert read_table(table(tmp_path, "scan,finding\na,0\na,1\na,0\n"))["a"].finding


def test_a_scan_may_be_named_with_its_ending(tmp_path: Path) -> None:
    assert read_table(table(tmp_path, "scan,finding\na/b.nii.gz,1\nc.nii,0\n")).keys() == {"a/b", "c"}


@pytest.mark.parametrize(
    ("text", "told"),
    [("name,found\na,1\n", "columns scan and finding"), ("scan,finding\na,maybe\n", "line 2"),
     ("scan,finding,scope\na,1,here\n", "local or global")],
)  # fmt: skip
def test_a_wrong_table_names_line_and_remedy(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ImportRefused, match=told):
        read_table(table(tmp_path, text))


def test_who_disagrees_has_to_settle_it_by_hand(tmp_path: Path) -> None:
    tables = [{"a": YES, "b": YES, "c": NO, "d": NO}, {"a": YES, "b": NO, "c": NO, "d": NO}]
    found = find_consensus(tables, {})
    assert found.unsettled == ["b"]
    assert (found.agreement, found.kappa) == (0.75, pytest.approx(0.5))
    write_consensus(tmp_path / "open.csv", tables, found.unsettled)
    text = (tmp_path / "open.csv").read_text()
    assert "b,1,0," in text
    (tmp_path / "open.csv").write_text(text.replace("b,1,0,", "b,1,0,1"))
    settled = find_consensus(tables, read_table(tmp_path / "open.csv"))
    assert settled.unsettled == []
    assert settled.settled["b"] == YES


def test_one_reader_alone_is_believed() -> None:
    found = find_consensus([{"a": YES}], {})
    assert (found.settled, found.unsettled, found.agreement) == ({"a": YES}, [], None)


def test_a_blank_cell_is_no_reading(tmp_path: Path) -> None:
    read = read_table(table(tmp_path, "scan,finding\na,\nb\nc,0\nd,\nd,0\n"))
    assert {scan: one.finding for scan, one in read.items()} == {"a": None, "b": None, "c": False, "d": False}
    found = find_consensus([read], {})
    assert found.unsettled == ["a", "b"]
    assert set(found.settled) == {"c", "d"}
    assert find_consensus([read, {"a": YES}], {}).settled["a"] == YES


def test_what_is_settled_counts_where_no_reader_has_the_scan() -> None:
    found = find_consensus([{"b": NO}], {"a": YES, "c": Reading(None)})
    assert (found.settled, found.unsettled) == ({"a": YES, "b": NO}, ["c"])
    assert find_consensus([], {"a": YES}).settled == {"a": YES}


def test_a_blank_cell_of_the_consensus_settles_nothing(tmp_path: Path) -> None:
    blank = {"a": Reading(None)}
    assert find_consensus([{"a": YES}, {"a": NO}], blank).unsettled == ["a"]
    write_consensus(tmp_path / "open.csv", [{"a": YES}, blank], ["a"])
    assert "a,1,,\n" in (tmp_path / "open.csv").read_text()


def test_a_table_in_another_encoding_or_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes("scan,finding,comment\na,1,Läsion\n".encode("latin-1"))
    with pytest.raises(ImportRefused, match="UTF-8"):
        read_table(tmp_path / "l.csv")
    with pytest.raises(ImportRefused, match="is no table"):
        read_table(table(tmp_path, f"scan,finding,comment\na,1,{'x' * 200_000}\n"))
    with pytest.raises(ImportRefused, match="cannot be read"):
        read_table(tmp_path / "none.csv")
