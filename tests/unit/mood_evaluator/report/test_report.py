"""`mood-evaluate report`: a first page, then one page a question, as HTML, PDF and CSV."""

from __future__ import annotations

import base64
import csv
import json
import re
from dataclasses import replace
from html import unescape
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import pytest
from conftest import load
from made_contest import EDITION, NAMES, Wanted, make_contest
from matplotlib.lines import Line2D

from mood_evaluator import Dataset
from mood_evaluator.cli import main
from mood_evaluator.plots import LIGHT
from mood_evaluator.report import Figure, MeasuredSet, Report, Table, build_report, pdf, write_report
from mood_evaluator.report.blocks import Column, Words
from mood_evaluator.report.pdf import write_pdf
from mood_evaluator.runs import NO_EDITION, Edition, Ground, ScoredRun

QUESTIONS = ["Who leads, and how sure is it", "What is hard", "Where", "Do toy cases tell"]


def page_of(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def words_of(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("</style>", 1)[1])))


def sentences(report: Report) -> str:
    blocks = [*report.first, *(block for page in report.pages for block in page.blocks)]
    answers = [words for page in report.pages for words in page.answers]
    return " ".join([*report.strap, *answers, *(block.text for block in blocks if isinstance(block, Words))])


def pages_of(path: Path) -> int:
    return len(re.findall(rb"/Type /Page\b", path.read_bytes()))


def test_the_page_asks_nobody_for_anything_and_escapes_names(written: Path) -> None:
    page = page_of(written)
    assert not re.search(r"(src|href|srcset)=\"(?!data:|#)", page)
    assert "url(" not in page
    assert "<script" not in page
    assert "Müller &amp; Söhne" in page
    assert "<title>A &lt;b&gt; &amp; c</title>" in page


def test_the_first_page_says_edition_version_digest_date_and_caveats_before_any_question(
    written: Path,
) -> None:
    first = words_of(page_of(written)).split(f" {QUESTIONS[0]} ", 2)[-2]
    for known in (
        "MOOD 2026",
        "2026-09-20T12:00:00Z",
        EDITION.digest,
        EDITION.caveats[0],
        "Leaderboard version 2",
    ):
        assert str(known) in first
    assert "Demonstration: the labels of these test sets are reproducible by anyone" in first
    assert "fewer than 20 people" in first
    assert "Sample Task: 40 scans, 20 of them abnormal" in first
    assert "from 3 people" in first
    assert re.search(r"Rank Team Brain AP Abdomen AP .* 1 \S.* 0\.\d{4} \(0\.\d{3}.0\.\d{3}\)", first)


def test_what_nobody_said_is_said_to_be_so(two: Path) -> None:
    runs = [ScoredRun.load(path) for path in sorted(two.glob("*.zip"))]
    report = build_report(runs, bootstraps=20, seed=1, date="2026-10-01")
    facts = dict(report.facts)
    assert {
        facts[name] for name in ("Edition", "Leaderboard version", "Leaderboard digest", "Published")
    } == {"not said"}
    assert "From how many people the scans come is not said." in report.caveats
    assert "Whether the labels were hidden from the teams is not said." in report.caveats
    assert "how many people is not said" in facts["test-brain test set"]


def test_the_questions_come_in_order(written: Path, eight_report: Report) -> None:
    assert [page.question for page in eight_report.pages] == QUESTIONS
    assert re.findall(r'<section class="page" id="[^"]+">\s*<h1>([^<]+)</h1>', page_of(written)) == QUESTIONS


def test_every_page_says_who_leads_how_sure_that_is_and_what_it_rests_on(written: Path) -> None:
    pages = page_of(written).split('<section class="page"')[1:]
    assert len(pages) == 5
    for page in pages:
        words = unescape(page)
        assert re.search(r"Sample Task: \S.* (leads|nobody)", words)
        assert re.search(r"Pixel Task: \S.* (leads|nobody)", words)
        assert "% of" in words
        assert "Rests on 40 scans of brain (3 people) and 40 scans of abdomen (3 people)." in words


