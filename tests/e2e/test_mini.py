"""The main job in small: two teams, both Tasks, toy and challenge stage, publication, every AP checked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mood_platform.machine.processes import wait_until
from mood_platform.models import CaseRun, CaseRunState, Run, RunState, Stage
from mood_studies.demo.verify import verify
from mood_support.live import LivePlatform, Person, Record

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[2]
TASKS = ("sample", "pixel")
DATASETS = ("brain", "abdom")
TEAMS = ("kit", "shell")
BLUR_SECONDS = 0.3
"""Times are read when a transaction begins: two that overlap may have happened in either order."""


@dataclass
class Edition:
    """The story of one small challenge, played once; the tests look at what it left."""

    platform: LivePlatform
    slug: str
    images: dict[str, str]
    teams: dict[str, Person] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    """Everything that participants were told before publication, as JSON texts."""
    records: dict[str, Record] = field(default_factory=dict)
    published: dict[str, dict[str, Any]] = field(default_factory=dict)

    def play(self) -> None:
        """The toy stage is handed in while the challenge stage keeps the slots busy."""
        organizer = self.platform.person("organizer")
        self.platform.admin("make-organizer", organizer.email)
        self.teams = {name: self.platform.person(name, team=name) for name in TEAMS}
        with ThreadPoolExecutor(len(TEAMS)) as both:
            list(both.map(lambda name: self.hand_in(name, Stage.CHALLENGE), TEAMS))
            assert wait_until(self.hidden_cases_run, seconds=90)
            list(both.map(lambda name: self.hand_in(name, Stage.TOY), TEAMS))
        self.seen += [person.mood("status", "--json") for person in self.teams.values()]
        self.watch_until_over()
        self.seen += [person.mood("status", "--json") for person in self.teams.values()]
        for task in TASKS:
            words = ("--challenge", self.slug, "--before-close", "--yes")
            self.published[task] = organizer.ask("admin", "publish", task, *words)

    def hand_in(self, team: str, stage: Stage) -> None:
        words = ("--stage", str(stage), "--challenge", self.slug, "--name", f"{team} one")
        self.teams[team].mood("submit", self.images[team], *words, "--task", ",".join(TASKS))

    def hidden_cases_run(self) -> bool:
        """Of both teams."""
        self.read_records()
        return all(
            any(not case.toy and case.state is CaseRunState.RUNNING for case in record.cases)
            or any(not case.toy and case.finished_at is not None for case in record.cases)
            for record in self.records.values()
        )

    def watch_until_over(self) -> None:
        deadline = time.monotonic() + 180
        while not all(record.over for record in self.records.values()):
            assert time.monotonic() < deadline, "the Runs did not end"
            time.sleep(1)
            self.seen += self.look()
            self.read_records()
        self.seen += self.look()

    def read_records(self) -> None:
        self.records = {name: self.platform.record_of(name) for name in TEAMS}

    def look(self) -> Iterator[str]:
        """All that the teams can ask about their submissions, the challenge and its leaderboards."""
        for person in self.teams.values():
            paths = [f"/challenges/{self.slug}", *(f"/leaderboards/{self.slug}/{task}" for task in TASKS)]
            for view in person.get("/submissions").json()["items"]:
                paths += [f"/submissions/{view['id']}", f"/submissions/{view['id']}/report"]
            for path in paths:
                yield person.get(path).text

    def runs(self, stage: Stage) -> Iterator[tuple[str, Run, list[CaseRun]]]:
        for name, record in self.records.items():
            for run in record.runs:
                if run.stage is stage:
                    yield name, run, record.cases_of(run)

    def hidden(self) -> list[tuple[str, Run, CaseRun]]:
        """(team, Run, case) of all hidden cases in the order of their starts."""
        runs = self.runs(Stage.CHALLENGE)
        found = [(name, run, case) for name, run, cases in runs for case in cases if not case.toy]
        return sorted(found, key=lambda one: started(one[2]))


@pytest.fixture(scope="module")
def edition(
    installed: LivePlatform,
    open_challenge: Callable[[str], str],
    kit_image: str,
    shell_archive: Path,
) -> Edition:
    images = {"kit": kit_image, "shell": str(shell_archive)}
    one = Edition(installed, open_challenge("mini"), images)
    one.play()
    return one


@pytest.fixture(scope="module")
def kit_image(build_image: Callable[..., str], runtime_image: str) -> str:
    """What `mood init` gives to participants; not changed by a byte."""
    folder = ROOT / "platform" / "src" / "mood_platform" / "starter_kit"
    return build_image("kit", folder, "--build-arg", f"BASE={runtime_image}")


@pytest.fixture(scope="module")
def shell_archive(
    shell_image: Callable[..., str], save_and_remove: Callable[[str, Path], None], tmp_path_factory: Any
) -> Path:
    """An archive whose image the node's Engine does not have until the platform loads it."""
    path: Path = tmp_path_factory.mktemp("archive") / "shell.tar"
    save_and_remove(shell_image("shell", pause=0.2), path)
    return path


