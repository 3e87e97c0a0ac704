"""Applying an edition: checked whole, shown in words, confirmed, with a reason and a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from mood_evaluator import Dataset, Task
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.mistakes import Mistakes
from mood_platform.challenges.plan import Machine, check_limits, check_test_sets
from mood_platform.challenges.queries import find_challenge
from mood_platform.challenges.service import apply_challenge
from mood_platform.cli.main import app
from mood_platform.errors import Invalid
from mood_platform.leaderboards.service import draft
from mood_platform.models import AuditEvent, Challenge, Run
from mood_platform.storage.local import LocalStore
from mood_platform.views.challenge import view_challenge
from mood_support.contest import Contest
from mood_support.edition import DOCUMENT
from mood_support.factories import TinyPlatform, make_platform

pytestmark = pytest.mark.integration
FEWER = {**DOCUMENT, "quota": {"challenge": 3, "attempts": 5}}


@pytest.fixture
def platform(sessions: Any, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path / "sets", cases=4)


def apply(platform: TinyPlatform, document: Any, **options: str) -> None:
    with platform.open() as tx:
        apply_challenge(tx, config=ChallengeConfig.parse(document), **options)


def applied(platform: TinyPlatform) -> list[AuditEvent]:
    with platform.open() as tx:
        mine = select(AuditEvent).where(AuditEvent.action == "challenge.apply")
        return list(tx.session.scalars(mine.order_by(AuditEvent.at)))


def test_a_change_keeps_the_history_with_the_person_and_the_difference(platform: TinyPlatform) -> None:
    apply(platform, FEWER, actor="olga@example.org")
    first, second = applied(platform)
    assert first.data["before"] == {}
    assert (second.actor, second.data["before"]["quota"]["challenge"]) == ("olga@example.org", 10)
    assert second.data["lines"] == ["quota.attempts: 30 → 5", "quota.challenge: 10 → 3"]


def test_an_apply_without_a_change_writes_nothing(platform: TinyPlatform) -> None:
    apply(platform, DOCUMENT)
    assert len(applied(platform)) == 1


def test_once_there_are_submissions_a_change_wants_a_reason_that_the_teams_read(
    platform: TinyPlatform,
) -> None:
    team = platform.join("north")
    platform.submit(team)
    with pytest.raises(Invalid, match="reason"):
        apply(platform, FEWER)
    apply(platform, FEWER, reason="Fewer machines than we hoped for.")
    with platform.open() as tx:
        view = view_challenge(tx, find_challenge(tx, slug="tiny"), team=team.team)
    [change] = view.changes
    assert (change.reason, change.lines[0]) == (
        "Fewer machines than we hoped for.",
        "quota.attempts: 30 → 5",
    )


WRONG_SETS = {
    "a hidden set as toy set": ({"toy": {"brain": ["test-brain"]}}, "stages.toy.brain"),
    "a toy set as hidden one": ({"challenge": {"brain": ["toy-brain"]}}, "stages.challenge.brain"),
    "another anatomy": ({"challenge": {"brain": ["test-abdom"]}}, "stages.challenge.brain"),
    "one that is not there": ({"challenge": {"brain": ["nope"]}}, "stages.challenge.brain"),
}


@pytest.mark.parametrize(("stages", "place"), WRONG_SETS.values(), ids=WRONG_SETS)
def test_test_sets_are_resolved_before_anything_changes(
    platform: TinyPlatform, stages: dict[str, Any], place: str
) -> None:
    both = {stage: {**DOCUMENT["stages"][stage], **stages.get(stage, {})} for stage in ("toy", "challenge")}
    with pytest.raises(Invalid, match=place):
        apply(platform, {**DOCUMENT, "stages": both})
    assert len(applied(platform)) == 1


def test_all_wrong_sets_are_told_together(platform: TinyPlatform) -> None:
    swapped = {"brain": ["test-abdom"], "abdom": ["test-brain"]}
    config = ChallengeConfig.parse({**DOCUMENT, "stages": {**DOCUMENT["stages"], "challenge": swapped}})
    mistakes = Mistakes("challenge.yaml")
    with platform.open() as tx:
        check_test_sets(tx, config, mistakes)
    assert [one.place for one in mistakes.found] == ["stages.challenge.brain", "stages.challenge.abdom"]


def test_limits_that_no_machine_here_gives_and_no_broker_waits_for_are_mistakes() -> None:
    limits = {"seconds": 7200, "memory": "500GiB", "cpus": 64, "gpus": 4}
    config = ChallengeConfig.parse({**DOCUMENT, "limits": limits})
    mistakes = Mistakes("challenge.yaml")
    small = Machine(cores=2, memory=24 * 2**30, gpus=0)
    check_limits(config, mistakes, case_seconds_max=3600, machine=small)
    assert [one.place for one in mistakes.found] == [
        "limits.seconds",
        "limits.memory",
        "limits.cpus",
        "limits.gpus",
    ]
    elsewhere = Mistakes("challenge.yaml")
    check_limits(config, elsewhere, case_seconds_max=7200, machine=None)
    assert elsewhere.found == []


@pytest.mark.parametrize("anatomy", list(Dataset))
@pytest.mark.parametrize("task", list(Task))
def test_an_edition_of_one_anatomy_runs_from_submission_to_draft(
    sessions: Any, store: LocalStore, tmp_path: Path, anatomy: Dataset, task: Task
) -> None:
    stages = {stage: {anatomy: DOCUMENT["stages"][stage][anatomy]} for stage in ("toy", "challenge")}
    platform = make_platform(sessions, store, tmp_path / "sets")
    apply(platform, {**DOCUMENT, "stages": stages})
    contest = Contest(platform, tmp_path / "sets")
    contest.enter(contest.join("north"), quality=0.9, task=task)
    contest.enter(contest.join("south"), quality=0.3, task=task)
    contest.run()
    with platform.open() as tx:
        states = set(tx.session.scalars(select(Run.state)))
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        document = draft(tx, challenge=challenge, task=task, store=store).to_json()
        assert view_challenge(tx, challenge, team=None).datasets == [anatomy]
    assert states == {"scored"}
    assert list(document["datasets"]) == [anatomy]
    ranks = {row["team"]: row["rank"] for row in document["rows"]}
    assert (ranks["north"], ranks["south"] in {1, 2}) == (1, True)


Command = Callable[..., Result]


@pytest.fixture
def on_server(platform: TinyPlatform, database_url: str, tmp_path: Path) -> Command:
    """A `mood admin` command that works on the server's database."""

    def run(*words: str) -> Result:
        environment = {
            "MOOD_DATABASE__URL": database_url,
            "MOOD_BROKER__URL": "redis+socket:///nowhere/valkey.sock",
            "MOOD_STORAGE__ROOT": str(tmp_path / "objects"),
        }
        arguments = ["admin", *words, "--home", str(tmp_path / "no-home")]
        return CliRunner().invoke(app, arguments, env=environment)

    return run


