"""A case that we failed to run is dropped for everybody: proposed, compared, decided, printed, taken back."""

from __future__ import annotations

import gzip
import json
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Image
from sklearn.metrics import average_precision_score
from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session, joinedload
from typer.testing import CliRunner

from mood_evaluator import ManifestCase, Task, load_test_set
from mood_platform.accounts.principal import Principal
from mood_platform.cli.main import app
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.documents.draft import Draft
from mood_platform.errors import Conflict, Invalid, NotFound
from mood_platform.failures import FailureReason
from mood_platform.fake_queue import FakeQueue
from mood_platform.leaderboards.drop_decision import decide_drop, undo_drop
from mood_platform.leaderboards.drop_proposal import propose_drop
from mood_platform.leaderboards.service import draft, publish
from mood_platform.models import (
    AuditEvent,
    Base,
    Case,
    CaseRun,
    Challenge,
    Leaderboard,
    Run,
    RunState,
    Stage,
    Submission,
    Team,
    User,
)
from mood_platform.runs.decisions import resume
from mood_platform.runs.parking import park
from mood_platform.runs.rescorings import start_rescoring
from mood_platform.runs.service import unvoid_run, void_run
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.service import submit
from mood_support.contest import Contest
from mood_support.edition import make_edition, make_participant
from mood_support.factories import TinyPlatform
from mood_support.invariants import breaches
from mood_support.site import serve_site

pytestmark = pytest.mark.integration
OLGA = "olga@example.org"
API = "/api/v1"
DROPS = f"{API}/admin/leaderboards/tiny/pixel"
WHY = "A disk of the platform lost it."
BRAIN_ALONE = {"toy": {"brain": ["toy-brain"]}, "challenge": {"brain": ["test-brain"]}}


