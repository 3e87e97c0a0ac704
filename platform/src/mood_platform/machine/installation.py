"""One installation on one machine: its folder, its settings file, its engines, its processes."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from mood_platform.errors import Misconfigured
from mood_platform.machine.postgres import PostgresCluster
from mood_platform.machine.processes import MARK
from mood_platform.machine.programs import Program
from mood_platform.machine.valkey import ValkeyServer
from mood_platform.settings import Settings

LONGEST_SOCKET = 100
"""Bytes of a unix socket's path; the kernel allows 107."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything below `home`: settings.env, postgres/, valkey/, files/, mail/, log/, run/."""

    home: Path

    @property
    def settings_file(self) -> Path:
        return self.home / "settings.env"

    @property
    def logs(self) -> Path:
        return self.home / "log"

    @property
    def run_folder(self) -> Path:
        return self.home / "run"

    @property
    def postgres(self) -> PostgresCluster:
        return PostgresCluster(self.home / "postgres")

    @property
    def valkey(self) -> ValkeyServer:
        return ValkeyServer(self.home / "valkey")

    def prepare(self, *, port: int, holder_image: str) -> None:
        """Make the folders, the database cluster and settings.env, whichever is not there yet."""
        self._check_paths()
        for folder in (self.home, self.logs, self.run_folder, self.home / "files", self.home / "mail"):
            folder.mkdir(parents=True, exist_ok=True)
        self.postgres.create()
        known = self.settings() if self.settings_file.exists() else {}
        self._write_settings(
            {
                "MOOD_EXECUTION__INSTANCE": f"mood-{secrets.token_hex(4)}",
                **known,
                "MOOD_DATABASE__URL": self.postgres.url,
                "MOOD_BROKER__URL": self.valkey.url,
                "MOOD_STORAGE__ROOT": str(self.home / "files"),
                "MOOD_MAIL_FOLDER": str(self.home / "mail"),
                "MOOD_EXECUTION__HOLDER_IMAGE": holder_image,
                "MOOD_API__PORT": str(port),
                "MOOD_API__PUBLIC_URL": f"http://127.0.0.1:{port}",
            }
        )

    def settings(self) -> dict[str, str]:
        """The variables of settings.env."""
        if not self.settings_file.is_file():
            raise Misconfigured(
                f"{self.settings_file} is not there: no platform lives in {self.home}.",
                remedy="Start one with `mood up --home DIR`, or name the folder of the one you mean.",
            )
        try:
            found = dotenv_values(self.settings_file, interpolate=False, encoding="utf-8")
        except UnicodeDecodeError:
            raise self._unusable("it is not text") from None
        return {name: value or "" for name, value in found.items()}

    def read_settings(self) -> Settings:
        """The same as a checked object, for commands that work on this machine's database."""
        values: dict[str, Any] = {}
        for name, value in self.settings().items():
            group, _, field = name.removeprefix("MOOD_").lower().partition("__")
            if field:
                values.setdefault(group, {})[field] = value
            else:
                values[group] = value
        try:
            return Settings.model_validate(values)
        except ValidationError as error:
            raise self._unusable(_wrong_fields(error)) from None

    def _unusable(self, what: str) -> Misconfigured:
        return Misconfigured(
            f"{self.settings_file} cannot be used: {what}.",
            remedy="Correct it, or take away its lines that `mood up` did not write and start again.",
        )

    def environment(self, inherited: dict[str, str]) -> dict[str, str]:
        """What its processes see: the settings, the mark they are found by, one thread for numerics each."""
        return inherited | self.settings() | {MARK: str(self.home), "OMP_NUM_THREADS": "1"}

    def programs(self, *, slots: int) -> list[Program]:
        """Everything the supervisor keeps alive, in starting order."""
        settings = self.settings()
        python = [sys.executable, "-m"]
        api = [*python, "mood_platform.server", "--port", settings["MOOD_API__PORT"]]
        celery = [*python, "celery", "-A", "mood_platform.worker.celery"]
        schedule = ["--pidfile=", "--schedule", str(self.run_folder / "beat")]
        postgres = [*python, "mood_platform.machine.run_postgres", str(self.postgres.home)]
        return [
            Program("postgres", postgres, order=1, stop="INT"),
            Program("valkey", self.valkey.server_command(), order=1),
            Program("api", api, order=2),
            Program("beat", [*celery, "beat", *schedule], order=2),
            _worker(celery, "upkeep", queues="upkeep,mail"),
            _worker(celery, "keeper", queues="retention"),
            _worker(celery, "evaluate", queues="evaluate,intake", processes=2),
            Program("reaper", [*python, "mood_platform.worker.reaper"], order=3),
            _worker(celery, "toy", queues="toy"),
            *(
                _worker(celery, f"slot{number}", queues="toy,challenge,analysis")
                for number in range(1, slots + 1)
            ),
        ]

    def _check_paths(self) -> None:
        socket = self.home / "postgres" / ".s.PGSQL.5432"
        if len(os.fsencode(socket)) > LONGEST_SOCKET:
            raise Misconfigured(
                f"{self.home} is too long a path for unix sockets.",
                remedy="Choose a shorter one with --home.",
            )
        if any(letter in str(self.home) for letter in " '\"%\n"):
            raise Misconfigured(
                f"{self.home} has a space, quote or % in it.", remedy="Choose a plain path with --home."
            )

    def _write_settings(self, variables: dict[str, str]) -> None:
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        fresh = self.settings_file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write("# Settings of this installation; lines you add stay.\n" + text)
        fresh.replace(self.settings_file)


def _wrong_fields(error: ValidationError) -> str:
    """Which, and why; never what they hold, which may be a password."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)


def _worker(celery: list[str], name: str, *, queues: str, processes: int = 1) -> Program:
    """A slot has one process; the evaluate worker has two, so that one long check delays no toy report."""
    options = ["-Q", queues, "-c", str(processes), "-n", f"{name}@%h", "--without-gossip", "--without-mingle"]
    command = [*celery, "worker", *options, "--loglevel", "INFO"]
    return Program(name, command, order=3, stop="QUIT", environment={"MOOD_EXECUTION__NODE": name})
