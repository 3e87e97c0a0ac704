"""Commands on the real server take what lists print, and say in words what they cannot take."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from mood_platform.accounts.principal import Principal
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.service import apply_challenge
from mood_platform.cli.main import app
from mood_platform.cli.problems import Problem
from mood_platform.db.engine import Sessions
from mood_platform.models import Run, Stage
from mood_platform.runs.service import cancel_run
from mood_platform.storage.local import LocalStore
from mood_support.edition import DOCUMENT, make_participant
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
FURTHER = {"test_sets": ["test-brain"], "whose": ["ours"], "on": []}
"""What commands want beside the name."""
LOST = ("no such page", "Method Not Allowed", "valid UUID", "Something unexpected")


@dataclass(frozen=True, slots=True)
class Scene:
    site: Site
    north: Principal
    olga: Principal
    run: Run
    other: Run

    def mood(self, who: Principal, *words: str) -> Result:
        environment = {"MOOD_URL": self.site.url, "MOOD_TOKEN": self.site.token(who)}
        return CliRunner().invoke(app, list(words), env=environment)

    def told(self, who: Principal, *words: str) -> str:
        done = self.mood(who, *words)
        problem = done.exception
        said = f"{problem.text} {problem.remedy}" if isinstance(problem, Problem) else str(problem or "")
        return " ".join(f"{done.output} {said}".split())


@pytest.fixture(scope="module")
def scene(
    start_afresh: Callable[[], Sessions], tmp_path_factory: pytest.TempPathFactory, database_url: str
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("names")
    platform = make_platform(start_afresh(), LocalStore(folder / "objects"), folder / "sets", cases=2)
    north = platform.join("north")
    run = platform.run_of(platform.submit(north, stage=Stage.TOY))
    waiting = platform.run_of(platform.submit(platform.join("south"), stage=Stage.TOY))
    other = platform.run_of(platform.submit(platform.join("east"), stage=Stage.TOY))
    with platform.open() as tx:
        olga = make_participant(tx, "olga", organizer=True)
        row = tx.session.get_one(Run, waiting.id)
        row.parked_told_at = row.held_since = tx.now
    with serve_site(platform, database_url=database_url, root=folder / "objects") as site:
        yield Scene(site, north, olga, run, other)


def walk(command: Any, *path: str) -> Iterator[tuple[list[str], Any]]:
    for name, one in getattr(command, "commands", {}).items():
        yield from walk(one, *path, name)
    if not hasattr(command, "commands"):
        yield list(path), command


def commands_with(metavar: str) -> dict[str, list[str]]:
    """Every command of organizers that names such a thing, with the further words that it needs."""
    found = {}
    for path, command in walk(typer.main.get_command(app)):
        named = [one for one in command.params if one.param_type_name == "argument"]
        if path[0] == "admin" and named and named[0].metavar == metavar:
            further = [word for one in named[1:] for word in FURTHER[one.name]]
            options = {opt for one in command.params for opt in one.opts}
            further += ["--reason", "A test."] if "--reason" in options else []
            further += ["--until", "2098-01-01"] if "--until" in options else []
            found[" ".join(path)] = further
    return found


OF_SUBMISSIONS, OF_RUNS = commands_with("ID"), commands_with("RUN")
ON_ANYTHING = commands_with("RUN|TEAM|CHALLENGE")


def test_all_that_name_something_are_walked() -> None:
    assert {"admin show", "admin priority", "admin exclude", "admin rerun", "admin analyse"} <= set(
        OF_SUBMISSIONS
    )
    assert {"admin void", "admin unvoid", "admin cancel", "admin resume", "admin decide"} == set(OF_RUNS)
    assert {"admin hold", "admin unhold"} == set(ON_ANYTHING)


@pytest.mark.parametrize("command", [*OF_SUBMISSIONS, *OF_RUNS])
def test_every_command_takes_the_names_that_lists_print(command: str, scene: Scene) -> None:
    further = {**OF_SUBMISSIONS, **OF_RUNS}[command]
    for name in ("north#1", *(["north#1/1"] if command in OF_RUNS else [])):
        told = scene.told(scene.olga, *command.split(), name, *further)
        assert not [word for word in (*LOST, "names no", "There is no") if word in told], told


@pytest.mark.parametrize("command", [*OF_SUBMISSIONS, *OF_RUNS])
def test_every_command_refuses_what_names_nothing_in_words(command: str, scene: Scene) -> None:
    further = {**OF_SUBMISSIONS, **OF_RUNS}[command]
    for name in ("xx", "north#x", "north"):
        told = scene.told(scene.olga, *command.split(), name, *further)
        assert f"{name!r} names no" in told
        assert "handle#3" in told
    assert "There is no team 'nobody'" in scene.told(scene.olga, *command.split(), "nobody#1", *further)
    assert "There is no submission north#9" in scene.told(scene.olga, *command.split(), "north#9", *further)


def test_holds_name_runs_so_too(scene: Scene) -> None:
    until = ("--until", "2098-01-01", "--reason", "A dispute.")
    assert f"run:{scene.run.id} is kept" in scene.told(scene.olga, "admin", "hold", "north#1/1", *until)
    lifted = scene.told(scene.olga, "admin", "unhold", "run:north#1", "--reason", "Over.")
    assert "Holds ended: 1." in lifted


def test_lists_and_status_print_runs_by_names_that_commands_take(scene: Scene) -> None:
    shown = json.loads(scene.mood(scene.olga, "admin", "show", "north#1").stdout)
    assert shown["runs"][0]["name"] == "north#1/1"
    assert "/1 toy " in scene.told(scene.olga, "admin", "submissions")
    waiting = scene.told(scene.olga, "admin", "status")
    assert "south#1/1" in waiting
    title = "To decide: `mood admin decide`, `resume` or `cancel`"
    assert title in scene.mood(scene.olga, "admin", "status").stdout.splitlines()


def test_organizers_read_the_history_of_a_run_and_of_its_submission(scene: Scene) -> None:
    with scene.site.platform.open() as tx:
        cancel_run(tx, run=tx.session.get_one(Run, scene.other.id), actor="o")
    shown = json.loads(scene.mood(scene.olga, "admin", "show", "east#1").stdout)
    (run,) = shown["runs"]
    steps = {(one["what"], one["before"], one["after"]) for one in run["history"]}
    assert steps == {
        (what, "queued", "cancelled") for what in ("run", *(f"case {case['case']}" for case in run["cases"]))
    }
    table = scene.mood(scene.olga, "admin", "show", "east#1", "--history").stdout
    assert "queued" in table
    assert "cancelled" in table
    assert scene.told(scene.olga, "admin", "exclude", "east#1", "--reason", "A test.") == "Excluded."
    (event,) = json.loads(scene.mood(scene.olga, "admin", "show", "east#1").stdout)["history"]
    assert (event["what"], event["before"], event["after"]) == ("submission", "accepted", "excluded")


@pytest.mark.parametrize(
    ("option", "word", "text"),
    [("--challenge", "nope", "There is no challenge 'nope'"), ("--team", "nope", "There is no team 'nope'")],
)
def test_a_list_of_what_does_not_exist_is_not_an_empty_list(
    option: str, word: str, text: str, scene: Scene
) -> None:
    done = scene.mood(scene.olga, "admin", "submissions", option, word)
    assert done.exit_code != 0
    assert text in scene.told(scene.olga, "admin", "submissions", option, word)


@pytest.mark.parametrize("command", ["status", "submissions", "nodes", "audit", "storage", "show north#1"])
def test_who_is_no_organizer_is_told_that_this_may_be_the_cause(command: str, scene: Scene) -> None:
    assert "or you are no organizer" in scene.told(scene.north, "admin", *command.split())


def test_a_draft_of_nothing_says_so_and_prints_no_table(scene: Scene) -> None:
    told = scene.told(scene.olga, "admin", "draft", "pixel")
    assert "Nothing to publish for the pixel task of tiny" in told
    assert "digest" not in told
    assert "rank" not in told


def test_who_registers_with_a_taken_team_is_told_that_the_account_exists_and_what_comes_now(
    scene: Scene, tmp_path: Any
) -> None:
    def register(email: str, *team: str) -> Result:
        words = ["register", "--email", email, "--name", "Nina", "--password", "a long pass phrase", *team]
        environment = {"MOOD_URL": scene.site.url, "XDG_CONFIG_HOME": str(tmp_path)}
        return CliRunner().invoke(app, words, env=environment)

    refused = register("nina@example.org", "--team", "North two", "--handle", "No!").exception
    assert "Field handle" in str(refused)
    refused = register("nina@example.org", "--team", "North two", "--handle", "north").exception
    assert isinstance(refused, Problem)
    assert "Your account exists and you are logged in" in refused.text
    assert "mood team create 'North two' --handle north" in refused.remedy
    made = CliRunner().invoke(
        app,
        ["team", "create", "North two", "--handle", "north-two"],
        env={"MOOD_URL": scene.site.url, "XDG_CONFIG_HOME": str(tmp_path)},
    )
    assert made.exit_code == 0, made.exception


@pytest.mark.parametrize(("slug", "year", "toy"), [("now", 2020, True), ("next", 2097, False)])
def test_only_an_open_edition_offers_its_toy_stage_to_a_team_that_asks(
    slug: str, year: int, toy: bool, scene: Scene
) -> None:
    dates = {"opens": f"{year}-01-01T00:00:00Z", "closes": "2098-01-01T00:00:00Z"}
    timeline = {**DOCUMENT["timeline"], **dates}
    with scene.site.platform.open() as tx:
        document = {**DOCUMENT, "slug": slug, "timeline": timeline, "entry": {"open": False}}
        apply_challenge(tx, config=ChallengeConfig.parse(document), reason="A test.")
    told = scene.told(scene.north, "enter", "--challenge", slug)
    assert "has asked; the organizers decide" in told
    assert ("toy stage" in told) is toy