@dataclass(slots=True)
class Edition:
    """Of the brain alone, with one Task; north is scored, and south waits for cases that are parked."""

    contest: Contest
    task: Task

    @property
    def platform(self) -> TinyPlatform:
        return self.contest.platform

    @property
    def store(self) -> LocalStore:
        return self.platform.store  # type: ignore[return-value]

    @property
    def lost(self) -> str:
        """The abnormal case that is parked."""
        return self.cases[0].id

    @property
    def cases(self) -> tuple[ManifestCase, ...]:
        return load_test_set(self.contest.folder / "test-brain").cases

    def do(self, act: Callable[..., Any], **given: Any) -> Any:
        with self.platform.open() as tx:
            challenge = tx.session.get_one(Challenge, self.platform.challenge.id)
            return act(tx, challenge=challenge, task=self.task, **given)

    def draft(self) -> dict[str, Any]:
        made: Draft = self.do(draft, store=self.store)
        return made.to_json()

    def publish(self, *, note: str = "") -> Leaderboard:
        board = self.do(publish, actor=OLGA, store=self.store, before_close=True, note=note)
        assert isinstance(board, Leaderboard)
        return board

    def propose(self, *case_ids: str) -> int:
        return int(self.do(propose_drop, case_ids=set(case_ids), actor=OLGA, store=self.store).number)

    def decide(self, number: int, *, reason: str = WHY) -> None:
        self.do(decide_drop, number=number, reason=reason, actor=OLGA)

    def undo(self, *case_ids: str, reason: str = "It ran after all.") -> None:
        self.do(undo_drop, case_ids=set(case_ids), reason=reason, actor=OLGA, store=self.store)

    def drop(self) -> None:
        number = self.propose(self.lost)
        self.contest.run()
        self.decide(number)
        self.contest.run()

    def enter(self, name: str, *, quality: float, squeezed: bool = False) -> Submission:
        team = self.contest.join(name)
        return self.contest.enter(team, quality=quality, task=self.task, squeezed=squeezed)

    def park(self, submission: Submission, *case_ids: str) -> None:
        """These hidden cases of its Run, before anything of it has run."""
        with self.platform.open() as tx:
            run = tx.session.get_one(Run, self.platform.run_of(submission).id)
            mine = select(CaseRun).join(Case).where(CaseRun.run_id == run.id)
            for case_run in tx.session.scalars(mine.where(Case.case_id.in_(case_ids))).all():
                park(tx, run=run, case_run=case_run, reason=FailureReason.ENGINE_ERROR)

    def submission(self, tx: Transaction, team: str) -> Submission:
        """The first of this team."""
        query = select(Submission).join(Team).where(Team.handle == team, Submission.number == 1)
        return tx.session.scalars(query.options(joinedload(Submission.team))).one()

    def member(self, tx: Transaction, team: str) -> Principal:
        user = tx.session.scalars(select(User).join(Team).where(Team.handle == team)).one()
        return Principal(user=user, team=tx.session.get_one(Team, user.team_id), organizer=False)

    def waiting_run(self, tx: Transaction) -> Run:
        return tx.session.scalars(select(Run).where(Run.state == RunState.RUNNING)).one()

    def oracle(self, team: str, *, without: str) -> float:
        """scikit-learn on what was predicted for the other cases."""
        with self.platform.open() as tx:
            run = self.platform.run_of(self.submission(tx, team))
            query = select(Case.case_id, CaseRun.prediction_key).join(Case)
            rows = tx.session.execute(query.where(CaseRun.run_id == run.id)).all()
        keys = {row.case_id: row.prediction_key for row in rows}
        by_id = {case.id: case for case in self.cases if case.id != without}
        if self.task is Task.SAMPLE:
            scores = [float(self.store.read(keys[one], limit=99)) for one in by_id]
            return float(average_precision_score([case.abnormal for case in by_id.values()], scores))
        batches = load_test_set(self.contest.folder / "test-brain").batchings[0].batches
        kept = [[by_id[one] for one in batch if one in by_id] for batch in batches]
        return float(np.mean([self._ap(batch, keys) for batch in kept]))

    def _ap(self, cases: list[ManifestCase], keys: dict[str, str]) -> float:
        truth = [self._label(case) for case in cases]
        scores = [self._prediction(keys[case.id]) for case in cases]
        return float(average_precision_score(np.concatenate(truth), np.concatenate(scores)))

    def _label(self, case: ManifestCase) -> np.ndarray:
        if case.label is None:
            return np.zeros(np.prod(case.shape), bool)
        path = self.contest.folder / "test-brain" / case.label
        return np.asarray(Nifti1Image.from_filename(path).dataobj).ravel() == 1

    def _prediction(self, key: str) -> np.ndarray:
        volume = Nifti1Image.from_bytes(gzip.decompress(self.store.read(key, limit=10**7)))
        return np.clip(np.asarray(volume.dataobj, np.float32), 0, 1).ravel()


@dataclass(frozen=True, slots=True)
class Begun:
    """Fifty cases take their time: they are run once, and every test begins with a copy of what is there."""

    edition: Edition
    rows: dict[str, list[dict[str, Any]]]

    def again(self, sessions: Sessions, store: LocalStore) -> Edition:
        shutil.copytree(self.edition.store.root, store.root)
        with transaction(sessions, FakeQueue()) as tx:
            for table in Base.metadata.sorted_tables:
                if self.rows[table.name]:
                    tx.session.execute(insert(table), self.rows[table.name])
        contest = self.edition.contest
        platform = replace(contest.platform, sessions=sessions, store=store, queue=FakeQueue())
        fresh = replace(
            contest,
            platform=platform,
            quality=dict(contest.quality),
            skips=dict(contest.skips),
            squeezed=set(contest.squeezed),
        )
        return replace(self.edition, contest=fresh)


def begin(sessions: Sessions, folder: Path, *, task: Task = Task.PIXEL, cases: int = 50) -> Edition:
    store = LocalStore(folder / "objects")
    with transaction(sessions, FakeQueue()) as tx:
        challenge = make_edition(
            tx, store=store, folder=folder, cases=2, hidden_cases=cases, hidden=True, stages=BRAIN_ALONE
        )
    platform = TinyPlatform(sessions, store, challenge, folder / "cache")
    made = Edition(Contest(platform, folder), task)
    made.enter("north", quality=0.3)
    made.park(made.enter("south", quality=0.4), made.lost)
    made.contest.run()
    return made


