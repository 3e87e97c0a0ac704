"""A real contest, scored by the evaluator: nothing of it leaves before publication, by page, mail or command.

After publication exactly the leaderboard document is there to read, and nothing of any case.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from typer.testing import CliRunner

from mood_evaluator import Dataset, ManifestCase, canonical_digest, load_test_set
from mood_platform.accounts.principal import Principal
from mood_platform.challenges.service import install_test_set
from mood_platform.cli.main import app as command
from mood_platform.db.engine import Sessions
from mood_platform.execution.runtime import CaseJob
from mood_platform.models import CaseRun, Run, Stage, Submission
from mood_platform.notifications.mailer import Mail
from mood_platform.notifications.service import send_mail
from mood_platform.notifications.texts import ABOUT_RUNS
from mood_platform.queueing import Job, SendMail
from mood_platform.runs.service import start_analysis
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission
from mood_support.contest import Contest
from mood_support.edition import make_participant, write_test_set
from mood_support.factories import make_platform
from mood_support.route_table import asks_of, route_table
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
BOARD = "/api/v1/admin/leaderboards/tiny/pixel"


@dataclass(slots=True)
class Letterbox:
    mails: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        self.mails.append(mail)


@dataclass(frozen=True, slots=True)
class Scene:
    site: Site
    contest: Contest
    people: dict[str, Principal | None]
    """By name; None is a visitor. North and south take part, olga organizes."""
    submission: Submission
    """North's, with an analysis that nobody may know of."""
    spoilt: Submission
    """West's, with hidden maps that are inverted and squeezed, and sound toy maps."""
    words: set[str]
    """Every long number and id in the results of all Runs, and what the case rows know."""


