"""The whole main job on one machine: from real scans and real containers to two published leaderboards.

`make demo` runs it on the platform of `mood up`, `make compose-demo` on that of docker-compose.yml. It uses
the commands a user would use, and HTTP. KEEP=1 leaves the platform running.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mood_studies.checkout import BIN, INFRA
from mood_studies.demo.verify import show_checks, verify
from mood_studies.driving.people import Person
from mood_studies.driving.platforms import PLATFORMS, Platform
from mood_studies.driving.stages import Stages, StepFailed, at_once

HERE = Path(__file__).parent
FOLDER = Path("demo-data")
DATASETS = ("brain", "abdom")
TASKS = ("sample", "pixel")
TEAMS = {"threshold": "Grey threshold", "pca": "PCA residual", "small_cevae": "Context VAE"}
"""Reference method to the team that hands it in."""
REPORT_EVERY_SECONDS = 5.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Both Datasets train at the same time."""
ENDED_WELL = ("finished", "in review", "published")


@dataclass(frozen=True)
class Demo:
    stages: Stages
    platform: Platform
    folder: Path
    """Test sets and weights, which stay from one demo to the next."""
    place: Path
    """People, logs and published documents of this one."""
    port: int

    @property
    def test_sets(self) -> Path:
        return self.folder / "test-sets"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def person(self, name: str) -> Person:
        folder = self.place / "people" / name.lower().replace(" ", "-")
        return Person(self.stages, name, folder, self.url)

    def reset(self) -> None:
        """End and forget the platform of an earlier demo; test sets, weights and images are kept."""
        self.platform.forget()
        for folder in (self.place / "people", self.place / "published", self.stages.logs):
            shutil.rmtree(folder, ignore_errors=True)

    def build_engines(self) -> None:
        with self.stages.step("base image"):
            self.stages.run([INFRA / "base-image" / "build.sh"], log="base-image")
        with self.stages.step("platform up"):
            self.platform.up(self.port)

    def grow_and_train(self) -> None:
        with self.stages.step("cohorts, toy cases and test sets grown from real scans"):
            self.stages.run([BIN / "mood-test-sets", "build", "demo", self.test_sets], log="test-sets")
        with self.stages.step("reference methods trained on normal scans"):
            at_once(*(partial(self._train, dataset) for dataset in DATASETS))

    def _train(self, dataset: str) -> None:
        data = self.test_sets / f"train-{dataset}"
        for method in TEAMS:
            out = self.weights(method) / f"{dataset}.npz"
            if not out.exists():
                out.parent.mkdir(parents=True, exist_ok=True)
                words = ["train", method, "--data", str(data), "--dataset", dataset, "--out", str(out)]
                self.stages.run(
                    [BIN / "mood-reference", *words], log=f"train-{method}-{dataset}", variables=ONE_THREAD
                )

    def weights(self, method: str) -> Path:
        """A folder for what the method learnt from exactly these scans with exactly this code."""
        digest = hashlib.sha256()
        sources = sorted(Path("reference_submissions/src/mood_reference").rglob("*.py"))
        for path in [*sources, *sorted(self.test_sets.glob("train-*/test_set.json"))]:
            digest.update(path.read_bytes())
        return self.folder / "weights" / digest.hexdigest()[:12] / method

    def build_images(self) -> None:
        base = self.stages.run(
            ["docker", "images", "--quiet", "--no-trunc", "mood-base"], log="base-image"
        ).split()[0]
        with self.stages.step("reference images"):
            for method in TEAMS:
                words = ["build", method, "--weights", str(self.weights(method)), "--base", base]
                self.stages.run(
                    [BIN / "mood-reference", *words, "--tag", image_of(method)], log=f"image-{method}"
                )

    def open_challenge(self) -> None:
        with self.stages.step("test sets imported, challenge applied, people registered"):
            folders = [
                self.test_sets / f"{kind}-{dataset}" for kind in ("toy", "test") for dataset in DATASETS
            ]
            self.platform.admin("import", *folders)
            self.platform.admin("apply", "--yes", HERE / "challenge.yaml")
            for team in TEAMS.values():
                self.person(team).register(team=team)
            organizer = self.person("Organizer")
            organizer.register()
            self.platform.admin("make-organizer", organizer.email)

    def run_stage(self, stage: str) -> list[tuple[str, dict[str, Any]]]:
        """Every team hands its image in to both Tasks; (team, submission) pairs once all have ended."""
        with self.stages.step(f"{stage} stage: images handed in over HTTP"):
            at_once(*(partial(self._hand_in, method, stage) for method in TEAMS))
        with self.stages.step(f"{stage} stage: containers run, cases scored"):
            return self._wait(stage)

    def _hand_in(self, method: str, stage: str) -> None:
        words = ("--task", ",".join(TASKS), "--stage", stage, "--name", TEAMS[method])
        self.person(TEAMS[method]).mood("submit", image_of(method), *words)

    def _wait(self, stage: str) -> list[tuple[str, dict[str, Any]]]:
        told = 0.0
        while True:
            views = [(team, view) for team in TEAMS.values() for view in self.person(team).submissions(stage)]
            if all(view["over"] for _, view in views) or time.monotonic() - told > REPORT_EVERY_SECONDS:
                told = time.monotonic()
                self.stages.say("   " + "  ".join(f"{team} {v['task']} {progress(v)}" for team, v in views))
            if all(view["over"] for _, view in views):
                break
            time.sleep(1.0)
        for team, view in views:
            if view["status"] not in ENDED_WELL:
                self.stages.say(f"{team} {view['task']}: {view['sentence']} {view['run']['failures']}")
                raise StepFailed(f"{team}'s {stage} submission to {view['task']} ended as {view['status']}")
        return views

    def publish(self) -> list[dict[str, Any]]:
        organizer = self.person("Organizer")
        with self.stages.step("the organizer publishes"):
            views = [organizer.ask("admin", "publish", task, "--before-close", "--yes") for task in TASKS]
        published = self.place / "published"
        published.mkdir()
        for task, view in zip(TASKS, views, strict=True):
            (published / f"{task}.json").write_text(json.dumps(view, indent=1, ensure_ascii=False))
        return views

    def check(self, published: list[dict[str, Any]]) -> None:
        """Every published AP again, by scikit-learn, from the kept predictions and labels."""
        with self.stages.step("every published AP recomputed with scikit-learn"):
            checks = verify(self.platform.files(), list(self.test_sets.glob("test-*")), published)
            show_checks(checks)
            if not checks or not all(check.equal for check in checks):
                raise StepFailed("verify.py: an AP differs from scikit-learn's")

    def show(self, ended: list[tuple[str, dict[str, Any]]]) -> None:
        for task in TASKS:
            print("\n" + self.person("Organizer").mood("leaderboard", task))
        print("Steps (those that overlap ran at the same time):")
        for name, start, end in self.stages.took:
            print(f"  {start:6.1f} – {end:6.1f} s  {end - start:6.1f} s  {name}")  # noqa: RUF001 - a range
        print("Challenge submissions:")
        for team, view in ended:
            print(f"  {team:16} {view['task']:7} {view['links']['page']}")
        print(f"\nLeaderboards: {self.url}/leaderboard/sample and {self.url}/leaderboard/pixel")