def rows_of(session: Session, table: Table) -> list[dict[str, Any]]:
    """In order; what the database numbers, it numbers again."""
    rows = session.execute(select(table).order_by(*table.primary_key)).mappings()
    numbered = table.autoincrement_column
    return [
        {name: value for name, value in row.items() if numbered is None or name != numbered.name}
        for row in rows
    ]


@pytest.fixture(scope="module")
def begun(
    start_afresh: Callable[[], Sessions], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Task], Begun]:
    @cache
    def once(task: Task) -> Begun:
        sessions = start_afresh()
        edition = begin(sessions, tmp_path_factory.mktemp("begun"), task=task)
        with sessions() as session:
            rows = {table.name: rows_of(session, table) for table in Base.metadata.sorted_tables}
        return Begun(edition, rows)

    return once


@pytest.fixture
def edition(
    begun: Callable[[Task], Begun], start_afresh: Callable[[], Sessions], store: LocalStore, request: Any
) -> Edition:
    ready = begun(getattr(request, "param", Task.PIXEL))
    return ready.again(start_afresh(), store)


def scores(document: dict[str, Any]) -> dict[str, float]:
    return {row["team"]: row["datasets"]["brain"]["score"] for row in document["rows"]}


@pytest.mark.parametrize("edition", list(Task), indirect=True)
def test_a_parked_case_is_dropped_for_everybody_compared_first_and_published_with_its_reason(
    edition: Edition,
) -> None:
    with pytest.raises(Conflict, match="parked: south #1") as refusal:
        edition.publish()
    assert "mood admin status" in refusal.value.remedy
    assert "mood admin drop-case" in refusal.value.remedy
    before, lost = edition.draft(), edition.lost
    assert before["pending"][0]["parked_cases"] == [{"dataset": "brain", "case": lost}]
    number = edition.propose(lost)
    assert edition.draft()["drop"]["waiting"] == 2
    edition.contest.run()
    seen = edition.draft()
    for part in ("rows", "datasets", "rescoring", "pending"):
        assert seen[part] == before[part], "a proposal changes nothing"
    moved = {row["team"]: row for row in seen["drop"]["rows"]}
    assert moved["south"]["before"] is None
    compared = {team: row["after"]["datasets"]["brain"]["score"] for team, row in moved.items()}
    assert seen["drop"]["replicates_pending"] == []
    with pytest.raises(Conflict, match="parked: south #1"):
        edition.publish()
    edition.decide(number)
    edition.contest.run()
    board = edition.publish().document
    exact = {team: round(edition.oracle(team, without=lost), 4) for team in ("north", "south")}
    assert scores(board) == compared == exact
    assert exact["north"] != scores(before)["north"], "the case counted before"
    facts = board["datasets"]["brain"]
    assert (facts["cases"], facts["dropped"]) == (49, {"cases": 1, "reasons": [WHY]})
    assert sum(facts["batch_sizes"]) == (49 if edition.task is Task.PIXEL else 0)
    assert board["caveats"][-1] == f"1 brain case counts for no team: the platform failed to run it. {WHY}"
    assert all(row["datasets"]["brain"]["result"]["total"] == 49 for row in board["rows"])
    assert [row["team"] for row in board["rows"]] == sorted(exact, key=lambda team: -exact[team])
    assert [row["rank"] for row in board["rows"]] == [1, 2]
    told = json.dumps(board)
    assert not any(case.id in told for case in edition.cases)


def test_the_decision_is_written_down_with_who_why_and_which(edition: Edition) -> None:
    edition.drop()
    with edition.platform.open() as tx:
        mine = select(AuditEvent).where(AuditEvent.action.like("case.%")).order_by(AuditEvent.at)
        events = tx.session.scalars(mine).all()
    assert [(one.action, one.actor, one.reason) for one in events] == [
        ("case.propose_drop", OLGA, ""),
        ("case.drop", OLGA, WHY),
    ]
    assert events[1].data["dropped"] == {"brain": [edition.lost]}