def test_brain_comes_before_abdomen_in_every_table_and_plot(eight_report: Report) -> None:
    for item in eight_report.items:
        heads = (
            [axes.get_title(loc="left") for axes in item.draw(LIGHT, None).axes]
            if isinstance(item, Figure)
            else [column.head for column in item.columns]
        )
        for kind in ("", ": subcategories", ": size", ": difficulty"):
            order = [
                head.split()[0].rstrip(":")
                for head in heads
                if head.startswith(("Brain", "Abdomen")) and kind in head
            ]
            if kind or ":" not in "".join(heads):
                assert order == sorted(order, reverse=True), item.name


def test_every_bar_says_its_number_of_scans(eight_report: Report) -> None:
    bars = [figure for figure in eight_report.figures if figure.name in ("kinds", "false-alarms")]
    labels = [
        label.get_text()
        for figure in bars
        for axes in figure.draw(LIGHT, None).axes
        for label in axes.get_yticklabels()
    ]
    assert len(labels) > 10
    assert all(re.search(r" \(n = \d+\)$", label) for label in labels)
    assert all(int(found) >= 5 for label in labels for found in re.findall(r"n = (\d+)", label))


def test_every_bar_has_its_interval_around_it(eight_report: Report) -> None:
    [kinds] = [figure for figure in eight_report.figures if (figure.task, figure.name) == ("pixel", "kinds")]
    assert all(0 <= row["low"] <= row["high"] <= 1 for row in kinds.rows)
    assert all(row["low"] - 0.1 <= row["ap"] <= row["high"] + 0.1 for row in kinds.rows)


def test_no_p_is_nought_and_the_least_says_so(written: Path, eight_report: Report) -> None:
    words = words_of(page_of(written))
    assert not re.search(r"p = 0(\.0+)?(?![\d.])", words)
    assert re.search(r"p (=|≤) 0\.\d{3}", words)
    for table in (item for item in eight_report.items if isinstance(item, Table) and item.name == "leads"):
        shown = [column.show(row) for row in table.rows for column in table.columns if column.head == "p"]
        assert not {"0", "0.000", "0.0"} & set(shown)
        assert "40 draws cannot show less than 0.025" in table.caption


def test_no_name_of_a_column_or_field_reaches_the_page(written: Path) -> None:
    words = words_of(page_of(written))
    assert not re.findall(r"\b[a-z]+_[a-z_]+\b", words)
    assert "of set" not in words.lower()
    assert "dsc" not in words.lower()


def test_what_is_not_the_score_says_so(eight_report: Report) -> None:
    for page in eight_report.pages[1:3]:
        for item in page.blocks:
            if isinstance(item, Figure | Table) and not item.name.startswith("heat-maps"):
                assert "Not the score" in item.caption or "decides nothing" in item.caption, item.name


def test_an_interval_that_is_not_around_its_score_is_marked(two: Path) -> None:
    runs = [ScoredRun.load(path) for path in sorted(two.glob("*-sample.zip"))]
    moved = [replace(run, result=replace(run.result, score=0.001)) for run in runs]
    report = build_report(moved, bootstraps=20, seed=1, date="2026-10-01")
    table = next(item for item in report.items if item.name == "ranking")
    assert "†" in table.columns[2].show(table.rows[0])
    assert "† Not around the score" in sentences(report)


def test_pictures_are_light_and_dark_wide_and_narrow_and_have_words_and_numbers(written: Path) -> None:
    page = page_of(written)
    pictures = re.findall(r'(?:src|srcset)="data:image/svg\+xml;base64,([^"]+)"', page)
    figures = re.findall(r'<img src="[^"]+" alt="([^"]+)"', page)
    assert len(pictures) == 2 * len(figures) == 2 * page.count("<picture")
    assert figures[::2] == figures[1::2]  # one is light, one is dark, and the style shows one of them
    drawn = [base64.b64decode(picture).decode() for picture in pictures]
    assert sum("#11161c" in picture for picture in drawn) == len(figures)
    assert all("system-ui" in picture for picture in drawn if "<text" in picture)
    names = [re.search(r"csv/(\S+\.csv)", words) for words in figures]
    assert all(name and (written / "csv" / name[1]).is_file() for name in names)