@pytest.fixture
def command(on_server: Command, tmp_path: Path) -> Command:
    """`mood admin apply`; the file is written from the document."""

    def run(document: Any, *words: str) -> Result:
        file = tmp_path / "challenge.yaml"
        file.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
        return on_server("apply", str(file), *words)

    return run


def test_the_command_shows_the_difference_and_changes_nothing_unasked(
    platform: TinyPlatform, command: Command
) -> None:
    asked = command(FEWER)
    assert "quota.challenge: 10 → 3" in asked.stderr
    assert asked.exit_code == 1
    assert len(applied(platform)) == 1
    done = command(FEWER, "--yes", "--by", "olga@example.org")
    assert (done.exit_code, applied(platform)[-1].actor) == (0, "olga@example.org")
    again = command(FEWER, "--yes")
    assert "nothing was changed" in again.stderr
    assert len(applied(platform)) == 2


def test_without_an_address_the_account_of_the_machine_is_written_down(
    platform: TinyPlatform, command: Command
) -> None:
    command(FEWER, "--yes")
    assert applied(platform)[-1].actor.endswith(" on the server")
    assert applied(platform)[-1].actor != "platform"


def test_the_command_tells_the_files_mistakes_and_the_wrong_sets_together(
    platform: TinyPlatform, command: Command
) -> None:
    stages = {**DOCUMENT["stages"], "challenge": {"brain": ["nope"], "abdom": ["test-brain"]}}
    text = yaml.safe_dump({**DOCUMENT, "stages": stages, "limits": {"seconds": 9000}}) + "title: Twice\n"
    told = str(command(text, "--yes").exception)
    for place in ("line ", "limits.seconds", "stages.challenge.brain", "stages.challenge.abdom"):
        assert place in told
    assert len(applied(platform)) == 1