def test_runs_to_come_are_scored_without_it_and_never_wait_for_it(edition: Edition) -> None:
    edition.drop()
    edition.enter("east", quality=0.2, squeezed=True)
    edition.park(edition.enter("west", quality=0.3), edition.lost)
    edition.contest.run()
    board = edition.publish().document
    assert scores(board)["east"] == round(edition.oracle("east", without=edition.lost), 4)
    assert not board["rounded_intervals"], "exact counts leave it out as well"
    cells = {row["team"]: row["datasets"]["brain"] for row in board["rows"]}
    for what in ("score", "interval"):
        assert cells["west"][what] == cells["north"][what], "equal images, equal results"
    with edition.platform.open() as tx:
        assert breaches(tx.session, edition.store) == []


def test_a_result_that_is_taken_over_is_the_one_without_it(edition: Edition) -> None:
    edition.drop()
    before = scores(edition.draft())["north"]
    with edition.platform.open() as tx:
        north = edition.submission(tx, "north")
        tx.session.get_one(Run, edition.platform.run_of(north).id).told_live = True  # as if its end were told
        again = {"image_id": north.image_id, "task": edition.task, "stage": Stage.CHALLENGE, "again": True}
        submit(tx, principal=edition.member(tx, "north"), **again)
    board = edition.draft()
    [row] = [one for one in board["rows"] if one["team"] == "north"]
    assert (row["submission"], scores(board)["north"]) == (2, before)
    assert before == round(edition.oracle("north", without=edition.lost), 4)


def test_a_rescoring_keeps_what_is_dropped(edition: Edition) -> None:
    edition.drop()
    before = edition.draft()
    edition.do(start_rescoring, reason="Once more.", actor=OLGA, store=edition.store)
    edition.contest.run()
    after = edition.draft()
    assert after["rescoring"] == before["rescoring"] + 1
    assert (after["rows"], after["datasets"]) == (before["rows"], before["datasets"])


def test_it_counts_again_once_no_run_that_counts_lacks_it(edition: Edition) -> None:
    complete = scores(edition.draft())["north"]
    edition.drop()
    first = edition.publish().document
    with pytest.raises(Conflict, match=f"{edition.lost} was dropped before south #1"):
        edition.undo(edition.lost)
    with edition.platform.open() as tx:
        south = edition.platform.run_of(edition.submission(tx, "south"))
        void_run(tx, run=south, reason="It lacks a case.", actor=OLGA)
    edition.undo(edition.lost)
    edition.contest.run()
    second = edition.publish().document
    assert scores(second) == {"north": complete}
    assert scores(first)["north"] != complete
    assert second["datasets"]["brain"]["dropped"] == {"cases": 0, "reasons": []}
    assert second["changes"]["dropped"] == {"before": {"brain": 1}, "after": {}}
    with pytest.raises(NotFound, match=edition.lost):
        edition.undo(edition.lost)


def test_more_than_two_percent_are_refused(edition: Edition) -> None:
    another = edition.cases[1].id
    edition.park(edition.enter("east", quality=0.2), another)
    with pytest.raises(Conflict, match=r"of the 50 pixel cases of test-brain that is 1, and not 2"):
        edition.propose(edition.lost, another)
    edition.propose(edition.lost)


def test_a_small_test_set_spares_no_case(sessions: Sessions, tmp_path: Path) -> None:
    small = begin(sessions, tmp_path / "sets", cases=4)
    with pytest.raises(Conflict, match="of the 4 pixel cases of test-brain that is none, and not 1"):
        small.propose(small.lost)


def test_what_nobody_waits_for_is_not_dropped(edition: Edition) -> None:
    other = edition.cases[1].id
    with pytest.raises(Conflict, match=f"counts waits for {other}"):
        edition.propose(other)
    with pytest.raises(Invalid, match="it is empty"):
        edition.propose()


