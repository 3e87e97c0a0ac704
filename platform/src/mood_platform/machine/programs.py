"""The programs of an installation, written as the configuration of supervisord, which restarts what dies."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SUPERVISOR = """[unix_http_server]
file = {run}/supervisor.sock
chmod = 0700

[supervisord]
logfile = {logs}/supervisord.log
logfile_maxbytes = 10MB
logfile_backups = 2
pidfile = {run}/supervisord.pid
childlogdir = {logs}
directory = /
user = {user}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
ENGINES = frozenset({"postgres", "valkey"})
STARTING_SECONDS = 4
"""A program that dies earlier never came up: it is tried again, each time a second later."""
PROGRAM = """
[program:{name}]
command = {command}
priority = {order}
autostart = {autostart}
autorestart = true
startsecs = {starting}
startretries = 1000000
stopsignal = {stop}
stopwaitsecs = 10
stopasgroup = {group}
killasgroup = true
redirect_stderr = true
stdout_logfile = {logs}/{name}.log
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 2
environment = {environment}
"""


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep alive. `order`: lower starts first, stops last; `stop`: the signal that ends it."""

    name: str
    command: Sequence[str]
    order: int
    stop: str = "TERM"
    environment: Mapping[str, str] = field(default_factory=dict)
    """Of this program alone, beside the settings of all."""

    @property
    def engine(self) -> bool:
        """Database and broker start at once; everything else once the schema is there."""
        return self.name in ENGINES

    def section(self, logs: Path) -> str:
        """Workers are ended as a group, else a stop leaves their pool process behind."""
        return PROGRAM.format(
            name=self.name,
            command=shlex.join(self.command).replace("%", "%%"),
            order=self.order,
            autostart=str(self.engine).lower(),
            starting=1 if self.engine else STARTING_SECONDS,
            stop=self.stop,
            group=str(self.stop == "QUIT").lower(),
            logs=logs,
            environment=",".join(f'{name}="{value}"' for name, value in self.environment.items()),
        )


def supervisor_configuration(programs: Sequence[Program], *, logs: Path, run: Path) -> str:
    head = SUPERVISOR.format(run=run, logs=logs, user=os.geteuid())
    return head + "".join(program.section(logs) for program in programs)