def test_no_csv_is_empty(written: Path) -> None:
    paths = list((written / "csv").iterdir())
    assert len(paths) > 20
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            assert list(csv.DictReader(file)), path.name


def test_the_pdf_has_at_most_twelve_pages_with_eight_teams(written: Path) -> None:
    assert 6 <= pages_of(written / "report.pdf") <= 12


def test_the_pdf_has_at_most_twelve_pages_with_thirty_teams(tmp_path: Path) -> None:
    make_contest(Wanted(tmp_path, teams=30, cases=42, edition=EDITION, maps=False, extras=True))
    assert write_pdf(load(tmp_path, draws=20), tmp_path / "report.pdf", lambda: None) <= 12
    assert pages_of(tmp_path / "report.pdf") <= 12


def test_equal_inputs_give_equal_files(two: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_report(load(two, draws=10), tmp_path / name)
    for name in ("report.html", "report.pdf"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_few_cases_leave_plots_out_with_a_sentence(two: Path) -> None:
    report = load(two, draws=20)
    names = {item.name for item in report.items}
    assert not names & {
        "kinds",
        "false-alarms",
        "size-and-contrast",
        "single-scans",
        "batches",
        "differences",
        "curves",
    }
    words = sentences(report)
    for sentence in (
        "Brain: 1 batch, too few to show",
        "Left out, since a score of fewer than 5 scans is noise: categories fracture on brain (n = ",
        "False alarms per kind are left out",
        "Brain: AP of single scans is left out, 5 scans with an anomaly are too few",
        "Brain: curves over all thresholds are left out, 5 abnormal scans",
        "no two kinds have 5 abnormal scans or more, so nothing can be said",
        "no runs on toy cases were given",
        "Brain: objects found over false alarms are left out, 5 abnormal scans",
    ):
        assert sentence in words
    assert any(caveat.startswith("Few cases: test-brain has 5 abnormal scans") for caveat in report.caveats)


def test_sentences_too_say_brain_before_abdomen(two: Path) -> None:
    blocks = [block for page in load(two, draws=10).pages for block in page.blocks]
    said = [block.text for block in blocks if isinstance(block, Words)]
    pairs = [(one, other) for one, other in pairwise(said) if one.startswith(("Brain:", "Abdomen:"))]
    assert len(pairs) > 3
    assert not any(
        one.startswith("Abdomen:") and other == one.replace("Abdomen", "Brain") for one, other in pairs
    )


def test_without_a_significant_pair_a_sentence_stands_for_the_map(eight: Path) -> None:
    run = ScoredRun.load(next(eight.glob("00-test-brain-sample.zip")))
    alike = [replace(run, team=f"Twin {number}") for number in range(3)]
    report = build_report(alike, bootstraps=20, seed=1, date="2026-10-01")
    assert "No difference of any two teams is significant" in sentences(report)
    assert not any(item.name == "differences" for item in report.figures)
    assert any(item.name == "differences" and item.rows for item in report.items)


def test_a_map_of_differences_has_no_panel_without_a_significant_one(two: Path, eight: Path) -> None:
    runs = [ScoredRun.load(path) for path in sorted(eight.glob("0*-test-brain-pixel.zip"))]
    alike = [replace(run, test_set="twins", cases=runs[0].cases, result=runs[0].result) for run in runs]
    report = build_report([*runs, *alike], bootstraps=100, seed=1, date="2026-10-01")
    [figure] = [item for item in report.figures if item.name == "differences"]
    assert [axes.get_title(loc="left") for axes in figure.draw(LIGHT, None).axes] == ["Brain (test-brain)"]
    assert "The consensus counts test-brain and twins by themselves, though they are of one anatomy." in (
        report.caveats
    )
    assert "No difference of any two teams is significant on brain (twins): all pairs" in sentences(report)


def test_a_team_has_one_colour_in_the_whole_report(eight_report: Report) -> None:
    colours: dict[str, set[str]] = {}
    for figure in eight_report.figures:
        for axes in figure.draw(LIGHT, None).axes:
            for line, label in zip(*axes.get_legend_handles_labels(), strict=True):
                if isinstance(line, Line2D) and label in NAMES and line.get_color() != LIGHT.quiet:
                    colours.setdefault(label, set()).add(line.get_color())
    assert len(colours) >= 5
    assert all(len(found) == 1 for found in colours.values()), colours


def test_the_hardest_grade_is_at_the_bottom_as_the_caption_says(eight_report: Report) -> None:
    [kinds] = [item for item in eight_report.figures if (item.task, item.name) == ("sample", "kinds")]
    [brain, *_] = [
        axes for axes in kinds.draw(LIGHT, None).axes if axes.get_title(loc="left") == "Brain: difficulty"
    ]
    grades = [label.get_text()[:7] for label in brain.get_yticklabels()]  # the first is on top
    assert grades == sorted(grades, reverse=True)
    assert "easiest on top" in kinds.caption
    assert "Grade 1 is the hardest, at the bottom" in kinds.caption


def test_size_and_contrast_are_drawn_of_twenty_abnormal_scans(eight_report: Report) -> None:
    [figure] = [
        item for item in eight_report.figures if (item.task, item.name) == ("pixel", "size-and-contrast")
    ]
    assert {row["cases"] for row in figure.rows} <= set(range(5, 11))
    assert len({row["place"] for row in figure.rows if row["test_set"] == "test-brain"}) >= 4


def test_objects_say_their_numbers_threshold_rule_and_least_volume(eight_report: Report) -> None:
    [table] = [item for item in eight_report.items if (item.task, item.name) == ("pixel", "objects")]
    assert isinstance(table, Table)
    assert "F1" in [column.head for column in table.columns]
    for words in (
        "Brain: 20 objects",
        "40 scans, false alarms counted over all of them; threshold 0.5, least volume 4 mm³.",
        "differ by a factor of at most 2",
    ):
        assert words in table.caption
    [curve] = [item for item in eight_report.figures if item.name == "objects-found"]
    heads = [axes.get_title(loc="left") for axes in curve.draw(LIGHT, None).axes]
    assert all(re.fullmatch(r"(Brain|Abdomen): \d+ objects.*, 40 scans", head) for head in heads)


def test_dice_says_where_its_threshold_was_chosen(eight_report: Report, two: Path) -> None:
    [where] = [page for page in eight_report.pages if page.name == "where"]
    assert "the threshold was chosen on the other fifth of the scans" in where.answers[0]
    [table] = [item for item in where.blocks if isinstance(item, Table) and item.name == "voxels-and-scans"]
    heads = [column.head for column in table.columns]
    assert {"Dice, mean, threshold of these scans", "Dice, mean, threshold of other scans"} <= set(heads)
    assert "so it is on the high side" in table.caption


def test_what_stands_beside_the_score_decides_nothing_and_is_in_the_order_of_the_board(
    eight_report: Report,
) -> None:
    tables = {item.name: item for item in eight_report.items if isinstance(item, Table)}
    order = [row["team"] for row in tables["ranking"].rows][:7]
    for name in ("object-sensitivity", "lesions", "lesion-sizes", "body", "calibration"):
        table = tables[name]
        assert table.caption.startswith("Analysis, decides nothing.")
        assert not any("rank" in key.lower() for row in table.rows for key in row)
        if table.task == "pixel":
            assert [row["team"] for row in table.rows if row["team"] != "(body mask)"] == order
    assert tables["body"].shown[0]["team"] == "(body mask)"
    assert {"Brain AUPRO 0.3", "Brain AUPRO 0.01", "Abdomen AP of a lesion"} <= tables["lesions"].rows[
        0
    ].keys()
    shown = tables["lesion-sizes"].columns[1].show(tables["lesion-sizes"].rows[0])
    assert re.fullmatch(r"[01]\.\d{3} \(\d+ of \d+\)", shown)
    assert any(item.name == "reliability" for item in eight_report.figures)


def test_what_runs_do_not_carry_is_left_out_in_a_sentence(two: Path) -> None:
    words = sentences(load(two, draws=10))
    assert (
        "Left out, the runs have none: object sensitivity (evidence --object-sensitivity), lesions" in words
    )


def test_what_makes_a_ranking_a_demonstration_is_said_first(eight_report: Report) -> None:
    first, second, *others = eight_report.caveats
    assert first.startswith("Demonstration: the labels")
    assert second.startswith("Software demonstration")
    assert EDITION.caveats[0] in others


def test_brain_comes_first_by_name_where_nobody_says_what_a_set_is(two: Path) -> None:
    paths = [
        path
        for name in ("zoo", "abdom", "brain")
        for path in sorted(two.glob("*sample.zip"))
        if name in path.name
    ]
    runs = [ScoredRun.load(path) for path in paths]
    runs = [replace(run, test_set="zoo") for run in runs if "brain" in run.test_set] + runs
    report = build_report(runs, bootstraps=10, seed=1, date="2026-10-01")
    heads = [column.head for column in report.first[0].columns if column.head.endswith(" AP")]
    assert heads == ["test-brain AP", "test-abdom AP", "zoo AP"]


def test_a_table_that_goes_on_has_its_head_again(tmp_path: Path) -> None:
    rows = [{"team": f"Team {number}"} for number in range(150)]
    table = Table(
        "pixel", "long", "Long", "Many.", rows, [Column("The head", lambda row: row["team"])], limit=150
    )
    report = Report("T", [], [], [], [table])
    with mpl.rc_context({"pdf.compression": 0, "pdf.fonttype": 42}):
        pages = write_pdf(report, tmp_path / "report.pdf", lambda: None)
    sheets = list(pdf._sheets(report, {}))
    assert pages == len(sheets) > 2
    for sheet in sheets:
        assert [text.get_text() for text in sheet.canvas.texts].count("The head") == 1


def test_a_wide_table_says_that_it_goes_on_where_the_page_is_narrow(written: Path) -> None:
    page = page_of(written)
    assert page.count("move the table sideways") > 4
    assert ".sideways { display: none; }" in page


def test_toy_cases_enter_no_rank_and_are_compared(eight_report: Report) -> None:
    ranking = next(item for item in eight_report.items if item.name == "ranking")
    assert not any("toy" in head for head in ranking.rows[0])
    toy = next(item for item in eight_report.items if (item.task, item.name) == ("pixel", "toy"))
    assert [(row["test set"], row["toy set"], row["teams"]) for row in toy.rows] == [
        ("Brain", "toy-brain", 7), ("Abdomen", "toy-abdom", 7),
    ]  # fmt: skip
    assert all(row["low"] <= row["kendall_tau_b"] <= row["high"] for row in toy.rows)


def test_sweeps_enter_no_rank_and_are_drawn_beside_size_and_contrast(eight: Path) -> None:
    known, sweep = (MeasuredSet.load(eight / name) for name in ("test-brain", "toy-brain"))
    sweep = replace(sweep, test_set=replace(sweep.test_set, purpose="size-sweep"))
    runs = [ScoredRun.load(path) for path in sorted(eight.glob("0[0-2]*-brain-sample.zip"))]
    report = build_report(runs, [known, sweep], bootstraps=10, seed=1, date="2026-10-01")
    [figure] = [item for item in report.figures if item.name == "size-and-contrast"]
    titles = [axes.get_title(loc="left") for axes in figure.draw(LIGHT, None).axes]
    assert titles == ["Brain: size", "Brain, sweep: size", "Brain: contrast"]
    assert not any("toy" in head for head in report.items[0].rows[0])


def test_caveats_of_an_edition_do_not_make_it_a_demonstration(two: Path) -> None:
    run = ScoredRun.load(next(two.glob("00-test-brain-sample.zip")))
    known = replace(run, ground=Ground(source_subjects=99, labels_reproducible=False))
    told = {run.task: Edition(caveats=("One case was dropped.",))}
    report = build_report([known], bootstraps=10, seed=1, date="2026-10-01", editions=told)
    assert "One case was dropped." in report.caveats
    assert "Demonstration" not in " ".join(report.strap)


def test_toy_cases_alone_are_ranked_and_said_to_be_toy_cases(eight: Path) -> None:
    runs = [ScoredRun.load(path) for path in sorted(eight.glob("*toy-brain-sample.zip"))]
    report = build_report(runs, bootstraps=20, seed=1, date="2026-10-01")
    assert "These are toy cases, which every team has: they rank nobody." in report.caveats
    assert "Brain test set" in dict(report.facts)


def test_one_anatomy_and_one_team_make_a_report_too(two: Path, tmp_path: Path) -> None:
    runs = [ScoredRun.load(path) for path in two.glob("00-test-abdom-pixel.zip")]
    report = build_report(runs, bootstraps=10, seed=1, date="2026-10-01")
    assert report.strap[0].endswith("is the only team, so there is no order.")
    assert "With one team there is nothing to compare." in sentences(report)
    assert write_report(report, tmp_path).is_file()


def test_equal_teams_share_the_first_place_and_nobody_leads(two: Path) -> None:
    runs = [ScoredRun.load(path) for path in sorted(two.glob("*brain-sample.zip"))]
    twins = [runs[0], replace(runs[0], team="Twin")]
    report = build_report(twins, bootstraps=20, seed=1, date="2026-10-01")
    assert "nobody leads; Heidelberg Imaging and Twin share the first place" in report.strap[0]


def test_a_published_leaderboard_gives_edition_version_digest_date_and_caveats(
    two: Path, tmp_path: Path
) -> None:
    board = {
        "task": "sample", "challenge": {"slug": "x", "title": "Edition X"}, "version": 4,
        "digest": "sha256:99", "published_at": "2026-10-02T00:00:00Z", "caveats": ["Say this."],
    }  # fmt: skip
    path = tmp_path / "board.json"
    path.write_text(json.dumps(board), encoding="utf-8")
    runs = sorted(map(str, two.glob("*brain-sample.zip")))
    out = tmp_path / "out"
    given = ["--leaderboard", str(path), "--out", str(out), "--bootstraps", "10", "--date", "2026-10-03"]
    assert main(["report", *runs, *given]) == 0
    words = words_of(page_of(out))
    for known in (
        "Edition X",
        "Leaderboard version 4",
        "sha256:99",
        "2026-10-02",
        "Say this.",
        "made 2026-10-03",
    ):
        assert known in words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}", "task is missing"),
        ("[1]", "a field is not of the kind it should be"),
        ("[" * 100_000, "it is nested too deep"),
    ],
)
def test_what_is_no_leaderboard_is_refused_by_name(
    two: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, words: str
) -> None:
    path = tmp_path / "board.json"
    path.write_text(content, encoding="utf-8")
    run = str(next(two.glob("*.zip")))
    assert main(["report", run, "--leaderboard", str(path), "--out", str(tmp_path / "x")]) == 2
    assert f"{path} is no published leaderboard ({words})" in capsys.readouterr().err


