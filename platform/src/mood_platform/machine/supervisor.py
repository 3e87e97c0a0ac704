"""Starts, asks and stops the supervisord of an installation."""

from __future__ import annotations

import subprocess
import sys
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from mood_platform.errors import Misconfigured
from mood_platform.machine.installation import Installation
from mood_platform.machine.processes import wait_until
from mood_platform.machine.programs import ENGINES, Program, supervisor_configuration

TAIL_BYTES = 4000


@dataclass(frozen=True, slots=True)
class ProgramState:
    name: str
    state: str
    """RUNNING, STARTING, BACKOFF, STOPPED, FATAL, as supervisord calls them."""
    pid: int


class Supervisor:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.socket = installation.run_folder / "supervisor.sock"

    def start(self, programs: list[Program], *, environment: dict[str, str]) -> None:
        """Write the configuration and start supervisord in the background."""
        place = self.installation
        config = place.run_folder / "supervisord.conf"
        config.write_text(supervisor_configuration(programs, logs=place.logs, run=place.run_folder))
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not wait_until(self.is_up, seconds=15):
            raise Misconfigured(
                f"supervisord did not start: {done.stderr[-600:] or self.log_tail('supervisord')}"
            )

    def is_up(self) -> bool:
        try:
            self._call("getState")
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def states(self) -> list[ProgramState]:
        """One entry a program, in starting order; empty when supervisord does not answer."""
        try:
            found = self._call("getAllProcessInfo")
        except (OSError, xmlrpc.client.Error):
            return []
        return [ProgramState(str(one["name"]), str(one["statename"]), int(one["pid"])) for one in found]

    def start_program(self, name: str) -> None:
        self._call("startProcess", name, False)

    def stop(self) -> None:
        """Stop what uses the engines, all at once, then engines and supervisord; the rest is the caller's."""
        pid_file = self.installation.run_folder / "supervisord.pid"
        try:
            pid = int(pid_file.read_text())
            for program in self.states():
                if program.name not in ENGINES and program.pid:
                    self._call("stopProcess", program.name, False)
            self._call("shutdown")
        except (OSError, ValueError, xmlrpc.client.Error):
            return
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), seconds=45)

    def log_tail(self, program: str) -> str:
        """The end of a program's log, for people."""
        try:
            data = (self.installation.logs / f"{program}.log").read_bytes()
        except OSError:
            return ""
        return data[-TAIL_BYTES:].decode(errors="replace")

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)
