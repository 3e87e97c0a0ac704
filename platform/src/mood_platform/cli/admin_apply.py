"""`mood admin apply`: every mistake at once, the difference in words, then a confirmation and a reason."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mood_platform.accounts.reasons import READER_OF
from mood_platform.cli.asking import ask, confirm
from mood_platform.cli.console import counted, echo, say
from mood_platform.cli.local_world import local_world, read_local_settings
from mood_platform.cli.machine import DEFAULT_HOME, Home
from mood_platform.cli.problems import Problem
from mood_platform.cli.server_actor import By, actor_of

if TYPE_CHECKING:
    from mood_platform.challenges.config import ChallengeConfig
    from mood_platform.challenges.plan import Machine, Plan

Reason = Annotated[str, typer.Option(help=f"Why rules change. {READER_OF['challenge.apply'].sentence}")]


def example() -> None:
    """Print a challenge.yaml with every rule and what it means, to change and apply."""
    echo((files("mood_platform.challenges") / "example.yaml").read_text().rstrip())


def apply(
    file: Annotated[Path, typer.Argument(help="The edition's challenge.yaml.")],
    reason: Reason = "",
    by: By = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    nodes_elsewhere: Annotated[
        bool, typer.Option("--nodes-elsewhere", help="Other machines run the cases: do not measure this one.")
    ] = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Create or change a challenge, after showing what would change; import its test sets first.

    Runs that exist keep the rules they were started with. Once there are submissions a change wants a
    reason, which all teams read.
    """
    config, plan = _plan(file, home, measured=not nodes_elsewhere)
    if not plan.new and not plan.lines:
        say.print(f"Challenge {config.slug} is like this already; nothing was changed.")
        return
    _show(config, plan)
    if not yes:
        confirm("Apply this?", declined="Nothing was changed.")
    if plan.teams and not reason.strip():
        reason = ask("Why (all teams read it)", option="--reason", declined="Nothing was changed.")
    _carry_out(config, plan, reason=reason, by=by, home=home)
    say.print(f"Challenge {config.slug} applied.")


def _plan(file: Path, home: Path, *, measured: bool) -> tuple[ChallengeConfig, Plan]:
    """Everything that is wrong with the file and with what it names is told together."""
    from mood_platform.challenges.config import read_draft
    from mood_platform.challenges.mistakes import Mistakes
    from mood_platform.challenges.plan import check_limits, check_ranking, check_test_sets, plan_change

    mistakes = Mistakes(file.name)
    config, settings = read_draft(file, mistakes), read_local_settings(home)
    machine = _this_machine() if measured and (home / "settings.env").exists() else None
    check_limits(config, mistakes, case_seconds_max=settings.execution.case_seconds_max, machine=machine)
    with local_world(home) as (tx, _):
        check_test_sets(tx, config, mistakes)
        check_ranking(tx, config, mistakes)
        mistakes.require_none()
        return config, plan_change(tx, config)


def _show(config: ChallengeConfig, plan: Plan) -> None:
    if plan.new:
        say.print(f"A new challenge, {config.slug}:")
    else:
        who = f"{counted(plan.teams, 'team')} submit{'s' if plan.teams == 1 else ''}"
        say.print(f"Changes of {config.slug}, for what {who} from now on:")
    for line in plan.lines:
        say.print(f"  {line}")


def _carry_out(config: ChallengeConfig, plan: Plan, *, reason: str, by: str, home: Path) -> None:
    from mood_platform.challenges.plan import plan_change
    from mood_platform.challenges.service import apply_challenge

    with local_world(home) as (tx, _):
        if plan_change(tx, config) != plan:
            raise Problem("The challenge was changed meanwhile.", remedy="Look at the difference again.")
        apply_challenge(tx, config=config, reason=reason, actor=actor_of(by))


def _this_machine() -> Machine:
    from mood_platform.challenges.plan import Machine

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(cores=os.cpu_count() or 1, memory=memory, gpus=_count_gpus())


def _count_gpus() -> int:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    done = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20, check=False)
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines())