def image_of(method: str) -> str:
    return f"mood-reference-{method}:demo"


def progress(view: dict[str, Any]) -> str:
    run = view["run"]
    if view["over"]:
        return str(view["status"])
    toy = f"toy {run['toy_done']}/{run['toy_total']}"
    return toy if run["percent"] is None or not run["report_ready"] else f"{run['percent']} %"


def free_port(wanted: int) -> int:
    """The wanted port, or any other that is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def play(demo: Demo) -> None:
    at_once(demo.build_engines, demo.grow_and_train)
    demo.build_images()
    demo.open_challenge()
    demo.run_stage("toy")
    ended = demo.run_stage("challenge")
    published = demo.publish()
    demo.check(published)
    demo.show(ended)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", choices=PLATFORMS, default="home", help="what the platform runs on")
    parser.add_argument("--keep", action="store_true", help="leave the platform running")
    parser.add_argument("--port", type=int, default=8030)
    options = parser.parse_args()
    place = FOLDER if options.on == "home" else FOLDER / options.on
    stages = Stages(place / "log")
    platform = PLATFORMS[options.on](stages, place / "platform")
    Demo(stages, platform, FOLDER, place, 0).reset()
    demo = Demo(stages, platform, FOLDER, place, free_port(options.port))
    try:
        play(demo)
    except StepFailed as failure:
        stages.say(f"The demo stopped: {failure}")
        print(
            f"Logs: {stages.logs}/ and {platform.home}/. Correct the cause and run it again.",
            file=sys.stderr,
        )
        return 1
    else:
        stages.say("done" + (f"; {demo.url} keeps running until `make down`" if options.keep else ""))
        return 0
    finally:
        if not options.keep:
            platform.down()


if __name__ == "__main__":
    sys.exit(main())
