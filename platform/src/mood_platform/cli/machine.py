"""`mood up` and `mood down`: the whole platform on this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import docker
import httpx
import typer
from docker.errors import DockerException

from mood_platform.cli.console import say
from mood_platform.cli.problems import Exit, Problem
from mood_platform.cli.slots import check_slots, usual_slots
from mood_platform.errors import Transient
from mood_platform.execution.capacity import Machine, machine_of

if TYPE_CHECKING:
    from mood_platform.execution.limits import Limits
    from mood_platform.machine.installation import Installation
    from mood_platform.machine.supervisor import Supervisor

HEALTHY_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the command says about slots."""

    slots: int | None
    overcommit: bool

    @property
    def may_be_refused(self) -> bool:
        """Only a number that was asked for; the usual one is taken back to what is carried."""
        return self.slots is not None and not self.overcommit


Home = Annotated[
    Path, typer.Option(envvar="MOOD_HOME", help="Folder that holds all data and settings of this platform.")
]
DEFAULT_HOME = Path("data")


def up(
    home: Home = DEFAULT_HOME,
    slots: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Containers that run at the same time, beside one for toy cases. Default: 2, or what fits.",
        ),
    ] = None,
    overcommit: Annotated[
        bool, typer.Option("--overcommit", help="More slots than the machine's cores and memory carry.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of API and pages on 127.0.0.1.")] = 8030,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once it is healthy.")] = False,
    holder_image: Annotated[str | None, typer.Option(help="Platform base image; default: mood-base.")] = None,
) -> None:
    """Start database, broker, API, workers and slots; whatever dies is started again."""
    installation, supervisor = _find(home)
    if supervisor.is_up():
        say.print(f"The platform in {installation.home} runs already: {_address(installation)}")
    else:
        holder = holder_image or _find_holder()
        try:
            wish = _Wish(slots, overcommit)
            _start(installation, supervisor, wish=wish, port=port, holder_image=holder)
        except BaseException:
            stop(installation, supervisor)
            raise
    if not detach:
        _stay(installation, supervisor)


def down(home: Home = DEFAULT_HOME) -> None:
    """Stop everything that `mood up` started here; data and settings stay."""
    installation, supervisor = _find(home)
    installation.settings()  # says so when no platform lives here
    stop(installation, supervisor)
    say.print(f"Stopped; no process, container or volume of {installation.home} is left.")


def base_image() -> None:
    """Make the image that cases are held with, once: pulled, or built from this distribution's packages.

    MOOD_BASE_PULL names another image to pull; "none" builds at once. MOOD_BASE_REBUILD=1 makes it anew.
    """
    with as_file(files("mood_platform.machine") / "base_image.sh") as script:
        done = subprocess.run(["sh", script], check=False)
    if done.returncode:
        raise Problem(
            "The base image was not made; the lines above say why.",
            remedy="Mend that, or name an image of your own: mood up --holder-image IMAGE.",
            code=Exit.PLATFORM,
        )


def stop(installation: Installation, supervisor: Supervisor) -> None:
    """Stop programs, then processes they left, then containers and volumes; complain if anything stays."""
    from mood_platform.machine.processes import end_all, processes_of

    supervisor.stop()
    left = end_all(lambda: processes_of(installation.home), patience=5)
    claims = _remove_claims(installation)
    if left or claims:
        raise Problem(
            f"Still there: processes {sorted(left)}, claims {sorted(claims)}.",
            remedy="Run `mood down` again; see log/ in its folder if that does not help.",
            code=Exit.PLATFORM,
        )


def _find(home: Path) -> tuple[Installation, Supervisor]:
    try:
        from mood_platform.machine.installation import Installation
        from mood_platform.machine.supervisor import Supervisor
    except ImportError as error:
        raise Problem(
            f"The server parts are not installed ({error.name} is missing).",
            remedy="Install mood-platform[server].",
        ) from error
    installation = Installation(home.resolve())
    return installation, Supervisor(installation)


def _start(
    installation: Installation, supervisor: Supervisor, *, wish: _Wish, port: int, holder_image: str
) -> None:
    from mood_platform.machine.migrations import migrate

    begun = time.monotonic()
    _step(begun, f"preparing {installation.home}")
    installation.prepare(port=port, holder_image=holder_image)
    stop(installation, supervisor)  # what an interrupted `mood up` may have left
    _check_port(port)
    environment = installation.environment(dict(os.environ))
    machine = _machine(installation)
    slots = usual_slots(machine) if wish.slots is None else wish.slots
    programs = installation.programs(slots=slots)
    _step(begun, "starting the database and the broker")
    supervisor.start(programs, environment=environment)
    _wait("postgres", supervisor, installation.postgres.is_ready)
    installation.postgres.create_database()
    _step(begun, "bringing the database's schema up to date")
    migrate(environment)
    for sentence in check_slots(slots, machine, _editions(installation), may_refuse=wish.may_be_refused):
        say.print(f"Cases may starve each other: {sentence}.", style="yellow")
    _step(begun, f"starting API, workers and {slots} slots")
    for program in programs:
        if not program.engine:
            supervisor.start_program(program.name)
    _wait("api", supervisor, lambda: _is_healthy(_address(installation)))
    _wait_for_all(supervisor)
    _step(begun, f"healthy: {_address(installation)}")