def started(case: CaseRun) -> float:
    assert case.started_at is not None
    return case.started_at.timestamp()


def finished(case: CaseRun) -> float:
    assert case.finished_at is not None
    return case.finished_at.timestamp()


def case_row(case: dict[str, Any]) -> tuple[Any, ...]:
    return case["case"], case["outcome"], case["score"], case["ap"], case["flags"]


def test_every_run_is_scored_and_every_case_succeeds(edition: Edition) -> None:
    for stage in (Stage.TOY, Stage.CHALLENGE):
        runs = list(edition.runs(stage))
        assert len(runs) == len(TEAMS) * len(TASKS)
        assert all(run.state is RunState.SCORED for _, run, _ in runs)
        assert all(case.state is CaseRunState.SUCCEEDED for *_, cases in runs for case in cases)


def test_every_published_ap_equals_scikit_learns_to_the_last_bit(edition: Edition, test_sets: Path) -> None:
    files = edition.platform.installation.read_settings().storage.root
    checks = verify(files, sorted(test_sets.glob("test-*")), list(edition.published.values()))
    assert [check for check in checks if not check.equal] == []
    cells = {f"{task} {dataset} {team}" for task in TASKS for dataset in DATASETS for team in TEAMS}
    assert cells <= {check.what for check in checks}
    assert all(0 < check.published <= 1 for check in checks)


@pytest.mark.parametrize("task", TASKS)
def test_the_leaderboard_has_ranks_and_intervals(task: str, edition: Edition) -> None:
    view = edition.teams["kit"].ask("leaderboard", task, "--challenge", edition.slug)
    assert view["digest"] == edition.published[task]["digest"]
    assert (view["document"]["labels_reproducible"], view["document"]["few_subjects"]) == (True, True)
    assert len(view["document"]["caveats"]) == 2
    rows = view["document"]["rows"]
    assert {row["team"] for row in rows} == set(TEAMS)
    assert min(row["rank"] for row in rows) == 1
    for row in rows:
        low, high = row["rank_interval"]
        assert 1 <= low <= row["rank"] <= high <= len(TEAMS)
        assert 0 <= row["keeps_place"] <= 1
        for cell in row["datasets"].values():
            low, high = cell["interval"]
            assert 0 <= low <= high <= 1
    for dataset in DATASETS:
        cells = sorted(
            (row["datasets"][dataset] for row in rows), key=lambda cell: cell["score"], reverse=True
        )
        assert [cell["rank"] for cell in cells] in ([1, 2], [1, 1])


def test_the_report_shows_every_toy_case_with_its_log(edition: Edition, test_sets: Path) -> None:
    shell = edition.teams["shell"]
    for view in shell.ask("status"):
        report = shell.ask("report", view["id"])
        word = "weighing" if view["task"] == "sample" else "copying"
        for dataset in DATASETS:
            manifest = json.loads((test_sets / f"toy-{dataset}" / "test_set.json").read_text())
            cases = report["datasets"][dataset]["cases"]
            assert {case["case"] for case in cases} == {case["id"] for case in manifest["cases"]}
            assert all(case["log"] == f"{word} case.nii.gz\n" for case in cases)
            assert all(0 < case["seconds"] < case["limit_seconds"] == 20 for case in cases)


def test_mood_test_gives_the_scores_of_the_platforms_toy_report(edition: Edition) -> None:
    kit = edition.teams["kit"]
    local = json.loads(kit.mood("test", edition.images["kit"], "--challenge", edition.slug, "--json", "-"))
    assert not local["failed"]
    reports = {
        view["task"]: kit.ask("report", view["id"]) for view in kit.ask("status") if view["stage"] == "toy"
    }
    assert len(local["parts"]) == len(TASKS) * len(DATASETS)
    for part in local["parts"]:
        there = reports[part["task"]]["datasets"][part["dataset"]]
        assert part["ap"] == there["ap"]
        assert sorted(map(case_row, part["cases"])) == sorted(map(case_row, there["cases"]))


def test_nothing_hidden_is_told_before_publication(edition: Edition, test_sets: Path) -> None:
    everything = "\n".join(edition.seen)
    for dataset in DATASETS:
        manifest = json.loads((test_sets / f"test-{dataset}" / "test_set.json").read_text())
        assert manifest["name"] not in everything
        assert manifest["digest"] not in everything
        for case in manifest["cases"]:
            assert case["id"] not in everything
            assert case["sha256"]["image"] not in everything
    for _, _, case in edition.hidden():
        assert str(case.id) not in everything
    for path in (edition.platform.installation.read_settings().storage.root / "runs").glob("*/results.json"):
        run = json.loads(path.read_text())
        told = (run["stage"], run["submission"]["task"])
        for part in run["test_sets"] if told == ("challenge", "pixel") else ():
            assert repr(part["result"]["score"]) not in everything  # a sample AP may be a toy AP by chance