def test_a_held_run_is_decided_about_before_its_cases_are(edition: Edition) -> None:
    with edition.platform.open() as tx:
        edition.waiting_run(tx).held_since = tx.now
    assert edition.draft()["pending"][0]["parked_cases"] == []
    with pytest.raises(Conflict, match=f"counts waits for {edition.lost}") as refusal:
        edition.propose(edition.lost)
    assert "none of a held run" in refusal.value.remedy


def test_a_reason_that_is_missing_or_names_a_hidden_case_decides_nothing(edition: Edition) -> None:
    number = edition.propose(edition.lost)
    edition.contest.run()
    for reason in (" ", f"{edition.cases[7].id} was lost."):
        with pytest.raises(Invalid, match="Field reason"):
            edition.decide(number, reason=reason)
    assert edition.draft()["drop"]["number"] == number


def test_a_proposal_is_decided_only_as_it_was_compared(edition: Edition) -> None:
    number = edition.propose(edition.lost)
    with pytest.raises(Conflict, match="not scored yet: 2 of 2 runs wait"):
        edition.decide(number)
    edition.enter("east", quality=0.2)
    edition.contest.run()
    assert edition.draft()["drop"]["problems"] == ["east #1 was scored since: propose it once more."]
    with pytest.raises(Conflict, match="scored since"):
        edition.decide(number)
    again = edition.propose(edition.lost)
    edition.contest.run()
    with pytest.raises(Conflict, match=f"Rescoring {number} .* no proposal"):
        edition.decide(number)
    with edition.platform.open() as tx:
        resume(tx, run=edition.waiting_run(tx), actor=OLGA)
    with pytest.raises(Conflict, match=f"counts waits for {edition.lost}"):
        edition.decide(again)
    edition.contest.run()
    assert len(edition.publish().document["rows"]) == 3, "it ran after all, and nothing is dropped"


def test_a_run_that_is_being_scored_while_it_is_decided_is_scored_without_it(edition: Edition) -> None:
    number = edition.propose(edition.lost)
    edition.contest.run()
    edition.enter("east", quality=0.2)
    store = DecidesMeanwhile(edition.store.root, lambda: edition.decide(number))
    edition.contest.platform = replace(edition.platform, store=store)
    edition.contest.run()
    assert store.keys_seen == ["results.json", "results-dropped-1.json"]
    board = edition.publish().document
    assert scores(board)["east"] == round(edition.oracle("east", without=edition.lost), 4)


class DecidesMeanwhile(LocalStore):
    """Between the results of a Run and the word that they are there, something is decided, once."""

    def __init__(self, root: Path, decide: Callable[[], None]) -> None:
        super().__init__(root)
        self.decide, self.keys_seen = decide, list[str]()

    def put_bytes(self, key: str, data: bytes) -> None:
        super().put_bytes(key, data)
        name = key.rsplit("/", 1)[-1]
        if name.startswith("results"):
            self.keys_seen = list(dict.fromkeys([*self.keys_seen, name]))
            if self.keys_seen == ["results.json"]:
                self.decide()


def test_a_run_that_counts_again_is_not_mixed_in_and_the_remedy_works(edition: Edition) -> None:
    with edition.platform.open() as tx:
        north = edition.platform.run_of(edition.submission(tx, "north"))
    with edition.platform.open() as tx:
        void_run(tx, run=tx.session.get_one(Run, north.id), reason="It is looked at.", actor=OLGA)
    edition.drop()
    with edition.platform.open() as tx:
        unvoid_run(tx, run=tx.session.get_one(Run, north.id), reason="It was fine.", actor=OLGA)
    with pytest.raises(Conflict, match="north #1 was scored before it was decided") as refusal:
        edition.draft()
    assert "mood admin rescore" in refusal.value.remedy
    edition.do(start_rescoring, reason="With north.", actor=OLGA, store=edition.store)
    edition.contest.run()
    assert scores(edition.draft())["north"] == round(edition.oracle("north", without=edition.lost), 4)