def _machine(installation: Installation) -> Machine:
    """Of the Engine's machine; all slots here use the one GPU that the settings name."""
    execution = installation.read_settings().execution
    try:
        engine = docker.DockerClient(base_url=execution.docker_url).info()
    except DockerException as error:
        raise _no_engine(error) from None
    return machine_of(engine, gpus=None if execution.gpu is None else 1)


def _editions(installation: Installation) -> dict[str, Limits]:
    """What a case may use in each edition that is not over."""
    from mood_platform.challenges.queries import config_of, list_challenges
    from mood_platform.db.engine import make_engine, make_sessions
    from mood_platform.db.transaction import transaction
    from mood_platform.worker.queue import CeleryQueue

    settings = installation.read_settings()
    engine = make_engine(settings.database.url.get_secret_value(), pool_size=1)
    try:
        with transaction(make_sessions(engine), CeleryQueue(settings)) as tx:
            live = [row for row in list_challenges(tx) if row.closes > tx.now]
            return {f"edition {row.slug}": config_of(row).limits for row in live}
    finally:
        engine.dispose()


def _no_engine(error: DockerException) -> Problem:
    return Problem(f"The Docker Engine does not answer: {error}.", remedy="Start it.", code=Exit.PLATFORM)


def _step(begun: float, text: str) -> None:
    say.print(f"{time.monotonic() - begun:5.1f} s ", style="dim", end=" ")
    say.print(text)


def _wait(program: str, supervisor: Supervisor, ready: Callable[[], bool]) -> None:
    from mood_platform.machine.processes import wait_until

    if not wait_until(ready, seconds=HEALTHY_SECONDS):
        say.print(supervisor.log_tail(program))
        raise Problem(
            f"{program} did not become ready; the end of its log is above.",
            remedy=f"All of it: {supervisor.installation.logs / program}.log.",
            code=Exit.PLATFORM,
        )


def _wait_for_all(supervisor: Supervisor) -> None:
    for program in supervisor.states():
        _wait(program.name, supervisor, lambda name=program.name: _runs(supervisor, name))  # type: ignore[misc]


def _runs(supervisor: Supervisor, name: str) -> bool:
    return any(one.name == name and one.state == "RUNNING" for one in supervisor.states())


def _stay(installation: Installation, supervisor: Supervisor) -> None:
    """Watch until Ctrl-C; say so when a program was started again."""
    say.print("Ctrl-C stops it.")
    known = {one.name: one.pid for one in supervisor.states()}
    try:
        while supervisor.is_up():
            time.sleep(1.0)
            for one in supervisor.states():
                if one.pid and one.pid != known.get(one.name):
                    say.print(f"{one.name} was started again (process {one.pid})")
                    known[one.name] = one.pid
    except KeyboardInterrupt:
        say.print("stopping")
    stop(installation, supervisor)


def _address(installation: Installation) -> str:
    return installation.settings()["MOOD_API__PUBLIC_URL"]


def _is_healthy(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/v1/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Problem(f"Port {port} is taken.", remedy="Choose another with --port.") from None


def _find_holder() -> str:
    """The base image that `mood base-image` made, by id, so that a later tag changes nothing."""
    try:
        images = docker.from_env().images.list(filters={"reference": "mood-base"})
    except DockerException as error:
        raise _no_engine(error) from None
    if not images:
        remedy = "Make it with `mood base-image`, or name another image with --holder-image."
        raise Problem("The platform's base image mood-base is not there.", remedy=remedy)
    return str(images[0].id)


def _remove_claims(installation: Installation) -> set[str]:
    """Remove what this installation's cases left; returns the claims that are still there."""
    from mood_platform.execution.docker import DockerRuntime
    from mood_platform.nodes.node import case_folders

    if not installation.settings_file.exists():
        return set()
    settings = installation.read_settings()
    instance, cache = settings.execution.instance, settings.execution.cache
    for folder in case_folders(cache or settings.storage.root / "cache", instance=instance).values():
        shutil.rmtree(folder, ignore_errors=True)
    try:
        runtime = DockerRuntime(base_url=settings.execution.docker_url)
        for claim in runtime.claims(instance=instance):
            runtime.remove_claim(claim)
        return runtime.claims(instance=instance)
    except (DockerException, Transient) as error:
        say.print(f"Containers could not be checked: {error}")
        return set()