def test_a_new_edition_is_introduced_line_by_line(sessions: Any, command: Command, store: LocalStore) -> None:
    told = command({**DOCUMENT, "slug": "other"}, "--yes")
    assert "A new challenge, other:" in told.stderr
    assert "limits.memory: 256 MiB" in told.stderr
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Challenge)) == 2


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"title": "a\0b"}, "title"),
        (
            {"stages": {**DOCUMENT["stages"], "toy": {"brain": ["\0"], "abdom": ["toy-abdom"]}}},
            "stages.toy.brain",
        ),
        ({"entry": {"open": True, "i_accept_unbounded_teams": "a\0b"}}, "entry.i_accept_unbounded_teams"),
        ({"timeline": {**DOCUMENT["timeline"], "upload_grace": "99999d"}}, "timeline.upload_grace"),
        ({"timeline": {**DOCUMENT["timeline"], "closes": "9999-12-31T23:59:59-05:00"}}, "timeline.closes"),
        ({"limits": {**DOCUMENT["limits"], "pids": 1e308}}, "limits.pids"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_neither_database_nor_calendar_nor_engine_takes_is_a_mistake(
    platform: TinyPlatform, command: Command, changes: dict[str, Any], place: str
) -> None:
    refused = command({**DOCUMENT, **changes}, "--yes").exception
    assert isinstance(refused, Invalid)
    assert place in str(refused)
    assert len(applied(platform)) == 1


def test_limits_that_nobody_wrote_are_no_further_mistakes() -> None:
    small = Machine(cores=1, memory=2**30, gpus=0)
    for document in (
        {},
        {**DOCUMENT, "limits": 5},
        {**DOCUMENT, "limits": {"gpus": "many", "cpus": "2 cores"}},
    ):
        mistakes = Mistakes("challenge.yaml")
        config = ChallengeConfig.read(document, mistakes)
        before = [one.place for one in mistakes.found]
        check_limits(config, mistakes, case_seconds_max=1, machine=small)
        added = {one.place for one in mistakes.found[len(before) :]}
        assert not added & {"limits.gpus", "limits.cpus"}


ROLES = {
    "make-organizer": ("north@example.org",),
    "remove-organizer": ("north@example.org", "--reason", "They left."),
    "make-reference": ("north",),
    "remove-reference": ("north", "--reason", "A slip."),
}


@pytest.mark.parametrize("by", ["", "olga@example.org"])
def test_a_command_on_the_servers_database_is_written_down_with_who_gave_it(
    platform: TinyPlatform, on_server: Command, by: str, tmp_path: Path
) -> None:
    platform.join("north")
    given = ("--by", by) if by else ()
    folder = str(tmp_path / "tables")
    commands = [(name, *words) for name, words in ROLES.items()] + [("export", folder)]
    for words in commands:
        assert on_server(*words, *given).exit_code == 0, words
    with platform.open() as tx:
        newest = select(AuditEvent).order_by(AuditEvent.at.desc()).limit(len(commands))
        actors = {event.actor for event in tx.session.scalars(newest)}
    assert actors == {by} if by else all(actor.endswith(" on the server") for actor in actors)