def test_analyse_writes_the_same_numbers_as_json(eight: Path, written: Path, tmp_path: Path) -> None:
    out = tmp_path / "numbers.json"
    runs = sorted(map(str, eight.glob("*test-brain-sample.zip")))
    given = ["--test-set", str(eight / "test-brain"), "--bootstraps", "40", "--json", str(out)]
    assert main(["analyse", *runs, *given]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))["sample"]
    with (written / "csv" / "sample-kinds.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["test set"] == "Brain"]
    assert [float(row["ap"]) for row in rows] == pytest.approx([row["ap"] for row in found["kinds"]])


def test_heat_maps_need_a_team_a_test_set_and_a_folder(eight: Path) -> None:
    run = str(next(eight.glob("*.zip")))
    for wrong in ("A", "A@test-brain=nowhere", f"A={eight}", "A@test-brain="):
        assert main(["report", run, "--out", str(eight / "x"), "--predictions", wrong]) == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            ["--predictions", "Nobody@test-brain={maps}"],
            "no run of the pixel task is given of Nobody on test-brain",
        ),
        (["--predictions", "Heidelberg Imaging@zz={maps}"], "is given of Heidelberg Imaging on zz. Add it."),
        (
            ["--predictions", "Heidelberg Imaging@test-brain={home}"],
            "no file there is called like an image of",
        ),
        (["--test-set", "{home}/test-abdom"], "holds test-abdom, of which no run is given. Leave it out."),
        (["--date", "2026-13-45"], "'2026-13-45' is no date such as 2026-10-31"),
    ],
)
def test_what_would_be_in_no_part_of_the_report_is_refused(
    eight: Path, given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"home": str(eight), "maps": str(eight / "predictions/test-brain/0")}
    more = [part.format(**names) for part in given]
    run, known = eight / "00-test-brain-pixel.zip", eight / "test-brain"
    out = ["--out", str(eight / "x"), "--test-set", str(known)]
    assert main(["report", str(run), *out, *more]) == 2
    assert words in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not (eight / "x").exists()


