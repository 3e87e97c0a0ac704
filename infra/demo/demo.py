"""The main job on one machine: from container images to two published leaderboards, on real engines.

Uses the project's own commands as their users would. Teams work side by side, as they do in a challenge.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from console import Console
from person import Person, StepFailed, run
from verify import verify

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
TEAMS = {"threshold": "Grey threshold", "pca": "PCA residual", "cevae": "Small ceVAE"}
TASKS = ("sample", "pixel")


@dataclass(frozen=True)
class Demo:
    home: Path
    port: int
    console: Console

    @property
    def platform(self) -> Path:
        return self.home / "platform"

    @property
    def sets(self) -> Path:
        return self.home / "sets"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def person(self, name: str) -> Person:
        address = f"{name.lower().replace(' ', '-')}@demo.invalid"
        return Person(name, address, self.home / "people" / address, self.url, self.console)

    def run(self, *words: str, who: str, echo: bool = True) -> str:
        return run(list(words), console=self.console, who=who, echo=echo)

    # --- steps, in order -----------------------------------------------------------------------------

    def clear(self) -> None:
        """Every demonstration starts with an empty platform; grown scans are kept."""
        if self.platform.exists():
            self.run("mood", "down", "--home", str(self.platform), who="platform", echo=False)
        for folder in ("platform", "people", "weights"):
            shutil.rmtree(self.home / folder, ignore_errors=True)
        self.home.mkdir(parents=True, exist_ok=True)

    def prepare(self) -> None:
        self.console.head("Base image, and scans grown from real ones")
        with ThreadPoolExecutor() as pool:
            base = pool.submit(self._base_image)
            sets = pool.submit(self._test_sets)
            base.result(), sets.result()

    def _base_image(self) -> None:
        with self.console.stage("base image"):
            self.console.say(_last_line(_shell("sh", str(ROOT / "infra/base-image/build.sh"))), who="base")

    def _test_sets(self) -> None:
        with self.console.stage("cohort, toy cases, hidden test sets"):
            self.run("mood-test-sets", "build", "demo", str(self.sets), "--jobs", "2", who="test sets")
            self.console.say(f"six sets in {self.sets}, marked not_hidden", who="test sets")

    def start(self) -> Person:
        self.console.head("The platform: database, broker, API, workers; the edition and its test sets")
        with self.console.stage("mood up, apply, import"):
            home = ["--home", str(self.platform)]
            self.run("mood", "up", *home, "--port", str(self.port), "--detach", who="platform")
            self.run("mood", "admin", "apply", *home, str(HERE / "challenge.yaml"), who="organizer")
            hidden = [
                str(self.sets / f"{purpose}-{d}") for purpose in ("toy", "test") for d in ("brain", "abdom")
            ]
            self.run("mood", "admin", "import", *home, *hidden, who="organizer")
            organizer = self.person("Organizer")
            organizer.register(team=None)
            self.run("mood", "admin", "make-organizer", *home, organizer.email, who="organizer")
        return organizer

    def compete(self) -> None:
        self.console.head("Three teams train, build, upload and submit, side by side")
        with self.console.stage("shared image layer"):
            self.run("mood-reference", "runtime", "--base", _base_tag(), who="images")
        failures: list[BaseException] = []
        threads = [threading.Thread(target=_guarded(self._team, m, failures)) for m in TEAMS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _team(self, method: str) -> None:
        team = self.person(TEAMS[method])
        image = f"mood-demo/{method}"
        with self.console.stage(f"{team.name}: train and build"):
            self._train(method, who=team.name)
            weights = str(self.home / "weights" / method)
            build = ["build", method, "--weights", weights, "--base", _base_tag(), "--tag", image]
            self.run("mood-reference", *build, who=team.name)
        team.register(team=team.name)
        for stage in ("toy", "challenge"):
            with self.console.stage(f"{team.name}: {stage} stage"):
                options = ["--task", ",".join(TASKS), "--stage", stage, "--name", method, "--watch"]
                team.mood("submit", image, *options)

    def _train(self, method: str, *, who: str) -> None:
        """One process a Dataset, normal cases only."""
        with ThreadPoolExecutor() as pool:
            jobs = [
                pool.submit(
                    self.run,
                    *("mood-reference", "train", method, "--data", str(self.sets / f"train-{dataset}")),
                    *("--dataset", dataset, "--out", str(self.home / "weights" / method / f"{dataset}.npz")),
                    who=f"{who}, {dataset}",
                    echo=False,
                )
                for dataset in ("brain", "abdom")
            ]
            for job in jobs:
                job.result()
        self.console.say("trained on normal scans only", who=who)

    def publish(self, organizer: Person) -> None:
        self.console.head("The organizer reviews the drafts and publishes")
        with self.console.stage("drafts, publishing"):
            for task in TASKS:
                organizer.mood("admin", "draft", task, echo=False)
                organizer.mood("admin", "publish", task, "--yes", "--note", "Demonstration.")

    def show(self) -> None:
        visitor = self.person("Visitor")
        for task in TASKS:
            self.console.head(f"Leaderboard of the {task} Task")
            print(visitor.mood("leaderboard", task, echo=False))

    def check(self) -> None:
        """Recomputed by scikit-learn from kept predictions and labels, to the last bit."""
        checks = verify(self.platform / "objects", self.sets)
        equal = sum(check.equal for check in checks)
        self.console.say(f"{equal} of {len(checks)} published APs equal scikit-learn's to the last bit")
        if not checks or equal != len(checks):
            raise StepFailed("\n".join(str(check) for check in checks if not check.equal))


def _guarded(work: Callable[[str], None], method: str, failures: list[BaseException]) -> Callable[[], None]:
    def guarded() -> None:
        try:
            work(method)
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)

    return guarded


def _base_tag() -> str:
    listed = _shell(
        "docker", "images", "--filter", "reference=mood-base", "--format", "{{.Repository}}:{{.Tag}}"
    )
    return listed.split()[0]


def _shell(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StepFailed(f"`{' '.join(words)}` ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def play(demo: Demo) -> None:
    demo.clear()
    demo.prepare()
    organizer = demo.start()
    demo.compete()
    demo.publish(organizer)
    demo.show()
    demo.check()
    demo.console.show_times()


def main() -> int:
    parser = argparse.ArgumentParser(description="The whole main job on this machine.")
    parser.add_argument(
        "--home", type=Path, required=True, help="folder for everything the demonstration makes"
    )
    parser.add_argument("--port", type=int, default=8030)
    parser.add_argument("--keep", action="store_true", help="leave the platform running at the end")
    arguments = parser.parse_args()
    demo = Demo(arguments.home.resolve(), arguments.port, Console())
    try:
        play(demo)
    except StepFailed as error:
        print(f"\nThe demonstration stopped: {error}\nLogs: {demo.platform / 'log'}", file=sys.stderr)
        return 1
    finally:
        if not arguments.keep and demo.platform.exists():
            demo.run("mood", "down", "--home", str(demo.platform), who="platform")
    if arguments.keep:
        print(f"\nThe platform is running: {demo.url}/leaderboard/pixel   (`make down` stops it)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
