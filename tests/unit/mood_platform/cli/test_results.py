"""Tables of reports and leaderboards."""

import json
from pathlib import Path
from typing import Any

import pytest

from mood_platform.cli.problems import Problem
from mood_platform.cli.results import _save_report as save_report
from mood_platform.cli.results import show_leaderboard, show_list, show_report
from mood_platform.documents.toy_report import ToyReport
from mood_support.documents import board_json, case_json, report_json, row_json


def leaderboard(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    document = board_json(*rows, **more)
    return {"document": document, "version": 2, "published_at": "2026-09-08T00:00:00Z", "digest": "d1"}


def submission(number: int, challenge: str) -> dict[str, Any]:
    words = {"name": "ours", "task": "pixel", "stage": "toy", "status": "waiting", "submitted_at": "today"}
    return words | {
        "number": number,
        "challenge": challenge,
        "image": {"id": "i", "name": "n", "leaves_at": None},
    }


@pytest.mark.parametrize(("second", "named"), [("mood-2026", False), ("mood-2027", True)])
def test_a_list_names_the_editions_where_there_are_several(
    second: str, named: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    show_list([submission(1, "mood-2026"), submission(2, second)])
    told = capsys.readouterr().out
    assert "#2" in told
    assert ("challenge" in told, "mood-2026" in told) == (named, named)


def test_ties_references_and_missing_results_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    show_leaderboard(
        leaderboard(
            row_json("one", 1, 0.5),
            row_json("two", 1, 0.5),
            row_json("ref", None, 0.25),
            row_json("none", 3, None),
        )
    )
    lines = capsys.readouterr().out.splitlines()
    line = {name: next(one for one in lines if name in one) for name in ("One", "Two", "Ref", "None")}
    assert "1=" in line["One"]
    assert "1=" in line["Two"]
    assert "reference" in line["Ref"]
    assert "0.2500" in line["Ref"]
    assert "–" in line["None"]  # noqa: RUF001 - typography
    assert "88 %" in line["One"]


def test_a_leaderboard_names_version_digest_and_demonstration(capsys: pytest.CaptureFixture[str]) -> None:
    show_leaderboard(leaderboard(row_json("one", 1, 0.5)))
    told = capsys.readouterr().out
    assert "version 2" in told
    assert "d1" in told
    assert "labels reproducible" in told


def test_caveats_of_the_document_are_printed_whatever_their_schema(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_leaderboard(leaderboard(row_json("one", 1, 0.5), caveats=["Few people stand behind this."]))
    assert "Few people stand behind this." in capsys.readouterr().out


def test_an_interval_without_its_score_and_the_significant_pairs_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = leaderboard(row_json("one", 1, 0.5), row_json("two", 2, 0.4))
    view["document"]["rows"][0]["datasets"]["brain"] |= {"interval_holds_score": False}
    pairs = [["one", "two", 0.1, 0.05, 0.15, 0.012]]
    view["document"]["significance"] = {"brain": {"level": 0.05, "pairs": pairs}}
    show_leaderboard(view)
    told = capsys.readouterr().out
    assert told.count("(not the score)") == 1
    view["document"]["rows"][1]["datasets"]["brain"] |= {"interval_rounded": True}
    show_leaderboard(view)
    assert capsys.readouterr().out.count("(rounded)") == 1
    assert "brain: 1 of 1 differences between two teams are significant." in told


def report(case: str = "0123456789abcdef", **more: Any) -> dict[str, Any]:
    usual = {"outcome": "timed_out", "limit_seconds": 1.0, "text": "It took too long.", "log": "line\n"}
    return report_json(case_json(case=case, **usual | more), head="Only a check.")


def read(document: dict[str, Any]) -> ToyReport:
    return ToyReport.from_json(document, place="the report")


def test_a_report_shows_cpu_seconds_and_peak_memory_where_they_were_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_report(read(report(usage={"cpu_seconds": 0.754, "memory_peak": 300 * 2**20})))
    told = capsys.readouterr().out
    assert "0.75 s" in told
    assert "300 MiB" in told
    for nothing in ({"usage": None}, {"usage": {"cpu_seconds": None, "memory_peak": None}}):
        show_report(read(report(**nothing)))
        assert "0 MiB" not in capsys.readouterr().out


def test_a_report_shows_head_outcome_time_and_reason(capsys: pytest.CaptureFixture[str]) -> None:
    show_report(read(report()))
    told = capsys.readouterr().out
    for expected in ("Only a check.", "timed_out", "1.50 / 1 s", "It took too long."):
        assert expected in told


def test_a_report_says_what_one_score_for_everything_gets_and_what_looks_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = report()
    show_report(read(document))
    assert "for everything" not in capsys.readouterr().out
    document["datasets"]["brain"] |= {"ap": 0.639, "constant": 0.75}
    document["warnings"] = [
        {"code": "inverted", "text": "It looks [inverted].", "dataset": "brain", "cases": []}
    ]
    show_report(read(document))
    told = capsys.readouterr()
    assert "AP 0.639 (one score for everything: 0.750)" in " ".join(told.out.split())
    assert "brain: It looks [inverted]." in told.err


def test_a_saved_report_has_the_document_and_a_log_a_case(tmp_path: Path) -> None:
    save_report(report(), tmp_path / "out")
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report()
    assert (tmp_path / "out" / "brain-0123456789abcdef.log").read_text() == "line\n"


def test_a_case_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no file name"):
        save_report(report("../../escape"), tmp_path / "out")