def test_heat_maps_without_their_test_set_are_refused_and_another_form_of_it_is_told(
    eight: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, maps = str(eight / "00-test-brain-pixel.zip"), eight / "predictions/test-brain/0"
    drawn = ["--predictions", f"Heidelberg Imaging@test-brain={maps}"]
    assert main(["report", run, "--out", str(tmp_path), *drawn]) == 2
    assert "Add --test-set with the folder of test-brain" in capsys.readouterr().err
    other = ScoredRun.load(run)
    replace(other, test_set_digest="another").save(tmp_path / "other.zip")
    given = ["--test-set", str(eight / "test-brain"), "--json", str(tmp_path / "o.json"), "--bootstraps", "2"]
    assert main(["analyse", str(tmp_path / "other.zip"), *given]) == 0
    assert "scored on another form of test-brain than" in capsys.readouterr().err


def test_no_numbers_of_an_earlier_report_stay(two: Path, tmp_path: Path) -> None:
    run = ScoredRun.load(next(two.glob("00-test-abdom-sample.zip")))
    for old in ("pixel-places.csv", "sample-old.csv", "notes.csv"):
        (tmp_path / "csv").mkdir(exist_ok=True)
        (tmp_path / "csv" / old).write_text("old")
    report = build_report([run], bootstraps=2, seed=1, date="2026-10-01")
    write_report(report, tmp_path)
    names = {path.name for path in (tmp_path / "csv").iterdir()}
    assert names == {f"{item.task}-{item.name}.csv" for item in report.items} | {"notes.csv"}
    assert {path.name for path in tmp_path.iterdir()} == {"csv", "report.html", "report.pdf"}


def test_wrong_draws_are_refused(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(next(two.glob("*.zip")))
    assert main(["report", run, "--bootstraps", "0", "--out", str(two / "x")]) == 2
    assert "from 1 to" in capsys.readouterr().err


def test_a_scored_run_keeps_its_ground_and_edition_and_one_of_before_has_none(eight: Path, two: Path) -> None:
    run = ScoredRun.load(next(eight.glob("00-test-brain-pixel.zip")))
    assert run.edition == EDITION
    assert (run.ground.dataset, run.ground.purpose, run.ground.source_subjects) == (Dataset.BRAIN, "test", 3)
    assert run.ground.labels_reproducible
    silent = ScoredRun.load(next(two.glob("00-test-brain-pixel.zip")))
    assert silent.ground.dataset is None
    assert silent.edition == NO_EDITION == Edition()
