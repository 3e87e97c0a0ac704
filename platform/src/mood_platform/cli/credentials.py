"""Which platform, and as whom: MOOD_URL and MOOD_TOKEN, else a private file of this user."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mood_platform.cli.problems import Exit, Problem

DEFAULT_URL = "http://127.0.0.1:8030"


def cache_folder() -> Path:
    return _folder("XDG_CACHE_HOME", ".cache")


def platform_url() -> str:
    return (os.environ.get("MOOD_URL") or _read().get("url") or DEFAULT_URL).rstrip("/")


def find_token(url: str) -> str | None:
    """The token for this platform; one platform's token is never sent to another."""
    token = os.environ.get("MOOD_TOKEN") or _read().get("tokens", {}).get(url)
    return str(token) if token else None


def need_token(url: str) -> str:
    token = find_token(url)
    if token is None:
        raise Problem(
            f"You are not logged in to {url}.", remedy="Run `mood login` first.", code=Exit.NOT_ALLOWED
        )
    return token


def save_token(url: str, token: str) -> Path:
    """Keep the token, and this platform as the default."""
    known = _read()
    return _write({"url": url, "tokens": known.get("tokens", {}) | {url: token}})


def forget_token(url: str) -> None:
    known = _read()
    known.get("tokens", {}).pop(url, None)
    _write(known)


def _file() -> Path:
    return _folder("XDG_CONFIG_HOME", ".config") / "credentials.json"


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default) / "mood"


def _read() -> dict[str, Any]:
    try:
        document = json.loads(_file().read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Problem(f"{_file()} is not JSON.", remedy="Delete it and run `mood login` again.") from error
    return document if isinstance(document, dict) else {}


def _write(document: dict[str, Any]) -> Path:
    """Readable by this user only, from the first byte on."""
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(document, stream, indent=2)
    return fresh.replace(path)
