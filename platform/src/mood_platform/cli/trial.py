"""`mood test`: runs an image on the toy cases here, with the platform's own runner, flags and scorer."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import docker
import typer
from docker.errors import DockerException

from mood_evaluator import Task
from mood_platform.challenges.mistakes import Mistakes
from mood_platform.challenges.yaml_file import read_yaml
from mood_platform.cli import toy_sets
from mood_platform.cli.case_table import ap_of, show_cases, show_warnings
from mood_platform.cli.choices import (
    ChallengeSlug,
    Datasets,
    Tasks,
    find_challenge,
    parse_datasets,
    parse_tasks,
)
from mood_platform.cli.client import Client
from mood_platform.cli.console import emit, say, steps_bar
from mood_platform.cli.credentials import cache_folder
from mood_platform.cli.problems import Exit, Problem
from mood_platform.cli.stopping import stopping
from mood_platform.documents.local_report import LocalPart, LocalReport
from mood_platform.execution.capacity import machine_of
from mood_platform.execution.limits import Limits
from mood_platform.trial.place import trial_place


def try_image(
    image: Annotated[str, typer.Argument(help="A local Docker image.")],
    task: Tasks = None,
    dataset: Datasets = None,
    data: Annotated[Path | None, typer.Option(help="Toy cases here, instead of the platform's.")] = None,
    limits: Annotated[Path | None, typer.Option(help="A challenge.yaml, or its limits alone.")] = None,
    challenge: ChallengeSlug = None,
    gpu: Annotated[str | None, typer.Option(help="UUID of the GPU it may use (nvidia-smi -L).")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the report here; - prints it.")
    ] = None,
) -> None:
    """Try an image before handing it in: same runner, same limits, same checks and scores as the platform.

    Without --data the toy cases and limits come from the platform, and are kept.
    """
    if json_file is not None and str(json_file) != "-":
        _require_place(json_file)
    folders, allowed = _prepare(data, limits, challenge)
    folders = toy_sets.keep_datasets(folders, parse_datasets(dataset))
    _tell_shortfall(allowed)
    report = _test(image, folders, parse_tasks(task), allowed, gpu)
    _show(report, json_file)
    if report.failed:
        raise typer.Exit(Exit.IMAGE_FAILED)


def _tell_shortfall(limits: Limits) -> None:
    """What a case may use and does not find here; the Engine's own failure is told by the test itself."""
    with suppress(DockerException):
        for sentence in machine_of(docker.from_env().info()).shortfall(limits):
            say.print(f"This machine is smaller than the limits: {sentence}.", style="yellow")


def _test(image: str, folders: list[Path], tasks: list[Task], limits: Limits, gpu: str | None) -> LocalReport:
    """The report; what was made for it is gone afterwards, also where a signal ends it."""
    from mood_platform.execution.docker import DockerRuntime
    from mood_platform.trial.local_test import Stopped, try_image

    runtime = DockerRuntime()
    with stopping() as stop, trial_place(runtime, cache_folder() / "tests") as place, steps_bar() as bar:
        step = bar.add_task(f"testing {image}", total=None)
        try:
            return try_image(
                runtime,
                image=image,
                test_sets=folders,
                tasks=tasks,
                limits=limits,
                gpu=gpu,
                place=place,
                should_stop=stop.asked,
                on_case=lambda done, of: bar.update(step, completed=done, total=of),
            )
        except Stopped:
            raise typer.Exit(stop.exit_code) from None


def _prepare(data: Path | None, limits: Path | None, challenge: str | None) -> tuple[list[Path], Limits]:
    """Toy folders and limits: what is not given here is asked of the platform."""
    if data is not None:
        return toy_sets.find_local(data), _read_limits(limits) if limits else Limits(gpus=0)
    client = Client.visitor()
    edition = find_challenge(client, challenge)
    allowed = _read_limits(limits) if limits else Limits.parse(edition["limits"])
    return toy_sets.fetch(client, edition), allowed


def _read_limits(path: Path) -> Limits:
    mistakes = Mistakes(path.name)
    document = read_yaml(path, mistakes)
    mistakes.require_none()
    section = document.get("limits", document) if isinstance(document, dict) else None
    if not isinstance(section, dict):
        raise Problem(f"{path} is no challenge.yaml.", remedy="It needs a section `limits`.")
    return Limits.parse(section)


def _require_place(file: Path) -> None:
    """Told before a test that may take an hour."""
    if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise Problem(
            f"{file} cannot be written.", remedy="Name a file with --json in a folder that you may write to."
        )


def _show(report: LocalReport, json_file: Path | None) -> None:
    if json_file is not None and str(json_file) == "-":
        emit(report.to_json())
        return
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n")
    for part in report.parts:
        _show_part(part)
    _tell_starved(report)
    say.print("The platform runs the same checks and scorer; small differences between GPUs are possible.")


def _tell_starved(report: LocalReport) -> None:
    rows = [case for part in report.parts for case in part.cases]
    starved = sum("starved" in case.flags for case in rows)
    if starved:
        text = (
            f"{starved} of {len(rows)} cases timed out because this machine was too busy to run them. On the "
            "platform such a time-out does not count; test again when nothing else runs here."
        )
        say.print(text, style="yellow", markup=False)


def _show_part(part: LocalPart) -> None:
    title = f"{part.task} {part.dataset}: {ap_of(part)}"
    show_cases(part.cases, title=title, notes="output check")
    show_warnings(part.warnings)