@pytest.fixture(scope="module")
def scene(
    start_afresh: Callable[[], Sessions], tmp_path_factory: pytest.TempPathFactory, database_url: str
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("contest")
    store = LocalStore(folder / "objects")
    contest = Contest(make_platform(start_afresh(), store, folder / "sets", cases=4), folder / "sets")
    north, south = contest.join("north"), contest.join("south")
    submission = contest.enter(north, quality=0.4, skips=skip_some)
    contest.enter(south, quality=1)
    west = contest.join("west")
    toys = {case.sha256_image for case in toy_cases(folder / "sets")}
    spoilt = contest.enter(west, quality=0.8, spoils=lambda job: digest_of(job.case) not in toys)
    analyse(contest, submission)
    contest.run()
    with contest.platform.open() as tx:
        olga = make_participant(tx, "olga", organizer=True)
    people = {"visitor": None, "north": north, "south": south, "west": west, "olga": olga}
    with serve_site(contest.platform, database_url=database_url, root=store.root) as site:
        yield Scene(site, contest, people, submission, spoilt, hidden_words(contest))


def skip_some(job: CaseJob) -> bool:
    """About a quarter of all cases stay unanswered."""
    return job.case.read_bytes()[-8] % 4 == 0


def toy_cases(folder: Path) -> list[ManifestCase]:
    return [
        case
        for manifest in folder.rglob("test_set.json")
        if (test_set := load_test_set(manifest.parent)).purpose == "toy"
        for case in test_set.cases
    ]


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def analyse(contest: Contest, submission: Submission) -> None:
    folder = contest.folder / "sweep-brain"
    write_test_set(folder, purpose="size-sweep", dataset=Dataset.BRAIN, cases=2)
    with contest.platform.open() as tx:
        install_test_set(tx, folder=folder, store=contest.platform.store)
    with contest.platform.open() as tx:
        row = find_any_submission(tx, submission_id=submission.id)
        start_analysis(tx, submission=row, test_set_names=["sweep-brain"], actor="olga@example.org")


def hidden_words(contest: Contest) -> set[str]:
    words = {"sweep-brain"}
    with contest.platform.open() as tx:
        runs = tx.session.scalars(select(Run)).all()
        for run in runs:
            assert run.results_key is not None, "all are scored"
            results = json.loads(contest.platform.store.read(run.results_key, limit=10**8))
            words |= set(long_texts(results["test_sets"]))
        words |= {str(run.id) for run in runs if run.stage is Stage.ANALYSIS}
        for row in tx.session.scalars(select(CaseRun).where(~CaseRun.toy)):
            words |= {str(row.id), str(row.claim_id), str(row.log_key)}
    return words


def long_texts(value: object) -> Iterator[str]:
    """Every number and id that is long enough to be no coincidence."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from long_texts(name)
            yield from long_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from long_texts(inner)
    elif (isinstance(value, float) and len(repr(value)) > 8) or (isinstance(value, str) and len(value) >= 32):
        yield str(value)


def read_everything(scene: Scene) -> Iterator[tuple[str, str, str]]:
    """Reader, address and answer of every GET route, for all but organizers."""
    ids = {
        "submission_id": {"own": str(scene.submission.id), "spoilt": str(scene.spoilt.id)},
        "image_id": {"own": str(scene.submission.image_id)},
        "upload_id": {"unknown": str(scene.submission.id)},
        "task": {"sample": "sample", "pixel": "pixel"},
        "name": {"public": "toy-brain", "hidden": "test-brain", "sweep": "sweep-brain"},
        "path": {"public": "icon.svg"},
        "node_name": {"unknown": "nobody"},
        "team": {"own": "north"},
        "run_id": {"unknown": str(scene.submission.id)},
    } | {name: {"public": "tiny"} for name in ("slug", "challenge")}
    asks = [ask for key in route_table(scene.site) if key.startswith("GET ") for ask in asks_of(key, ids)]
    for reader in ("visitor", "north", "south", "west"):
        with scene.site.visit(scene.people[reader]) as client:
            for ask in asks:
                answer = client.get(ask.path)
                yield reader, ask.path, f"{answer.headers} {answer.text}"


def found_in(scene: Scene, text: str) -> set[str]:
    return {word for word in scene.words if word in text}


def test_no_page_tells_a_word_of_the_results_before_publication(scene: Scene) -> None:
    assert len(scene.words) > 100
    leaks = [
        (reader, path, words)
        for reader, path, text in read_everything(scene)
        if (
            words := found_in(scene, text) - {"sweep-brain"}
            if "sweep-brain" in path
            else found_in(scene, text)
        )
    ]
    assert leaks == []


def test_no_mail_tells_a_word_of_the_results(scene: Scene) -> None:
    """Every kind, for every Run; and none at all about an analysis."""
    box, platform = Letterbox(), scene.contest.platform
    with platform.open() as tx:
        runs = tx.session.scalars(select(Run)).all()
        for run in runs:
            for kind in ABOUT_RUNS:
                send_mail(tx, mailer=box, public_url="https://mood.example.org", order=SendMail(kind, run.id))
    assert len(box.mails) >= 4 * len(runs)
    to_teams = [mail for mail in box.mails if mail.to != "olga@example.org"]
    assert [mail for mail in to_teams if found_in(scene, f"{mail.subject} {mail.body}")] == []
    about = {arguments["run"] for job, arguments in platform.queue.sent if job is Job.SEND_MAIL}
    assert about
    assert not about & {str(run.id) for run in runs if run.stage is Stage.ANALYSIS}


def run_command(scene: Scene, *arguments: str, name: str = "north") -> str:
    """`mood …` as a team: data, messages and the error that it would explain."""
    team = scene.people[name]
    assert team is not None
    environment = {"MOOD_URL": scene.site.url, "MOOD_TOKEN": scene.site.token(team)}
    result = CliRunner().invoke(command, list(arguments), env=environment)
    return f"{result.output}{result.exception or ''}"


def test_no_command_tells_a_word_of_the_results_before_publication(scene: Scene) -> None:
    place = str(scene.submission.id)
    for arguments in (("status",), ("status", place), ("report", place), ("leaderboard", "pixel")):
        for form in ((), ("--json",)):
            output = run_command(scene, *arguments, *form)
            assert output
            assert found_in(scene, output) == set(), arguments
    assert "in review" in run_command(scene, "status")
    assert "not published yet" in run_command(scene, "leaderboard", "pixel")


def noticed_in(text: str) -> set[str]:
    """What the evaluator noticed on west's hidden maps, in any of its words."""
    words = ("squeezed", "8-bit whole numbers", "inverted")
    return {word for word in words if word in text.lower()}


def test_what_looks_wrong_on_hidden_cases_is_told_to_organizers(scene: Scene) -> None:
    place = f"/api/v1/admin/submissions/{scene.spoilt.id}"
    with scene.site.visit(scene.people["olga"]) as organizer:
        cases = organizer.get(place, params={"cases": True}).json()["runs"][0]["cases"]
        assert {tuple(case["flags"]) for case in cases if not case["toy"]} == {("squeezed",)}
        assert {tuple(case["flags"]) for case in cases if case["toy"]} == {()}
        warnings = organizer.get(f"{BOARD}/draft").json()["warnings"]
    assert sum("west" in one and "looks inverted" in one for one in warnings) == 2
    assert sum("west" in one and "4 of 4 cases" in one and "8-bit" in one for one in warnings) == 2


def test_what_looks_wrong_on_hidden_cases_reaches_no_team_by_any_exit(scene: Scene) -> None:
    """Nor its own, by page, API, stream, command or mail, in the toy report either."""
    assert [one[:2] for one in read_everything(scene) if noticed_in(one[2])] == []
    place = str(scene.spoilt.id)
    for arguments in (("status",), ("status", place), ("report", place), ("leaderboard", "pixel")):
        for form in ((), ("--json",)):
            output = run_command(scene, *arguments, *form, name="west")
            assert output
            assert noticed_in(output) == set(), arguments
    box, platform = Letterbox(), scene.contest.platform
    with platform.open() as tx:
        run = tx.session.scalars(select(Run).where(Run.submission_id == scene.spoilt.id)).one()
        for kind in ABOUT_RUNS:
            send_mail(tx, mailer=box, public_url="https://mood.example.org", order=SendMail(kind, run.id))
    assert box.mails
    assert [mail for mail in box.mails if noticed_in(f"{mail.subject} {mail.body}")] == []


def test_after_publication_exactly_the_document_is_there_to_read(scene: Scene) -> None:
    """Of the published Task; last in this module, for there is no way back."""
    with scene.site.visit(scene.people["olga"]) as organizer:
        published = organizer.post(f"{BOARD}/publish", json={"note": "First.", "before_close": True})
        assert published.status_code == 201
    with scene.site.visit() as visitor:
        document = visitor.get("/api/v1/leaderboards/tiny/pixel").json()["document"]
        assert visitor.get("/api/v1/leaderboards/tiny/sample").status_code == 404
    assert canonical_digest(document) == document["digest"] == published.json()["digest"]
    assert {source["cases"] for source in document["datasets"].values()} == {4}
    assert not cases_in(scene, json.dumps(document))
    public = set(long_texts(document))
    assert public & scene.words, "digests and ids of what it rests on can be read now"
    scores = [cell["score"] for row in document["rows"] for cell in row["datasets"].values()]
    assert scores
    assert all(score == round(score, 4) for score in scores), "scores can be read now, as they are published"
    for reader, path, text in read_everything(scene):
        assert noticed_in(text) == set(), (reader, path)
        words = found_in(scene, text) - ({"sweep-brain"} if "sweep-brain" in path else set())
        assert words <= public, (reader, path)
        assert not words or "leaderboard" in path, (reader, path)


def cases_in(scene: Scene, text: str) -> set[str]:
    """Ids, volumes, rows and nodes of hidden cases."""
    with scene.contest.platform.open() as tx:
        names: set[Any] = set()
        for row in tx.session.scalars(select(CaseRun).options(joinedload(CaseRun.case)).where(~CaseRun.toy)):
            names |= {
                row.case.case_id,
                row.case.image_sha256,
                row.id,
                row.claim_id,
                row.node,
                row.prediction_key,
            }
    return {str(name) for name in names if str(name) in text}
