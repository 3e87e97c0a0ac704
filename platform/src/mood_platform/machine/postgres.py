"""A PostgreSQL cluster of our own in the data folder, reachable by a unix socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mood_platform.errors import Misconfigured

DATABASE = "mood"
CONFIG = """listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""


@dataclass(frozen=True, slots=True)
class PostgresCluster:
    """Folder `home` holds `data/` and the socket; both belong to the account that runs the server."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{ACCOUNT}@/{DATABASE}?host={self.home}"

    def server_command(self) -> list[str]:
        return [*as_server_account(self.home), str(server_binary("postgres")), "-D", str(self.data)]

    def create(self) -> None:
        """Make the cluster where there is none yet; what is there is never touched."""
        if (self.data / "PG_VERSION").exists():
            return
        self.home.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.data, ignore_errors=True)
        if os.geteuid() == 0:
            shutil.chown(self.home, _unprivileged())
        run = [*as_server_account(self.home), str(server_binary("initdb")), "-D", str(self.data)]
        options = ["-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"]
        _check(subprocess.run([*run, *options], capture_output=True, text=True, cwd="/", check=False))
        with (self.data / "postgresql.conf").open("a") as config:
            config.write(CONFIG.format(socket=self.home))

    def is_ready(self) -> bool:
        """Whether the server takes connections now."""
        command = [
            str(server_binary("pg_isready")),
            "-q",
            "-h",
            str(self.home),
            "-U",
            ACCOUNT,
            "-d",
            "postgres",
        ]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def create_database(self) -> None:
        """Create the database in the running server, once."""
        tool = [str(server_binary("psql")), "-h", str(self.home), "-U", ACCOUNT, "-d", "postgres", "-qtAc"]
        found = subprocess.run(
            [*tool, f"select 1 from pg_database where datname = '{DATABASE}'"],  # noqa: S608 - a constant
            capture_output=True,
            text=True,
            check=False,
        )
        _check(found)
        if "1" not in found.stdout:
            made = [*tool, f"create database {DATABASE} encoding 'UTF8'"]
            _check(subprocess.run(made, capture_output=True, text=True, check=False))


ACCOUNT = "mood"


def server_binary(name: str) -> Path:
    """`initdb`, `postgres` or `psql` of the newest PostgreSQL that is installed."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    found = shutil.which(name)
    if found is None:
        raise Misconfigured(
            f"PostgreSQL's `{name}` was not found.",
            remedy="Install your distribution's package postgresql.",
        )
    return Path(found)


def as_server_account(home: Path) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as `postgres` (or `nobody`).

    A folder below a private one (such as /root) is out of that account's reach; then it keeps the one
    right to read past folder permissions, which is still far less than root.
    """
    if os.geteuid() != 0:
        return []
    account = pwd.getpwnam(_unprivileged())
    drop = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    reach = [] if _open_to_all(home) else ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return [*drop, *reach, "--"]


def _open_to_all(home: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in home.resolve().parents if folder.exists())


def _unprivileged() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _check(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode != 0:
        raise Misconfigured(f"PostgreSQL could not be prepared: {done.stderr.strip()[-600:]}")
