"""All reference submissions through the platform: trained, packed, handed in, run, analysed, published, told.

`make -C studies study-small` and `study-full` run it. What is there already is kept, so a second call goes on
where the first stopped; one method that fails is named at the end and stops no other. KEEP=1 leaves it
running.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from mood_studies.driving.platforms import HomePlatform
from mood_studies.driving.stages import Stages, StepFailed
from mood_studies.study.contest.contest import Contest
from mood_studies.study.contest.ingredients import Ingredients, is_trained
from mood_studies.study.contest.memory import Memory
from mood_studies.study.numbers.collect import collect
from mood_studies.study.page.write import write_page
from mood_studies.study.scale import ANALYSES, SCALES, TASKS, Scale, expected_hours
from mood_studies.study.scale import cases_of_a_method as cases_of

FOLDER = Path("demo-data/study")
STAGES = ("toy", "challenge")
WORTH_TELLING_SECONDS = 5.0
FAILURES = (StepFailed, LookupError, OSError, ValueError)
"""Of one method: they are named at the end."""


@dataclass
class Study:
    stages: Stages
    scale: Scale
    place: Path
    platform: HomePlatform
    port: int
    as_built: bool = False
    failed: dict[str, str] = field(default_factory=dict)
    """The first thing that went wrong, by method; it takes no part in what comes after."""

    @property
    def memory(self) -> Memory:
        return Memory(self.place / "memory.json")

    @property
    def ingredients(self) -> Ingredients:
        return Ingredients(self.stages, self.scale, self.place, as_built=self.as_built)

    @property
    def contest(self) -> Contest:
        return Contest(self.stages, self.platform, self.place, f"http://127.0.0.1:{self.port}", self.memory)

    @property
    def alive(self) -> list[str]:
        return [method for method in self.scale.methods if method not in self.failed]

    def each(self, step: str, work: Callable[[str], object]) -> dict[str, object]:
        """Do it for every method that has not failed; the answers by method."""
        answers: dict[str, object] = {}
        with self.stages.step(step), self.memory.timed(step):
            for number, method in enumerate(alive := self.alive, start=1):
                begun = self.stages.elapsed()
                try:
                    answers[method] = work(method)
                except FAILURES as error:
                    self.fail({method: f"{step}: {error}"})
                if self.stages.elapsed() - begun > WORTH_TELLING_SECONDS:
                    self.stages.say(f"   {number} of {len(alive)}: {method}")
        return answers

    def fail(self, problems: dict[str, str]) -> None:
        for method, problem in problems.items():
            self.stages.say(f"   {method} is left out from here on: {problem}")
            self.failed.setdefault(method, problem)

    def prepare(self) -> dict[str, str]:
        """The images by method."""
        with self.stages.step("test sets"), self.memory.timed("test sets"):
            self.ingredients.make_base()
            self.ingredients.build_test_sets()
        self.tell_hours()
        self.each("weights", self.ingredients.train)
        return {method: str(image) for method, image in self.each("images", self.ingredients.pack).items()}

    def tell_hours(self) -> None:
        hours = expected_hours(
            untrained=[method for method in self.scale.methods if not is_trained(method)],
            cases={
                method: cases_of(self.ingredients.test_sets, analysed=self.scale.analyses(method))
                for method in self.scale.methods
            },
            slots=self.platform.slots,
        )
        self.stages.say(f"   all of it takes about {hours:.1f} hours where nothing is there yet")

    def compete(self, images: dict[str, str]) -> None:
        with self.stages.step("platform up"):
            self.platform.up(self.port)
            [self.port] = known_ports(self.platform.home)  # another one, where it ran already
            self.contest.open(self.ingredients.folders("toy", "test", *ANALYSES["pixel"]))
        for stage in STAGES:
            self.run_stage(stage, images)
        with self.stages.step("analysis stage"), self.memory.timed("analysis stage"):
            self.fail(self.contest.analyse(filter(self.scale.analyses, self.alive)))
        with self.stages.step("leaderboards published, all tables exported"):
            for task in TASKS:
                self.contest.publish(task)
            self.contest.export()
        self.note_call()

    def note_call(self) -> None:
        """Remember what was asked for, so that the page tells it and not what a later call names."""
        commands = self.memory.recall("commands", self.scale.name) or []
        if self.scale.command not in commands[-1:]:
            self.memory.note("commands", self.scale.name, [*commands, self.scale.command])
        self.memory.note("last", "scale", asdict(self.scale))
        self.memory.note("last", "failed", self.failed)

    def run_stage(self, stage: str, images: dict[str, str]) -> None:
        def hand_in(method: str) -> None:
            self.contest.hand_in(method, stage, images[method])

        self.each(f"{stage} images handed in", hand_in)
        with self.stages.step(f"{stage} stage"), self.memory.timed(f"{stage} stage"):
            self.fail(self.contest.await_stage(self.alive, stage))

    def tell(self, docs: Path) -> None:
        with self.stages.step("numbers, figures, page"):
            failed = self.memory.recall("last", "failed") or {}
            scale = Scale.from_json(self.memory.recall("last", "scale")) or self.scale
            collect(self.place, self.platform.files(), docs / "study", scale=scale, failed=failed)
            write_page(docs)


def play(study: Study, docs: Path, *, keep: bool, only_tell: bool) -> None:
    if only_tell:
        study.tell(docs)
        return
    try:
        study.compete(study.prepare())
        study.tell(docs)
    finally:
        if not keep:
            study.platform.down()


def known_ports(home: Path) -> list[int]:
    """The port that the platform has or had, where people are logged in; none before its first start."""
    settings = home / "settings.env"
    lines = settings.read_text().splitlines() if settings.exists() else []
    return [int(line.partition("=")[2]) for line in lines if line.startswith("MOOD_API__PORT=")]


def find_port(ports: list[int]) -> int:
    """The first that is free."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StepFailed("no port is free")


