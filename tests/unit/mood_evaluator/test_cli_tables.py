"""`mood-evaluate rank` and `stability`, as an organizer uses them."""

import json
from pathlib import Path
from typing import Any

import pytest

from mood_evaluator.cli import main

TABLE = "\n".join(
    ["task,alg_name,value,case"]
    + [
        f"brain,{name},{base + case / 100},{case}"
        for name, base in (("A", 0.5), ("B", 0.3))
        for case in range(8)
    ]
    + [
        f"abdom,{name},{base + case / 100},{case}"
        for name, base in (("B", 0.6), ("A", 0.1))
        for case in range(8)
    ]
)


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    path = tmp_path / "scores.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def run(*arguments: object) -> Any:
    out = Path(str(arguments[1])).parent / "out.json"
    assert main([*map(str, arguments), "--json", str(out)]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_rank_writes_rankings_consensus_agreement_and_significance(
    scores: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = run("rank", scores)
    assert [(row["algorithm"], row["rank"]) for row in document["rankings"]["brain"]] == [("A", 1), ("B", 2)]
    assert [row["value"] for row in document["consensus"]] == [1.5, 1.5]
    assert document["kendall_tau_b"] == {"brain|abdom": -1.0}
    (best, _) = document["significance"]["abdom"]["pairs"]
    assert (best["better"], best["worse"], best["significant"]) == ("B", "A", True)
    shown = capsys.readouterr().out
    assert "Consensus" in shown
    assert "1 of 1" in shown


def test_one_task_has_no_consensus(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("task,alg_name,value,case\nt,A,1,x\nt,B,,x\n", encoding="utf-8")
    assert "consensus" not in run("rank", path, "--missing", "0")


def test_missing_as_a_number_counts_in_the_tests_too(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    rows = [f"t,A,1,{n}\nt,B,,{n}" for n in range(8)]
    path.write_text("task,alg_name,value,case\n" + "\n".join(rows), encoding="utf-8")
    (best, _) = run("rank", path, "--missing", "0")["significance"]["t"]["pairs"]
    assert best["significant"]
    assert run("rank", path, "--missing", "drop")["significance"]["t"]["pairs"][0]["p"] is None


def test_stability_shows_ranks_of_every_draw(scores: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = run("stability", scores, "--bootstraps", 50)
    (first, second) = document["tasks"]["brain"]["algorithms"]
    assert (first["algorithm"], first["wins"], first["interval"]) == ("A", 1.0, [1.0, 1.0])
    assert second["ranks"] == [2] * 50
    assert "50 draws" in capsys.readouterr().out


def test_stability_replays_given_draws(scores: Path, tmp_path: Path) -> None:
    draws = tmp_path / "draws.json"
    draws.write_text(json.dumps({"abdom": [["0"] * 8, ["1", "7"] * 4]}), encoding="utf-8")
    document = run("stability", scores, "--draws", draws, "--repeats", "as-challenger")
    assert set(document["tasks"]) == {"abdom"}
    assert document["tasks"]["abdom"]["algorithms"][0]["ranks"] == [1, 1]


MOOD_2020 = {  # team: brain and abdominal AP, sample level (thesis, Table 4.1)
    "FPI": (0.962, 0.874), "Naval Marimont": (0.873, 0.874), "Canon": (0.845, 0.871), "NUDT": (0.792, 0.876),
    "Tuluptceva": (0.840, 0.861), "A1": (0.831, 0.780), "Saase": (0.800, 0.770), "A2": (0.634, 0.816),
}  # fmt: skip


def test_the_sample_scores_of_mood_2020_give_what_challenger_prints(tmp_path: Path) -> None:
    path = tmp_path / "mood.csv"
    tasks = enumerate(("brain", "abdom"))
    rows = [f"{task},{team},{aps[n]},c" for n, task in tasks for team, aps in MOOD_2020.items()]
    path.write_text("\n".join(["task,alg_name,value,case", *rows]), encoding="utf-8")
    document = run("rank", path)
    assert {row["algorithm"]: (row["value"], row["rank"]) for row in document["consensus"]} == {
        "FPI": (1.75, 1), "Naval Marimont": (2.25, 2), "Canon": (3.5, 3), "NUDT": (4.0, 4),
        "Tuluptceva": (4.5, 5), "A1": (6.0, 6), "Saase": (7.0, 7), "A2": (7.0, 7),
    }  # fmt: skip
    assert document["kendall_tau_b"]["brain|abdom"] == pytest.approx(0.400, abs=5e-4)


@pytest.mark.parametrize("text", ["nan", "inf", "none"])
def test_what_counts_for_a_missing_value_is_a_finite_number(scores: Path, text: str) -> None:
    assert main(["rank", str(scores), "--missing", text]) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("task,alg_name,value\n", "column case is missing"),
        ("task,alg_name,value,case\n", "has no rows"),
        ("task,alg_name,value,case\nt,A,0,x\nt,A,1,x\n", "line 3: A has case x twice"),
        ('task,alg_name,value,case\nt,A,"0,5",x\n', "line 2: value is '0,5'"),
        ("task,alg_name,value,case\nt,A,inf,x\n", "line 2: value is 'inf'"),
        ("task,alg_name,value,case\nt,,1,x\n", "line 2: column alg_name is empty"),
        (
            "task,alg_name,value,case\nt,A,0.5,x\nt,A,0,652,1\n",
            "line 3: there are more cells than columns. Write",
        ),
        ("task,alg_name,value,case,value\nt,A,1,x,2\n", "column value is there twice. Keep the one"),
        ("task;alg_name;value;case\nt;A;1;x\n", "column task is missing among 'task;alg_name;value;case'."),
        ("task\talg_name\tvalue\tcase\n", r"missing among 'task\talg_name\tvalue\tcase'. Needed are task,"),
        ("task, alg_name, value, case\n", "column alg_name is missing among 'task', ' alg_name', ' value',"),
        (
            "Task,Alg_Name,Value,Case\n",
            "among 'Task', 'Alg_Name', 'Value', 'Case'. Needed are task, alg_name,",
        ),
        (
            "sep=,\ntask,alg_name,value,case\n",
            "missing among 'sep=', ''. Needed are task, alg_name, value, case,",
        ),
        ("", "column task is missing among none. Needed are task, alg_name, value, case, written so and"),
        ("task,alg_name,value,case\nt,A,1e308,x\n", "line 2: value is '1e308'"),
    ],
)
def test_a_wrong_table_is_refused_with_line_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(text, encoding="utf-8")
    assert main(["rank", str(path)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("draws", "told"),
    [
        ("{", "is no JSON"),
        ('{"brain": []}', "does not hold draws"),
        ('{"liver": [["0"]]}', "no task 'liver'"),
        ('{"brain": [["9"]]}', "case '9' is not in the table"),
        ('{"brain": [["0", "1"], ["0"]]}', "draw 1 of task brain: it has another length"),
    ],
)
def test_wrong_draws_are_refused(
    scores: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], draws: str, told: str
) -> None:
    path = tmp_path / "draws.json"
    path.write_text(draws, encoding="utf-8")
    assert main(["stability", str(scores), "--draws", str(path)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("text", ["abc", "nan", "1e309", ""])
def test_an_option_that_is_no_number_is_refused_in_words(
    scores: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rank", str(scores), "--missing", text]) == 2
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert f"'{text}' is not a finite number such as 0, or drop" in said
    assert "could not convert" not in said


def test_what_a_terminal_would_obey_is_shown_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "task,alg_name,value,case\nt,\x1b[31mA\u202e,1,x\nt,Müller,0.5,x\nt,Müller,0.5,y\nt,\x1b[31mA\u202e,1,y\n",
        encoding="utf-8",
    )
    for command in (["rank"], ["stability", "--bootstraps", "5"]):
        assert main([*command, str(path)]) == 0
        shown = capsys.readouterr().out
        assert r"\x1b[31mA\u202e" in shown
        assert "Müller" in shown
        assert "\x1b" not in shown
