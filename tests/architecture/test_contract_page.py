"""The submission contract says what the runner does: paths, limits, environment, users."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from uuid import uuid4

import pytest

from mood_evaluator import Dataset, Task
from mood_platform import contract
from mood_platform.contract import CASE_USERS
from mood_platform.execution.container_options import DeclaredPaths, case_options
from mood_platform.execution.limits import GIB, MIB, Limits
from mood_platform.execution.runtime import CaseJob

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "submission-contract.md").read_text()


@pytest.mark.parametrize("task", Task)
def test_the_page_names_every_script_and_output_file(task: Task) -> None:
    assert all(f"`{contract.script_of(task, dataset)}`" in PAGE for dataset in Dataset)
    assert f"| {task} | `{contract.PRED}/{contract.output_name_of(task)}` |" in PAGE


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_the_page_states_every_limit_with_its_default(name: str) -> None:
    value = getattr(Limits(), name)
    if name in {"memory", "tmp", "output", "shm", "image"}:
        said = f"{value // GIB} GiB"
    else:
        said = f"{value // MIB} MiB" if name == "log" else f"{value:g}"
    assert f"| `{name}` | {said} |" in PAGE


def test_the_page_lists_every_variable_that_is_set_and_no_other() -> None:
    table = PAGE.split("| Environment | Value |")[1].split("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed = {name.strip(" `") for cell in cells for name in cell.split(",")}
    assert listed == set(_options()["environment"])


def test_the_page_names_the_user_that_runs() -> None:
    assert _options()["user"] == f"{CASE_USERS[0]}:{contract.GROUP}"
    assert f"group {contract.GROUP} " in PAGE
    assert f"between {CASE_USERS[0]} and {CASE_USERS[-1]}," in PAGE


def _options() -> dict[str, object]:
    nowhere = Path("nowhere")
    job = CaseJob(
        claim_id=uuid4().hex, image="image", task=Task.PIXEL, dataset=Dataset.BRAIN, case=nowhere,
        output=nowhere, log=nowhere, limits=Limits(), holder_image="base", instance="test",
    )  # fmt: skip
    return case_options(job, image=DeclaredPaths(), user=CASE_USERS[0], host_cpus=8)