def test_organizers_drop_a_case_over_http_and_take_it_back(edition: Edition, database_url: str) -> None:
    with edition.platform.open() as tx:
        olga = make_participant(tx, "olga", organizer=True)
    with (
        serve_site(edition.platform, database_url=database_url, root=edition.store.root) as site,
        site.visit(olga) as client,
    ):
        refused = client.post(f"{DROPS}/drops", json={"cases": ["0" * 32]})
        assert (refused.status_code, "counts waits for" in refused.json()["detail"]) == (409, True)
        proposed = client.post(f"{DROPS}/drops", json={"cases": [edition.lost]}).json()
        assert (proposed["decided"], proposed["dropped"]) == (False, {"brain": {edition.lost: ""}})
        edition.contest.run()
        drop = client.get(f"{DROPS}/draft").json()["drop"]
        assert (drop["number"], drop["cases"], len(drop["rows"])) == (1, {"brain": [edition.lost]}, 2)
        decided = client.post(f"{DROPS}/drops/1", json={"reason": WHY}).json()
        assert (decided["decided"], decided["dropped"]) == (True, {"brain": {edition.lost: WHY}})
        edition.contest.run()
        assert client.post(f"{DROPS}/publish", json={"before_close": True}).status_code == 201
        refused = client.post(f"{DROPS}/undrop", json={"cases": [edition.lost], "reason": "It ran."})
        assert (refused.status_code, "was dropped before" in refused.json()["detail"]) == (409, True)


def test_one_command_proposes_compares_asks_and_decides(
    edition: Edition, database_url: str, tmp_path: Path
) -> None:
    with edition.platform.open() as tx:
        olga = make_participant(tx, "olga", organizer=True)
    with (
        serve_site(edition.platform, database_url=database_url, root=edition.store.root) as site,
        ThreadPoolExecutor(1) as pool,
    ):
        environment = {
            "MOOD_URL": site.url,
            "MOOD_TOKEN": site.token(olga),
            "MOOD_HOME": str(tmp_path / "mood"),
        }
        words = ["admin", "drop-case", "pixel", edition.lost]
        asked = pool.submit(CliRunner().invoke, app, words, f"y\n{WHY}\n", environment)
        while not asked.done():
            edition.contest.run()
            time.sleep(0.1)
        answer = asked.result()
    assert answer.exit_code == 0, answer.output
    for told in (
        f"Proposal 1: without brain {edition.lost}",
        "entered",
        "Drop this for everybody?",
        "Dropped",
    ):
        assert told in answer.output
    edition.contest.run()
    assert edition.publish().document["datasets"]["brain"]["dropped"]["reasons"] == [WHY]


def test_teams_learn_nothing_before_the_board_and_then_how_many_and_why(
    edition: Edition, database_url: str
) -> None:
    with edition.platform.open() as tx:
        south, submission = edition.member(tx, "south"), edition.submission(tx, "south").id
    mine = (f"{API}/submissions", f"{API}/submissions/{submission}", f"{API}/challenges/tiny")
    boards = (f"{API}/leaderboards/tiny/pixel", "/challenges/tiny/leaderboard/pixel")
    with (
        serve_site(edition.platform, database_url=database_url, root=edition.store.root) as site,
        site.visit(south) as client,
    ):
        for path, body in (
            (f"{DROPS}/drops", {"cases": [edition.lost]}),
            (f"{DROPS}/drops/1", {"reason": WHY}),
        ):
            assert client.post(path, json=body).status_code == 404, "as if there were no such page"
        edition.drop()
        for path in (*mine, *boards, f"/submissions/{submission}"):
            told = client.get(path).text
            assert not any(word in told for word in (WHY, edition.lost, "dropped", "for no team"))
        edition.publish()
        for path in boards:
            told = client.get(path).text
            assert f"1 brain case counts for no team: the platform failed to run it. {WHY}" in told
            assert not any(case.id in told for case in edition.cases)