def test_progress_is_told_live_where_the_test_sets_are_not_hidden(edition: Edition) -> None:
    """In steps and on a clock where they are: tests/integration/test_runs_telling.py."""
    answers = [answer for text in edition.seen if isinstance(answer := json.loads(text), dict)]
    runs = [answer["run"] for answer in answers if answer.get("stage") == "challenge"]
    known = {run["percent"] for run in runs if run["percent"] is not None}
    assert len(known) > 2
    assert {run["next_told_at"] for run in runs} == {None}


@pytest.mark.parametrize("path", ["/admin/submissions", "/admin/audit", "/test-sets/test-brain/archive"])
def test_what_is_not_for_participants_is_not_there(path: str, edition: Edition) -> None:
    assert edition.teams["kit"].get(path).status_code == 404


def test_another_teams_submission_is_not_there(edition: Edition) -> None:
    theirs = edition.teams["shell"].ask("status")[0]["id"]
    for rest in ("", "/report"):
        assert edition.teams["kit"].get(f"/submissions/{theirs}{rest}").status_code == 404


def test_a_toy_submission_is_served_while_the_challenge_queue_is_busy(
    edition: Edition, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """A share of the slots serves toy cases first, also those that older challenge Runs begin with; a third
    toy Run of a Team waits for one of the two.
    """
    every = [case for record in edition.records.values() for case in record.cases]
    toy_starts = sorted(started(case) for case in every if case.toy)
    hidden_starts, toys = [started(case) for *_, case in edition.hidden()], list(edition.runs(Stage.TOY))
    looked = 0
    for name, run, cases in toys:
        handed_in = run.submission.submitted_at.timestamp()
        before = [
            other
            for team, earlier, other in toys
            if team == name and earlier.submission.submitted_at < run.submission.submitted_at
        ]
        if sum(max(map(finished, other)) > handed_in for other in before) >= 2:
            continue
        looked += 1
        first = min(started(case) for case in cases)
        waiting = sum(start > handed_in for start in hidden_starts)
        overtaken = sum(handed_in < start < first - BLUR_SECONDS for start in hidden_starts)
        told = {"seconds": first - handed_in, "hidden waiting": waiting, "overtaken": overtaken}
        record_testsuite_property("toy_start", told)
        assert waiting > 4, "the challenge queue was not busy"
        served = [handed_in, *(start for start in toy_starts if handed_in < start <= first)]
        between = [sum(one < start < two for start in hidden_starts) for one, two in pairwise(served)]
        assert max(between) <= 6, f"{told}: so many hidden cases began between one toy case and the next"
        assert first < max(hidden_starts)
    assert looked


def test_while_both_teams_wait_each_gets_its_share_of_the_slots(edition: Edition) -> None:
    """By slot seconds, not by running cases: of equal cases about half; nobody gets under a third."""
    shared = [
        name
        for name, _, case in edition.hidden()
        if all(waits(edition, team, started(case)) for team in set(TEAMS) - {name})
    ]
    assert len(shared) > 4
    counts = {team: shared.count(team) for team in TEAMS}
    assert min(counts.values()) >= len(shared) / 3 - 1, f"{counts}"


def runs_at(case: CaseRun, now: float, blur: float) -> bool:
    """Whether it runs; a positive blur counts what may have run, a negative one only what surely did."""
    return started(case) - blur <= now < finished(case) + blur


def waits(edition: Edition, team: str, now: float) -> bool:
    """Whether the team surely has a hidden case in the queue."""
    return any(
        name == team
        and run.toy_reported_at is not None
        and run.toy_reported_at.timestamp() + BLUR_SECONDS < now < started(case) - BLUR_SECONDS
        for name, run, case in edition.hidden()
    )


def test_both_teams_start_hidden_cases_in_turns(
    edition: Edition, record_testsuite_property: Callable[[str, object], None]
) -> None:
    teams = [name for name, *_ in edition.hidden()]
    changes = sum(one != other for one, other in pairwise(teams))
    record_testsuite_property("starts", "".join(name[0] for name in teams))
    assert changes >= len(teams) // 4, teams


def test_an_image_that_is_there_is_not_uploaded_again(edition: Edition) -> None:
    """The toy stage used the images of the challenge stage."""
    files = edition.platform.installation.read_settings().storage.root
    digests = {case["image"] for view in edition.published.values() for case in view["document"]["rows"]}
    names = {path.name for path in (files / "images").iterdir()}
    assert len(digests) == len(TEAMS)
    assert all(any(digest.removeprefix("sha256:") in name for name in names) for digest in digests)
