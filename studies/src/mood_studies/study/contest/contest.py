"""The study's challenge: one team per method hands in its image, and an organizer analyses and publishes.

Everything goes through the commands and the HTTP API that participants and organizers use.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mood_studies.driving.people import Person
from mood_studies.driving.platforms import HomePlatform
from mood_studies.driving.stages import Stages
from mood_studies.study.contest.ingredients import image_of
from mood_studies.study.contest.memory import Memory
from mood_studies.study.contest.waiting import Watched, watch
from mood_studies.study.scale import ANALYSES, DATASETS, TASKS, title_of

View = Mapping[str, Any]
"""A submission as organizers see it."""
HERE = Path(__file__).parent
LIVE = ("queued", "running", "scoring")


@dataclass(frozen=True)
class Contest:
    stages: Stages
    platform: HomePlatform
    place: Path
    url: str
    memory: Memory

    @property
    def organizer(self) -> Person:
        return self.person("organizer")

    def person(self, name: str) -> Person:
        return Person(self.stages, name.replace("_", "-"), self.place / "people" / name, self.url)

    def open(self, test_sets: Sequence[Path]) -> None:
        """Repeating it changes nothing."""
        self.platform.admin("import", *test_sets)
        self.platform.admin("apply", "--yes", "--reason", "The study.", HERE / "challenge.yaml")
        self.organizer.sign_in()
        self.platform.admin("make-organizer", self.organizer.email)

    def views(self) -> list[dict[str, Any]]:
        return self.organizer.items("admin/submissions")

    def hand_in(self, method: str, stage: str, image: str) -> None:
        """Unless this very image was, and its Runs have not failed."""
        key = f"{method}/{stage}"
        known = [newest(self.views(), method, task, stage) for task in TASKS]
        if self.memory.recall("handed_in", key) == image and all(map(stands, known)):
            return
        team = self.person(method)
        team.sign_in(team=title_of(method))
        words = ("--task", ",".join(TASKS), "--stage", stage, "--name", method)
        team.mood("submit", image_of(method), *words)
        self.memory.note("handed_in", key, image)

    def await_stage(self, methods: Iterable[str], stage: str) -> dict[str, str]:
        """Why it failed, by method."""
        wanted = [(method, task) for method in methods for task in TASKS]

        def look() -> list[Watched]:
            views = self.views()
            found = ((method, task, newest(views, method, task, stage)) for method, task in wanted)
            return [watched(method, task, last_of_stage(view)) for method, task, view in found if view]

        return watch(self.stages, stage, look)

    def analyse(self, methods: Iterable[str]) -> dict[str, str]:
        """Run what was scored in the challenge stage on further test sets; why it failed, by method."""
        views = self.views()
        wanted = [(method, task, kind) for method in methods for task in TASKS for kind in ANALYSES[task]]
        runs: dict[str, tuple[str, str]] = {}
        for method, task, kind in wanted:
            view = newest(views, method, task, "challenge")
            if view is not None and counted_run(view) is not None:
                runs[self._start(view, kind)] = (method, f"{task} {kind}")

        def look() -> list[Watched]:
            found = [run for view in self.views() for run in view["runs"] if run["id"] in runs]
            return [watched(*runs[run["id"]], run) for run in found]

        return watch(self.stages, "analysis", look)

    def _start(self, view: View, kind: str) -> str:
        """The id of the Run of this submission on these test sets, started unless one stands."""
        key = f"{view['id']}/{kind}"
        known = {run["id"]: run["state"] for run in view["runs"]}
        noted = self.memory.recall("analyses", key)
        if known.get(noted) not in (*LIVE, "scored"):
            names = [f"{kind}-{dataset}" for dataset in DATASETS]
            noted = json.loads(self.organizer.mood("admin", "analyse", view["id"], *names))["id"]
            self.memory.note("analyses", key, noted)
        return str(noted)

    def publish(self, task: str) -> None:
        """A new version only where other Runs count than in the last one."""
        counted = sorted(
            run["id"]
            for view in self.views()
            if (view["task"], view["stage"]) == (task, "challenge") and (run := counted_run(view))
        )
        if self.memory.recall("published", task) != counted:
            self.organizer.mood("admin", "publish", task, "--before-close", "--yes")
            self.memory.note("published", task, counted)

    def export(self) -> Path:
        folder = self.place / "export"
        self.platform.admin("export", folder)
        return folder


def newest(views: Iterable[View], method: str, task: str, stage: str) -> View | None:
    """The submission that counts: the latest of a method's team to a Task and stage."""
    wanted = (method, task, stage, "accepted")
    own = [view for view in views if (view["name"], view["task"], view["stage"], view["state"]) == wanted]
    return max(own, key=lambda view: str(view["submitted_at"]), default=None)


def stands(view: View | None) -> bool:
    """Whether nothing has to be handed in again: it runs, or was scored."""
    return view is not None and (counted_run(view) is not None or last_of_stage(view)["state"] in LIVE)


def counted_run(view: View) -> View | None:
    """The first scored Run of the submission's own stage that is not void."""
    own = [run for run in view["runs"] if run["stage"] == view["stage"]]
    return next((run for run in own if run["state"] == "scored" and run["voided_at"] is None), None)


def last_of_stage(view: View) -> View:
    own: list[View] = [run for run in view["runs"] if run["stage"] == view["stage"]]
    return own[-1]


def watched(method: str, what: str, run: View) -> Watched:
    counts: Mapping[str, int] = run["counts"]
    waiting = sum(counts.get(state, 0) for state in ("queued", "running", "collected"))
    state = str(run["state"])
    problem = None if state in (*LIVE, "scored") else f"{what}: {state}, {run['reason'] or 'no reason'}"
    total = sum(counts.values())
    return Watched(method, total - waiting, total, over=state not in LIVE, problem=problem)