def stop_like_ctrl_c() -> None:
    """A `kill`, or a Ctrl-C that a shell made its jobs ignore, ends it in order: spent time is counted."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scale", choices=SCALES)
    parser.add_argument("--size", type=int, help="voxels along each side (default: 64)")
    parser.add_argument("--share", type=float, help="of the recipe `test`")
    parser.add_argument("--proxy-share", type=float, help="of the recipe `toyish`")
    parser.add_argument("--bases", type=int, help="subjects of each sweep")
    parser.add_argument("--methods", help="instead of the scale's, separated by commas")
    parser.add_argument(
        "--analysed", help="methods of the analysis stage, separated by commas (default: all)"
    )
    parser.add_argument("--slots", type=int, default=2, help="containers at a time")
    parser.add_argument("--port", type=int, default=8050)
    parser.add_argument("--folder", type=Path, help="all that it makes (default: demo-data/study/SCALE)")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="gets study.md and study/")
    parser.add_argument(
        "--as-built", action="store_true", help="hand in images as they are; build those that are missing"
    )
    parser.add_argument("--keep", action="store_true", help="leave the platform running")
    parser.add_argument(
        "--tell", action="store_true", help="only draw and write again what was exported last"
    )
    return parser.parse_args()


def scale_of(options: argparse.Namespace) -> Scale:
    given = {
        "side": options.size,
        "share": options.share,
        "proxy_share": options.proxy_share,
        "bases": options.bases,
        "methods": options.methods and tuple(options.methods.split(",")),
        "analysed": options.analysed and tuple(options.analysed.split(",")),
    }
    return replace(SCALES[options.scale], **{name: value for name, value in given.items() if value})


def main() -> int:
    options = read_options()
    stop_like_ctrl_c()
    place = options.folder or FOLDER / options.scale
    stages = Stages(place / "log")
    platform = HomePlatform(stages, place / "platform", options.slots)
    port = find_port([*known_ports(platform.home), options.port, 0])
    study = Study(stages, scale_of(options), place, platform, port, as_built=options.as_built)
    try:
        play(study, options.docs, keep=options.keep, only_tell=options.tell)
    except StepFailed as failure:
        stages.say(f"The study stopped: {failure}. Logs: {stages.logs}/. The same command goes on.")
        return 1
    except KeyboardInterrupt:
        stages.say("stopped; the same command goes on where it was")
        return 130
    for method, problem in study.failed.items():
        stages.say(f"FAILED {method}: {problem}")
    stages.say(f"done: {options.docs / 'study.md'}")
    return 1 if study.failed else 0


if __name__ == "__main__":
    sys.exit(main())
